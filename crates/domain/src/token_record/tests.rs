#![expect(clippy::unwrap_used, reason = "tests")]

use uuid::Uuid;

use super::*;

const TICK: Duration = Duration::from_micros(1);
const WINDOW: Duration = Duration::from_secs(10);
const LIFETIME: Duration = Duration::from_secs(3600);
const MADE: Timestamp = Timestamp::from_seconds(1_795_000_000);

fn token(n: u128) -> TokenId {
    TokenId::new(Uuid::from_u128(n))
}

fn scope(names: &str) -> ScopeSet {
    names.parse().unwrap()
}

fn after(seconds: u64) -> Timestamp {
    MADE + Duration::from_secs(seconds)
}

/// A grant whose first refresh token is `token(0)`.
fn record() -> TokenRecord {
    TokenRecord {
        id: TokenRecordId::new(Uuid::from_u128(900)),
        client: ClientUid::new(Uuid::from_u128(901)),
        client_id: ClientId::new([9; 10]),
        username: "ada".into(),
        scope: scope("read:dataset write:report"),
        audience: Resource::parse("https://bi.example.com/api").unwrap(),
        created_at: MADE,
        expires_at: Some(MADE + LIFETIME),
        refresh: Some(RefreshState {
            generation: 0,
            current: token(0),
            current_issued_at: MADE,
            previous: None,
        }),
        last_used_at: None,
        revoked: None,
    }
}

/// Presents `token(presented)`, minted at `minted` after as many rotations, at `now`; the successor is `token(successor)`.
fn request(presented: u128, minted: Timestamp, successor: u128, now: Timestamp) -> RotationRequest {
    RotationRequest {
        record: record().id,
        presented: token(presented),
        presented_issued_at: minted,
        presented_generation: u32::try_from(presented).unwrap(),
        successor: token(successor),
        asked: record().scope,
        now,
        retry_window: Duration::ZERO,
    }
}

fn with_window(request: RotationRequest) -> RotationRequest {
    RotationRequest {
        retry_window: WINDOW,
        ..request
    }
}

/// The record after `token(0)` became `token(1)` at second 100.
fn rotated_once() -> TokenRecord {
    record().rotate(&request(0, MADE, 1, after(100))).0
}

/// And `token(1)` became `token(2)` at second `at`.
fn rotated_twice(at: u64) -> TokenRecord {
    rotated_once().rotate(&request(1, after(100), 2, after(at))).0
}

fn revoked(record: TokenRecord) -> TokenRecord {
    record.revoked(after(200), RevocationReason::User)
}

#[test]
fn the_live_token_rotates_and_leaves_the_grant_as_it_was() {
    let (kept, outcome) = record().rotate(&request(0, MADE, 1, after(100)));
    let expected = TokenRecord {
        refresh: Some(RefreshState {
            generation: 1,
            current: token(1),
            current_issued_at: after(100),
            previous: Some(RotatedToken {
                token_id: token(0),
                issued_at: MADE,
                asked: record().scope,
            }),
        }),
        last_used_at: Some(after(100)),
        ..record()
    };
    assert_eq!(kept, expected);
    assert_eq!(outcome, Rotation::Rotated(expected));
}

#[test]
fn rotating_does_not_prolong_the_grant() {
    assert_eq!(rotated_twice(3000).expires_at, record().expires_at);
}

#[test]
fn each_rotation_remembers_its_predecessor_only() {
    let refresh = rotated_twice(150).refresh.unwrap();
    assert_eq!(
        (refresh.generation, refresh.current, refresh.current_issued_at),
        (2, token(2), after(150))
    );
    let previous = refresh.previous.unwrap();
    assert_eq!((previous.token_id, previous.issued_at), (token(1), after(100)));
}

#[test]
fn the_narrower_scope_of_one_refresh_narrows_nothing_but_is_remembered() {
    let asked = scope("read:dataset");
    let (kept, _) = record().rotate(&RotationRequest {
        asked,
        ..request(0, MADE, 1, after(100))
    });
    assert_eq!(
        kept.scope,
        record().scope,
        "RFC 6749 §6: the next refresh may ask for all of it again"
    );
    assert_eq!(kept.refresh.unwrap().previous.unwrap().asked, asked);
}

#[test]
fn the_count_of_rotations_stops_instead_of_starting_over() {
    let mut worn = record();
    worn.refresh.as_mut().unwrap().generation = u32::MAX;
    let (kept, outcome) = worn.rotate(&request(0, MADE, 1, after(100)));
    assert!(matches!(outcome, Rotation::Rotated(_)));
    assert_eq!(kept.refresh.unwrap().generation, u32::MAX);
}

#[test]
fn a_grant_without_refresh_tokens_has_none_to_rotate() {
    let plain = TokenRecord {
        refresh: None,
        expires_at: None,
        ..record()
    };
    let (kept, outcome) = plain.clone().rotate(&request(0, MADE, 1, after(100)));
    assert_eq!(outcome, Rotation::Unknown);
    assert_eq!(kept, plain);
}

#[test]
fn the_grant_ends_at_its_expiry_to_the_microsecond() {
    let last = MADE + LIFETIME;
    assert!(record().is_live(last.minus(TICK)));
    assert!(!record().is_live(last));
    assert!(matches!(
        record().rotate(&request(0, MADE, 1, last.minus(TICK))).1,
        Rotation::Rotated(_)
    ));
    let (kept, outcome) = record().rotate(&request(0, MADE, 1, last));
    assert_eq!(outcome, Rotation::Ended);
    assert_eq!(kept, record());
}

#[test]
fn a_grant_without_expiry_lives_until_it_is_revoked() {
    let lasting = TokenRecord {
        expires_at: None,
        ..record()
    };
    assert!(lasting.is_live(Timestamp::from_micros(i64::MAX)));
    assert!(!revoked(lasting).is_live(MADE));
}

#[test]
fn the_live_token_of_a_revoked_grant_is_ended_and_revokes_nothing_again() {
    let (kept, outcome) = revoked(record()).rotate(&request(0, MADE, 1, after(300)));
    assert_eq!(outcome, Rotation::Ended);
    assert_eq!(kept, revoked(record()));
}

#[test]
fn the_first_reason_for_the_end_stays() {
    let twice = revoked(record()).revoked(after(300), RevocationReason::CodeReplay);
    assert_eq!(
        twice.revoked,
        Some(Revocation {
            at: after(200),
            reason: RevocationReason::User
        })
    );
}

#[test]
fn without_a_window_a_rotated_token_ends_the_grant_even_at_the_same_moment() {
    let (kept, outcome) = rotated_once().rotate(&request(0, MADE, 7, after(100)));
    assert_eq!(outcome, Rotation::Reused { first: true });
    assert_eq!(
        kept.revoked,
        Some(Revocation {
            at: after(100),
            reason: RevocationReason::RefreshReplay
        })
    );
    assert_eq!(
        kept.refresh,
        rotated_once().refresh,
        "what is revoked keeps its tokens, so that they stay known"
    );
}

#[test]
fn only_the_call_that_ends_the_grant_is_the_first() {
    let (kept, _) = rotated_once().rotate(&request(0, MADE, 7, after(101)));
    let (again, outcome) = kept.clone().rotate(&request(0, MADE, 8, after(102)));
    assert_eq!(outcome, Rotation::Reused { first: false });
    assert_eq!(again, kept);
}

#[test]
fn after_a_reuse_the_live_token_is_dead_too() {
    let (kept, _) = rotated_once().rotate(&request(0, MADE, 7, after(101)));
    assert_eq!(kept.rotate(&request(1, after(100), 8, after(102))).1, Rotation::Ended);
}

#[test]
fn a_retry_inside_the_window_gets_the_same_successor() {
    let retry = with_window(request(0, MADE, 7, after(105)));
    let (kept, outcome) = rotated_once().rotate(&retry);
    assert_eq!(outcome, Rotation::Retried(rotated_once()));
    assert_eq!(
        kept,
        rotated_once(),
        "a retry changes nothing: not even the successor it brought along is taken"
    );
}

#[test]
fn a_retry_may_be_repeated_as_long_as_the_window_lasts() {
    let mut kept = rotated_once();
    for second in [100, 103, 109] {
        let (next, outcome) = kept.rotate(&with_window(request(0, MADE, u128::from(second), after(second))));
        assert_eq!(outcome, Rotation::Retried(rotated_once()), "second {second}");
        kept = next;
    }
}

#[test]
fn the_window_closes_to_the_microsecond() {
    let close = after(100) + WINDOW;
    let outcome = |now| rotated_once().rotate(&with_window(request(0, MADE, 7, now))).1;
    assert_eq!(outcome(close.minus(TICK)), Rotation::Retried(rotated_once()));
    assert_eq!(outcome(close), Rotation::Reused { first: true });
}

#[test]
fn a_clock_that_went_back_counts_as_inside_the_window() {
    let early = with_window(request(0, MADE, 7, after(99)));
    assert!(matches!(rotated_once().rotate(&early).1, Rotation::Retried(_)));
}

#[test]
fn a_retry_that_asks_for_something_else_gets_nothing_and_ends_nothing() {
    let other = RotationRequest {
        asked: scope("read:dataset"),
        ..with_window(request(0, MADE, 7, after(105)))
    };
    let (kept, outcome) = rotated_once().rotate(&other);
    assert_eq!(outcome, Rotation::Superseded);
    assert_eq!(kept, rotated_once());
    let late = RotationRequest {
        now: after(110),
        ..other
    };
    assert_eq!(rotated_once().rotate(&late).1, Rotation::Reused { first: true });
}

#[test]
fn a_retry_on_an_ended_grant_gets_nothing() {
    let retry = with_window(request(0, MADE, 7, after(105)));
    let (kept, outcome) = revoked(rotated_once()).rotate(&retry);
    assert_eq!(outcome, Rotation::Ended);
    assert_eq!(kept, revoked(rotated_once()));

    let expired = TokenRecord {
        expires_at: Some(after(103)),
        ..rotated_once()
    };
    assert_eq!(expired.rotate(&retry).1, Rotation::Ended);
}

#[test]
fn once_the_successor_is_used_a_retry_in_the_window_is_superseded() {
    let late_packet = with_window(request(0, MADE, 7, after(106)));
    let (kept, outcome) = rotated_twice(104).rotate(&late_packet);
    assert_eq!(
        outcome,
        Rotation::Superseded,
        "rotated at second 100, so still inside the ten seconds"
    );
    assert_eq!(kept, rotated_twice(104));
}

#[test]
fn a_token_two_rotations_old_is_let_off_while_its_own_rotation_is_inside_the_window() {
    let close = after(100) + WINDOW;
    let outcome = |now| rotated_twice(104).rotate(&with_window(request(0, MADE, 7, now))).1;
    assert_eq!(outcome(close.minus(TICK)), Rotation::Superseded);
    assert_eq!(
        outcome(close),
        Rotation::Reused { first: true },
        "though the last rotation is six seconds old"
    );
}

/// `token(2)` became `token(3)` at second 105, after the rotations at 100 and 104.
fn rotated_thrice() -> TokenRecord {
    rotated_twice(104).rotate(&request(2, after(104), 3, after(105))).0
}

#[test]
fn a_token_three_rotations_old_is_let_off_only_if_it_was_minted_inside_the_window() {
    let outcome = |minted, now| rotated_thrice().rotate(&with_window(request(0, minted, 7, now))).1;
    assert_eq!(outcome(after(97), after(106)), Rotation::Superseded);
    assert_eq!(outcome(after(96), after(106)), Rotation::Reused { first: true });
    assert_eq!(outcome(MADE, after(106)), Rotation::Reused { first: true });
}

#[test]
fn what_was_rotated_before_the_window_ends_the_grant_however_it_was_minted() {
    let slow = rotated_twice(120);
    assert_eq!(
        slow.rotate(&with_window(request(0, after(119), 7, after(121)))).1,
        Rotation::Reused { first: true }
    );
}

#[test]
fn a_token_never_minted_for_this_grant_ends_it() {
    // It is signed by this service and names this record, so it can only be one that was forgotten.
    for window in [Duration::ZERO, WINDOW] {
        let stray = RotationRequest {
            retry_window: window,
            ..request(55, MADE, 56, after(101))
        };
        let (kept, outcome) = record().rotate(&stray);
        assert_eq!(outcome, Rotation::Reused { first: true });
        assert_eq!(kept.revoked.unwrap().reason, RevocationReason::RefreshReplay);
    }
}

#[test]
fn a_rotated_token_of_an_expired_grant_still_counts_as_reused() {
    let (kept, outcome) = rotated_once().rotate(&request(0, MADE, 7, MADE + LIFETIME));
    assert_eq!(outcome, Rotation::Reused { first: true });
    assert!(kept.revoked.is_some());
}

#[test]
fn reasons_are_read_back_by_their_stored_names() {
    for reason in RevocationReason::ALL {
        assert_eq!(RevocationReason::from_stored(reason.as_str()), Some(reason));
    }
    for other in ["", "Client", "client ", "unknown"] {
        assert_eq!(RevocationReason::from_stored(other), None, "{other:?}");
    }
}
