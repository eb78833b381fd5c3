//! Obligations of [`CodeStore`].

use informer_oauth_domain::{
    code::{AuthorizationCode, CodeMismatch, CodePresentation, CodeRedemption, REPLAY_MEMORY},
    scope::ScopeSet,
};
use informer_oauth_ports::CodeStore;

use super::{Answered, assert_count, drained};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{NOW, TICK, a_code, a_presentation, challenge, client_uid, digest, moment, record_id, resource, seconds},
};

/// What a thief presents who has the code, and credentials of their own.
fn foreign(code: &AuthorizationCode) -> CodePresentation {
    CodePresentation {
        client: client_uid(2),
        ..a_presentation(code)
    }
}

/// Presentations by the code's own client that do not fit it.
fn misfits(code: &AuthorizationCode) -> Vec<(CodePresentation, CodeMismatch)> {
    let fitting = a_presentation(code);
    vec![
        (
            CodePresentation {
                redirect_uri: Some("https://board.example.com/cb/".into()),
                ..fitting.clone()
            },
            CodeMismatch::RedirectUri,
        ),
        (
            CodePresentation {
                redirect_uri: None,
                ..fitting.clone()
            },
            CodeMismatch::RedirectUri,
        ),
        (
            CodePresentation {
                challenge: Some(challenge(99)),
                ..fitting.clone()
            },
            CodeMismatch::Verifier,
        ),
        (
            CodePresentation {
                challenge: None,
                ..fitting.clone()
            },
            CodeMismatch::Verifier,
        ),
        (
            CodePresentation {
                resource: Some("https://elsewhere.example.com".into()),
                ..fitting
            },
            CodeMismatch::Resource,
        ),
    ]
}

pub async fn a_code_is_redeemed_as_it_was_kept(store: &dyn CodeStore) {
    let bare = AuthorizationCode {
        redirect_uri: format!("https://board.example.com/{}", "x".repeat(2000)),
        redirect_uri_sent: false,
        challenge: None,
        username: "O'Neill %_\\ é".into(),
        scope: ScopeSet::ALL,
        audience: resource("urn:example:a"),
        token_record: record_id(77),
        issued_at: moment(1),
        expires_at: moment(9),
        ..a_code(2)
    };
    for code in [a_code(1), bare] {
        store.insert(&code).await.answered();
        let outcome = store
            .redeem(&code.digest, &a_presentation(&code), moment(2))
            .await
            .answered();
        assert_eq!(outcome, CodeRedemption::Redeemed(code));
    }
}

pub async fn an_unknown_code_is_unknown(store: &dyn CodeStore) {
    store.insert(&a_code(1)).await.answered();
    let outcome = store
        .redeem(&digest(2), &a_presentation(&a_code(1)), NOW)
        .await
        .answered();
    assert_eq!(outcome, CodeRedemption::Unknown);
}

pub async fn a_code_that_was_used_is_a_replay_whatever_its_client_presents_along(store: &dyn CodeStore) {
    let code = a_code(1);
    store.insert(&code).await.answered();
    store.redeem(&code.digest, &a_presentation(&code), NOW).await.answered();
    let presentations = misfits(&code)
        .into_iter()
        .map(|(presented, _)| presented)
        .chain([a_presentation(&code)]);
    for presented in presentations {
        let outcome = store.redeem(&code.digest, &presented, NOW).await.answered();
        assert_eq!(outcome, CodeRedemption::Replayed(code.clone()), "{presented:?}");
    }
}

pub async fn a_replay_is_recognised_until_the_memory_of_it_ends(store: &dyn CodeStore) {
    let code = a_code(1);
    store.insert(&code).await.answered();
    store.redeem(&code.digest, &a_presentation(&code), NOW).await.answered();
    let last = (code.expires_at + REPLAY_MEMORY).minus(TICK);
    for now in [
        code.expires_at.minus(TICK),
        code.expires_at,
        code.expires_at + seconds(1),
        last,
    ] {
        assert_eq!(
            store.purge(now, 100).await.answered(),
            0,
            "a used code is not forgotten at {now}"
        );
        let outcome = store.redeem(&code.digest, &a_presentation(&code), now).await.answered();
        assert_eq!(outcome, CodeRedemption::Replayed(code.clone()), "at {now}");
    }
}

pub async fn what_does_not_fit_is_told_and_burns_nothing(store: &dyn CodeStore) {
    let code = a_code(1);
    store.insert(&code).await.answered();
    for (presented, mismatch) in misfits(&code) {
        let outcome = store.redeem(&code.digest, &presented, NOW).await.answered();
        assert_eq!(outcome, CodeRedemption::Refused(mismatch), "{presented:?}");
    }
    let outcome = store.redeem(&code.digest, &a_presentation(&code), NOW).await.answered();
    assert_eq!(outcome, CodeRedemption::Redeemed(code));
}

pub async fn a_challenge_that_was_not_asked_for_does_not_fit(store: &dyn CodeStore) {
    let code = AuthorizationCode {
        challenge: None,
        ..a_code(1)
    };
    store.insert(&code).await.answered();
    let presented = CodePresentation {
        challenge: Some(challenge(1)),
        ..a_presentation(&code)
    };
    let outcome = store.redeem(&code.digest, &presented, NOW).await.answered();
    assert_eq!(outcome, CodeRedemption::Refused(CodeMismatch::Verifier));
}

pub async fn a_redirect_uri_that_was_not_sent_need_not_be_sent(store: &dyn CodeStore) {
    let code = AuthorizationCode {
        redirect_uri_sent: false,
        ..a_code(1)
    };
    store.insert(&code).await.answered();
    let other = CodePresentation {
        redirect_uri: Some("https://evil.example/".into()),
        ..a_presentation(&code)
    };
    let outcome = store.redeem(&code.digest, &other, NOW).await.answered();
    assert_eq!(outcome, CodeRedemption::Refused(CodeMismatch::RedirectUri));
    let silent = CodePresentation {
        redirect_uri: None,
        ..a_presentation(&code)
    };
    let outcome = store.redeem(&code.digest, &silent, NOW).await.answered();
    assert_eq!(outcome, CodeRedemption::Redeemed(code));
}

pub async fn another_client_learns_only_that_and_burns_nothing(store: &dyn CodeStore) {
    let code = a_code(1);
    store.insert(&code).await.answered();
    let strange = CodePresentation {
        client: client_uid(2),
        redirect_uri: None,
        challenge: None,
        resource: None,
    };
    let refused = CodeRedemption::Refused(CodeMismatch::Client);
    for presented in [foreign(&code), strange.clone()] {
        assert_eq!(store.redeem(&code.digest, &presented, NOW).await.answered(), refused);
    }
    let outcome = store.redeem(&code.digest, &a_presentation(&code), NOW).await.answered();
    assert_eq!(
        outcome,
        CodeRedemption::Redeemed(code.clone()),
        "it is still there for its owner"
    );
    for presented in [foreign(&code), strange] {
        for now in [NOW, code.expires_at, code.expires_at + seconds(1)] {
            assert_eq!(
                store.redeem(&code.digest, &presented, now).await.answered(),
                refused,
                "after use, at {now}"
            );
        }
    }
}

pub async fn a_code_is_refused_from_its_expiry_on(store: &dyn CodeStore) {
    for n in [1, 2] {
        store.insert(&a_code(n)).await.answered();
    }
    let (first, second) = (a_code(1), a_code(2));
    let last = first.expires_at.minus(TICK);
    for now in [first.expires_at, first.expires_at + seconds(1)] {
        let outcome = store
            .redeem(&first.digest, &a_presentation(&first), now)
            .await
            .answered();
        assert_eq!(outcome, CodeRedemption::Refused(CodeMismatch::Expired), "at {now}");
    }
    let outcome = store
        .redeem(&first.digest, &a_presentation(&first), last)
        .await
        .answered();
    assert_eq!(outcome, CodeRedemption::Redeemed(first), "being late burnt nothing");
    let outcome = store
        .redeem(&second.digest, &a_presentation(&second), last)
        .await
        .answered();
    assert_eq!(outcome, CodeRedemption::Redeemed(second));
}

pub async fn of_concurrent_redemptions_one_wins_and_the_rest_are_replays(store: &dyn CodeStore) {
    let code = a_code(1);
    store.insert(&code).await.answered();
    let outcomes = at_once(RACERS, async |_| {
        store.redeem(&code.digest, &a_presentation(&code), NOW).await.answered()
    });
    assert_count(&outcomes, 1, |outcome| {
        *outcome == CodeRedemption::Redeemed(code.clone())
    });
    assert_count(&outcomes, RACERS - 1, |outcome| {
        *outcome == CodeRedemption::Replayed(code.clone())
    });
}

pub async fn concurrent_misfits_and_strangers_do_not_keep_the_owner_from_winning(store: &dyn CodeStore) {
    let code = a_code(1);
    store.insert(&code).await.answered();
    let (wrong, _) = misfits(&code).swap_remove(2);
    let outcomes = at_once(RACERS, async |n| {
        let presented = match n % 3 {
            _ if n == RACERS / 2 => a_presentation(&code),
            0 => foreign(&code),
            _ => wrong.clone(),
        };
        store.redeem(&code.digest, &presented, NOW).await.answered()
    });
    assert_eq!(outcomes[RACERS / 2], CodeRedemption::Redeemed(code));
    assert_count(&outcomes, 1, |outcome| matches!(outcome, CodeRedemption::Redeemed(_)));
    for (n, outcome) in outcomes
        .iter()
        .enumerate()
        .filter(|(n, _)| n % 3 == 0 && *n != RACERS / 2)
    {
        assert_eq!(*outcome, CodeRedemption::Refused(CodeMismatch::Client), "stranger {n}");
    }
}

pub async fn concurrent_insertions_lose_no_code(store: &dyn CodeStore) {
    at_once(RACERS, async |n| store.insert(&a_code(n as u64)).await.answered());
    for n in 0..RACERS as u64 {
        let outcome = store
            .redeem(&digest(n), &a_presentation(&a_code(n)), NOW)
            .await
            .answered();
        assert_eq!(outcome, CodeRedemption::Redeemed(a_code(n)));
    }
}

pub async fn purging_takes_only_codes_past_use_and_memory_and_few_at_a_time(store: &dyn CodeStore) {
    for n in 0..6 {
        store.insert(&a_code(n)).await.answered();
        if n % 2 == 0 {
            store
                .redeem(&digest(n), &a_presentation(&a_code(n)), NOW)
                .await
                .answered();
        }
    }
    let later = a_code(0).expires_at + REPLAY_MEMORY + seconds(1);
    let live = AuthorizationCode {
        issued_at: later,
        expires_at: later + TICK,
        ..a_code(9)
    };
    store.insert(&live).await.answered();
    assert_eq!(store.purge(NOW, 100).await.answered(), 0, "all are live or remembered");
    drained(async |few| store.purge(later, few).await).await;
    for n in 0..6 {
        let outcome = store
            .redeem(&digest(n), &a_presentation(&a_code(n)), later)
            .await
            .answered();
        assert_eq!(outcome, CodeRedemption::Unknown, "code {n}");
    }
    let outcome = store
        .redeem(&live.digest, &a_presentation(&live), later)
        .await
        .answered();
    assert_eq!(outcome, CodeRedemption::Redeemed(live));
}
