//! Histories that are fine, and each way in which one is not: a checker that finds nothing proves nothing.

use super::*;
use crate::history::Grant;

const ONE: Family = Family(1);

const STRICT: Promises = Promises {
    retry_window: false,
    codes_survive: true,
};

const WINDOW: Promises = Promises {
    retry_window: true,
    codes_survive: true,
};

/// A call that takes the whole of one second, or of several at once.
fn call(start: u64, end: u64, deed: Deed) -> Call {
    Call {
        start: Duration::from_secs(start),
        end: Duration::from_secs(end),
        calm: false,
        deed,
    }
}

fn at(second: u64, deed: Deed) -> Call {
    call(second, second + 1, deed)
}

fn calm(second: u64, deed: Deed) -> Call {
    Call {
        calm: true,
        ..at(second, deed)
    }
}

fn grant(refresh: &str) -> Outcome<Grant> {
    Outcome::Given(Grant {
        access: format!("access with {refresh}"),
        refresh: refresh.to_owned(),
    })
}

fn redeem(outcome: Outcome<Grant>) -> Deed {
    Deed::Redeem { family: ONE, outcome }
}

fn refresh(presented: &str, outcome: Outcome<Grant>) -> Deed {
    Deed::Refresh {
        family: ONE,
        presented: presented.to_owned(),
        outcome,
    }
}

fn revoke(outcome: Outcome<()>) -> Deed {
    Deed::Revoke { family: ONE, outcome }
}

fn access_is(good: bool) -> Deed {
    Deed::InspectAccess {
        family: ONE,
        outcome: Outcome::Given(good),
    }
}

fn token_is(token: &str, good: bool) -> Deed {
    Deed::InspectRefresh {
        family: ONE,
        token: token.to_owned(),
        outcome: Outcome::Given(good),
    }
}

fn found(calls: &[Call], promises: Promises) -> Vec<Violation> {
    check(calls, promises).into_iter().collect()
}

#[track_caller]
fn good(calls: &[Call], promises: Promises) {
    assert_eq!(found(calls, promises), []);
}

#[track_caller]
fn bad(calls: &[Call], promises: Promises, expected: &[Violation]) {
    assert_eq!(found(calls, promises), expected);
}

#[test]
fn a_family_that_is_refreshed_until_the_end_is_fine() {
    let calls = [
        at(0, redeem(grant("a"))),
        at(1, refresh("a", grant("b"))),
        at(2, access_is(true)),
        at(3, refresh("b", grant("c"))),
        calm(5, refresh("c", grant("d"))),
        calm(9, token_is("d", true)),
        calm(9, token_is("c", false)),
        calm(9, access_is(true)),
    ];
    good(&calls, STRICT);
    good(&calls, WINDOW);
}

#[test]
fn one_of_two_redemptions_at_once_wins_and_what_it_gives_may_be_dead() {
    let calls = [
        call(0, 2, redeem(grant("a"))),
        call(0, 2, redeem(Outcome::Refused)),
        calm(4, refresh("a", Outcome::Refused)),
    ];
    good(&calls, STRICT);
}

#[test]
fn a_code_that_gives_twice_or_after_a_refusal_is_found() {
    let end = |token| calm(9, refresh(token, Outcome::Refused));
    let twice = [
        call(0, 2, redeem(grant("a"))),
        call(0, 2, redeem(grant("b"))),
        end("a"),
        end("b"),
    ];
    bad(&twice, STRICT, &[Violation::CodeUsedTwice(ONE)]);
    let late = [
        at(0, redeem(Outcome::Unavailable)),
        at(1, redeem(Outcome::Refused)),
        at(3, redeem(grant("a"))),
        end("a"),
    ];
    bad(&late, STRICT, &[Violation::CodeUsedTwice(ONE)]);
}

#[test]
fn a_code_refused_at_its_first_presentation_is_lost_unless_codes_may_be() {
    let calls = [at(0, redeem(Outcome::Refused))];
    bad(&calls, STRICT, &[Violation::CodeLost(ONE)]);
    let forgetful = Promises {
        codes_survive: false,
        ..STRICT
    };
    good(&calls, forgetful);
    good(&[at(0, redeem(Outcome::Lost)), at(1, redeem(Outcome::Refused))], STRICT);
}

#[test]
fn two_successors_of_one_token_are_found_whatever_the_window() {
    let calls = [
        at(0, redeem(grant("a"))),
        call(1, 3, refresh("a", grant("b"))),
        call(1, 3, refresh("a", grant("c"))),
        calm(4, refresh("b", Outcome::Refused)),
        calm(5, refresh("c", Outcome::Refused)),
    ];
    let forked = Violation::Forked(ONE, "a".into());
    bad(
        &calls,
        STRICT,
        &[forked.clone(), Violation::RotatedAgain(ONE, "a".into())],
    );
    assert!(found(&calls, WINDOW).contains(&forked));
}

#[test]
fn the_same_successor_twice_is_fine_within_the_window_only_and_until_it_is_used() {
    let retried = [
        at(0, redeem(grant("a"))),
        at(1, refresh("a", grant("b"))),
        at(2, refresh("a", grant("b"))),
        calm(5, refresh("b", grant("c"))),
    ];
    good(&retried, WINDOW);
    bad(&retried, STRICT, &[Violation::RotatedAgain(ONE, "a".into())]);
    let late = [
        at(0, redeem(grant("a"))),
        at(1, refresh("a", grant("b"))),
        at(2, refresh("b", grant("c"))),
        at(4, refresh("a", grant("b"))),
        calm(5, refresh("c", grant("d"))),
    ];
    bad(&late, WINDOW, &[Violation::RotatedAgain(ONE, "a".into())]);
}

#[test]
fn two_live_tokens_are_found_and_a_rotation_between_two_looks_is_not_taken_for_it() {
    let start = [at(0, redeem(grant("a"))), at(1, refresh("a", grant("b")))];
    let forked = [
        calm(10, token_is("a", true)),
        calm(10, token_is("b", true)),
        calm(20, refresh("b", grant("c"))),
    ];
    bad(
        &[start.as_slice(), &forked].concat(),
        STRICT,
        &[Violation::TwoLive(ONE, "a".into(), "b".into())],
    );
    let one_after_the_other = [
        calm(10, token_is("b", true)),
        calm(15, refresh("b", grant("c"))),
        calm(20, token_is("c", true)),
    ];
    good(&[start.as_slice(), &one_after_the_other].concat(), STRICT);
    // What was remembered for a second at another replica.
    let remembered = [
        at(2, token_is("a", true)),
        at(2, token_is("b", true)),
        calm(20, refresh("b", grant("c"))),
    ];
    good(&[start.as_slice(), &remembered].concat(), STRICT);
}

#[test]
fn what_was_revoked_may_not_come_back() {
    let start = [at(0, redeem(grant("a"))), at(1, revoke(Outcome::Given(())))];
    good(
        &[start.as_slice(), &[calm(5, refresh("a", Outcome::Refused))]].concat(),
        STRICT,
    );
    for alive in [
        vec![calm(5, refresh("a", grant("b")))],
        vec![calm(5, refresh("a", Outcome::Refused)), calm(6, access_is(true))],
        vec![calm(5, refresh("a", Outcome::Refused)), calm(6, token_is("a", true))],
    ] {
        let calls = [start.as_slice(), &alive].concat();
        for promises in [STRICT, WINDOW] {
            bad(&calls, promises, &[Violation::AliveAfterItsEnd(ONE)]);
        }
    }
    // Within the second it may be remembered, and a revocation without an answer binds nobody.
    let at_once = [at(2, access_is(true)), calm(5, refresh("a", Outcome::Refused))];
    good(&[start.as_slice(), &at_once].concat(), STRICT);
    let unknown = [
        at(0, redeem(grant("a"))),
        at(1, revoke(Outcome::Unavailable)),
        calm(5, refresh("a", grant("b"))),
    ];
    good(&unknown, STRICT);
}

#[test]
fn a_replay_ends_the_family_and_must() {
    let replayed = [
        at(0, redeem(grant("a"))),
        call(1, 3, refresh("a", grant("b"))),
        call(1, 3, refresh("a", Outcome::Refused)),
    ];
    good(
        &[replayed.as_slice(), &[calm(5, refresh("b", Outcome::Refused))]].concat(),
        STRICT,
    );
    bad(
        &[replayed.as_slice(), &[calm(5, refresh("b", grant("c")))]].concat(),
        STRICT,
        &[Violation::AliveAfterItsEnd(ONE)],
    );
    let code = [
        at(0, redeem(grant("a"))),
        at(1, redeem(Outcome::Refused)),
        calm(5, refresh("a", grant("b"))),
    ];
    bad(&code, STRICT, &[Violation::AliveAfterItsEnd(ONE)]);
    let forgetful = Promises {
        codes_survive: false,
        ..STRICT
    };
    good(&code, forgetful);
}

#[test]
fn a_token_that_is_refused_for_no_reason_is_lost() {
    let lost = |what: &str| Violation::TokenLost(ONE, what.to_owned());
    for promises in [STRICT, WINDOW] {
        let refused = [at(0, redeem(grant("a"))), calm(5, refresh("a", Outcome::Refused))];
        bad(&refused, promises, &[lost("a")]);
        let looked = [
            at(0, redeem(grant("a"))),
            at(1, token_is("a", false)),
            at(2, access_is(false)),
            calm(5, refresh("a", grant("b"))),
        ];
        bad(&looked, promises, &[lost("a"), lost("access")]);
    }
}

#[test]
fn an_attempt_without_an_answer_explains_a_refusal_without_the_window_and_not_with_it() {
    for unknown in [Outcome::Unavailable, Outcome::Lost] {
        let calls = [
            at(0, redeem(grant("a"))),
            at(1, refresh("a", unknown)),
            calm(5, refresh("a", Outcome::Refused)),
        ];
        good(&calls, STRICT);
        bad(&calls, WINDOW, &[Violation::TokenLost(ONE, "a".into())]);
    }
}

#[test]
fn within_the_window_a_used_successor_explains_a_refusal_and_the_family_goes_on() {
    let calls = [
        at(0, redeem(grant("a"))),
        at(1, refresh("a", grant("b"))),
        at(2, refresh("b", grant("c"))),
        at(3, refresh("a", Outcome::Refused)),
        calm(5, refresh("c", grant("d"))),
    ];
    good(&calls, WINDOW);
    assert!(found(&calls, STRICT).contains(&Violation::AliveAfterItsEnd(ONE)));
}

#[test]
fn what_was_not_asked_for_when_all_was_calm_is_found() {
    let asked_too_early = [
        at(0, redeem(grant("a"))),
        at(1, refresh("a", grant("b"))),
        at(2, refresh("b", Outcome::Unavailable)),
    ];
    bad(&asked_too_early, STRICT, &[Violation::NotAsked("Family(1)".into())]);
    let unanswered = [at(0, redeem(grant("a"))), calm(5, refresh("a", Outcome::Unavailable))];
    let violations = found(&unanswered, STRICT);
    assert!(
        matches!(violations.as_slice(), [Violation::NotAsked(_), Violation::NoAnswer(_)]),
        "{violations:?}"
    );
}

#[test]
fn who_knows_the_password_signs_in_and_is_signed_in() {
    let sign_in = |outcome| at(0, Deed::SignIn { outcome });
    let use_it = |outcome| at(1, Deed::UseSession { outcome });
    good(&[sign_in(Outcome::Given(())), use_it(Outcome::Given(()))], STRICT);
    good(&[sign_in(Outcome::Unavailable), sign_in(Outcome::Lost)], STRICT);
    bad(&[sign_in(Outcome::Refused)], STRICT, &[Violation::PasswordRefused]);
    bad(&[use_it(Outcome::Refused)], STRICT, &[Violation::SessionLost]);
    let forgetful = Promises {
        codes_survive: false,
        ..STRICT
    };
    good(&[use_it(Outcome::Refused)], forgetful);
}

#[test]
fn an_acknowledged_client_is_there_afterwards() {
    let register = |outcome| at(0, Deed::Register { outcome });
    let read = |outcome| {
        calm(
            5,
            Deed::ReadClient {
                client: "c".into(),
                outcome,
            },
        )
    };
    let given = Outcome::Given("c".to_owned());
    good(&[register(given.clone()), read(Outcome::Given(()))], STRICT);
    good(&[register(Outcome::Lost)], STRICT);
    bad(
        &[register(given.clone()), read(Outcome::Refused)],
        STRICT,
        &[Violation::ClientLost("c".into())],
    );
    bad(&[register(given)], STRICT, &[Violation::NotAsked("client c".into())]);
}

#[test]
fn an_acknowledged_secret_works_until_it_is_deleted_and_then_no_more() {
    let add = at(
        0,
        Deed::AddSecret {
            outcome: Outcome::Given("s".into()),
        },
    );
    let remove = |outcome| {
        at(
            1,
            Deed::RemoveSecret {
                secret: "s".into(),
                outcome,
            },
        )
    };
    let use_it = |outcome| {
        calm(
            5,
            Deed::Authenticate {
                secret: "s".into(),
                outcome,
            },
        )
    };
    let (works, refused) = (use_it(Outcome::Given(())), use_it(Outcome::Refused));
    good(&[add.clone(), works.clone()], STRICT);
    bad(
        &[add.clone(), refused.clone()],
        STRICT,
        &[Violation::SecretLost("s".into())],
    );
    for unknown in [Outcome::Lost, Outcome::Unavailable, Outcome::Refused] {
        for end in [&works, &refused] {
            good(&[add.clone(), remove(unknown.clone()), end.clone()], STRICT);
        }
    }
    good(&[add.clone(), remove(Outcome::Given(())), refused], STRICT);
    bad(
        &[add.clone(), remove(Outcome::Given(())), works],
        STRICT,
        &[Violation::SecretAlive("s".into())],
    );
    bad(&[add], STRICT, &[Violation::NotAsked("secret s".into())]);
}

#[test]
fn consent_that_was_given_stays_on_record() {
    let consent = at(
        0,
        Deed::Consent {
            client: "c".into(),
            outcome: Outcome::Given(ONE),
        },
    );
    let on_record = |yes| {
        calm(
            5,
            Deed::AskConsent {
                client: "c".into(),
                outcome: Outcome::Given(yes),
            },
        )
    };
    good(&[consent.clone(), on_record(true)], STRICT);
    bad(
        &[consent.clone(), on_record(false)],
        STRICT,
        &[Violation::ConsentLost("c".into())],
    );
    bad(&[consent], STRICT, &[Violation::NotAsked("consent to c".into())]);
    good(&[on_record(false)], STRICT);
}
