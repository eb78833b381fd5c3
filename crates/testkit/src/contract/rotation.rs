//! Obligations of [`TokenStore`]: rotation.

use std::time::Duration;

use informer_oauth_domain::{
    id::TokenRecordId,
    timestamp::Timestamp,
    token_record::{RevocationReason, Rotation, RotationRequest, TokenRecord},
};
use informer_oauth_ports::TokenStore;

use super::{Answered, assert_count, count};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{
        GRANT_LIFETIME, TICK, a_lasting_record, a_record, a_rotation, moment, record_id, scope, seconds, token_id,
    },
};

const WINDOW: Duration = Duration::from_secs(10);

/// A request with the retry window switched on.
fn retrying(request: RotationRequest, now: Timestamp) -> RotationRequest {
    RotationRequest {
        now,
        retry_window: WINDOW,
        ..request
    }
}

async fn stored(store: &dyn TokenStore, id: TokenRecordId) -> TokenRecord {
    store.find(id).await.answered().expect("the record is there")
}

/// Inserts record 1 and rotates its token into the one with number 101, a hundred seconds later. The request and the
/// record as it is then.
async fn rotated(store: &dyn TokenStore) -> (RotationRequest, TokenRecord) {
    let record = a_record(1);
    store.insert(&record).await.answered();
    let request = a_rotation(&record, 101, moment(100));
    let (kept, expected) = record.rotate(&request);
    assert_eq!(store.rotate(&request).await.answered(), expected);
    assert_eq!(stored(store, kept.id).await, kept);
    (request, kept)
}

pub async fn the_live_token_is_rotated_by_the_rule(store: &dyn TokenStore) {
    store.insert(&a_record(2)).await.answered();
    let (_, mut record) = rotated(store).await;
    for successor in 102..110 {
        let asked = if successor % 2 == 0 {
            scope("read:dataset")
        } else {
            record.scope
        };
        let request = RotationRequest {
            asked,
            ..a_rotation(&record, successor, moment(successor))
        };
        let (kept, expected) = record.rotate(&request);
        assert_eq!(store.rotate(&request).await.answered(), expected);
        assert_eq!(stored(store, kept.id).await, kept);
        record = kept;
    }
    assert_eq!(
        stored(store, record_id(2)).await,
        a_record(2),
        "the other records stay as they are"
    );
}

pub async fn a_record_that_is_not_there_or_has_no_refresh_token_is_unknown(store: &dyn TokenStore) {
    store.insert(&a_lasting_record(1)).await.answered();
    for n in [1, 2] {
        let request = a_rotation(&a_record(n), 101, moment(100));
        assert_eq!(store.rotate(&request).await.answered(), Rotation::Unknown);
    }
    assert_eq!(stored(store, record_id(1)).await, a_lasting_record(1));
    assert_eq!(store.find(record_id(2)).await.answered(), None);
}

pub async fn a_rotated_token_ends_the_record_and_only_the_first_such_call_is_the_first(store: &dyn TokenStore) {
    let (request, _) = rotated(store).await;
    let reuse = |at| RotationRequest {
        successor: token_id(200),
        now: moment(at),
        ..request
    };
    assert_eq!(
        store.rotate(&reuse(101)).await.answered(),
        Rotation::Reused { first: true }
    );
    let ended = stored(store, request.record).await;
    assert_eq!(
        ended.revoked.map(|end| (end.at, end.reason)),
        Some((moment(101), RevocationReason::RefreshReplay))
    );
    assert_eq!(
        store.rotate(&reuse(102)).await.answered(),
        Rotation::Reused { first: false }
    );
    assert_eq!(stored(store, request.record).await, ended);
    let live = a_rotation(&ended, 201, moment(103));
    assert_eq!(store.rotate(&live).await.answered(), Rotation::Ended);
}

pub async fn reuse_is_recognised_until_the_record_is_purged(store: &dyn TokenStore) {
    let (request, record) = rotated(store).await;
    let later = moment(0) + GRANT_LIFETIME * 2;
    assert_eq!(
        store
            .rotate(&RotationRequest { now: later, ..request })
            .await
            .answered(),
        Rotation::Reused { first: true }
    );
    let expiry = record.expires_at.expect("it expires");
    assert_eq!(store.purge(expiry, 100).await.answered(), 0);
    assert_eq!(
        store.rotate(&request).await.answered(),
        Rotation::Reused { first: false }
    );
}

pub async fn a_token_older_than_the_rotated_one_ends_the_record_too(store: &dyn TokenStore) {
    let (first, record) = rotated(store).await;
    let second = a_rotation(&record, 102, moment(200));
    store.rotate(&second).await.answered();
    let reuse = retrying(first, moment(300));
    assert_eq!(store.rotate(&reuse).await.answered(), Rotation::Reused { first: true });
}

pub async fn a_record_ends_at_its_expiry_to_the_microsecond(store: &dyn TokenStore) {
    let record = a_record(1);
    store.insert(&record).await.answered();
    let expiry = record.expires_at.expect("it expires");
    let late = a_rotation(&record, 101, expiry);
    assert_eq!(store.rotate(&late).await.answered(), Rotation::Ended);
    assert_eq!(stored(store, record.id).await, record);
    let last = RotationRequest {
        now: expiry.minus(TICK),
        ..late
    };
    assert!(matches!(store.rotate(&last).await.answered(), Rotation::Rotated(_)));
}

pub async fn a_revoked_record_stays_revoked_whatever_is_presented(store: &dyn TokenStore) {
    let (request, record) = rotated(store).await;
    store
        .revoke(record.id, None, RevocationReason::User, moment(101))
        .await
        .answered();
    let ended = stored(store, record.id).await;
    let live = a_rotation(&record, 102, moment(102));
    assert_eq!(store.rotate(&live).await.answered(), Rotation::Ended);
    assert_eq!(
        store.rotate(&retrying(request, moment(102))).await.answered(),
        Rotation::Ended,
        "a retry, too"
    );
    assert_eq!(
        store
            .rotate(&RotationRequest {
                now: moment(103),
                ..request
            })
            .await
            .answered(),
        Rotation::Reused { first: false }
    );
    assert_eq!(stored(store, record.id).await, ended, "the first reason stays");
}

pub async fn a_retry_inside_the_window_gets_the_same_successor(store: &dyn TokenStore) {
    let (request, record) = rotated(store).await;
    for (n, now) in (300..).zip([moment(100), moment(101), (moment(100) + WINDOW).minus(TICK)]) {
        let retry = RotationRequest {
            successor: token_id(n),
            ..retrying(request, now)
        };
        assert_eq!(
            store.rotate(&retry).await.answered(),
            Rotation::Retried(record.clone()),
            "at {now}"
        );
        assert_eq!(stored(store, record.id).await, record, "a retry changes nothing");
    }
}

pub async fn the_window_closes_to_the_microsecond(store: &dyn TokenStore) {
    let (request, _) = rotated(store).await;
    let late = retrying(request, moment(100) + WINDOW);
    assert_eq!(store.rotate(&late).await.answered(), Rotation::Reused { first: true });
}

pub async fn a_retry_that_asks_for_another_scope_is_superseded(store: &dyn TokenStore) {
    let (request, record) = rotated(store).await;
    let other = RotationRequest {
        asked: scope("read:dataset"),
        ..retrying(request, moment(101))
    };
    assert_eq!(store.rotate(&other).await.answered(), Rotation::Superseded);
    assert_eq!(stored(store, record.id).await, record);
}

pub async fn a_retry_after_the_successor_was_used_is_superseded(store: &dyn TokenStore) {
    let (request, record) = rotated(store).await;
    store.rotate(&a_rotation(&record, 102, moment(104))).await.answered();
    let kept = stored(store, record.id).await;
    assert_eq!(
        store.rotate(&retrying(request, moment(106))).await.answered(),
        Rotation::Superseded
    );
    assert_eq!(stored(store, record.id).await, kept);
    let late = retrying(request, moment(100) + WINDOW);
    assert_eq!(
        store.rotate(&late).await.answered(),
        Rotation::Reused { first: true },
        "outside it is a replay"
    );
}

pub async fn of_concurrent_rotations_of_one_token_one_wins_and_the_rest_are_reuse(store: &dyn TokenStore) {
    let record = a_record(1);
    store.insert(&record).await.answered();
    let outcomes = at_once(RACERS, async |n| {
        store
            .rotate(&a_rotation(&record, 100 + n as u64, moment(100)))
            .await
            .answered()
    });
    assert_count(&outcomes, 1, |outcome| matches!(outcome, Rotation::Rotated(_)));
    assert_count(&outcomes, 1, |outcome| *outcome == Rotation::Reused { first: true });
    assert_count(&outcomes, RACERS - 2, |outcome| {
        *outcome == Rotation::Reused { first: false }
    });
    assert!(!stored(store, record.id).await.is_live(moment(100)));
}

pub async fn of_concurrent_rotations_with_a_window_all_get_the_one_successor(store: &dyn TokenStore) {
    let record = a_record(1);
    store.insert(&record).await.answered();
    let outcomes = at_once(RACERS, async |n| {
        let request = a_rotation(&record, 100 + n as u64, moment(100));
        store.rotate(&retrying(request, moment(100))).await.answered()
    });
    let kept = stored(store, record.id).await;
    assert_count(&outcomes, 1, |outcome| *outcome == Rotation::Rotated(kept.clone()));
    assert_count(&outcomes, RACERS - 1, |outcome| {
        *outcome == Rotation::Retried(kept.clone())
    });
    assert!(kept.is_live(moment(100)));
}

pub async fn concurrent_rotations_of_different_records_do_not_mix(store: &dyn TokenStore) {
    for n in 0..RACERS as u64 {
        store.insert(&a_record(n)).await.answered();
    }
    let now = moment(100) + seconds(1);
    let request = |n: usize| a_rotation(&a_record(n as u64), 100 + n as u64, now);
    let outcomes = at_once(RACERS, async |n| store.rotate(&request(n)).await.answered());
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let (kept, expected) = a_record(n as u64).rotate(&request(n));
        assert_eq!(outcome, expected);
        assert_eq!(stored(store, kept.id).await, kept);
    }
}

pub async fn a_rotation_that_meets_a_revocation_leaves_the_record_revoked(store: &dyn TokenStore) {
    let record = a_record(1);
    store.insert(&record).await.answered();
    let outcomes = at_once(RACERS, async |n| {
        if n == RACERS / 2 {
            store
                .revoke(record.id, None, RevocationReason::User, moment(100))
                .await
                .answered();
            return Rotation::Unknown;
        }
        let request = a_rotation(&record, 100 + n as u64, moment(100));
        store.rotate(&retrying(request, moment(100))).await.answered()
    });
    assert!(count(&outcomes, |outcome| matches!(outcome, Rotation::Rotated(_))) <= 1);
    let kept = stored(store, record.id).await;
    assert_eq!(kept.revoked.map(|end| end.reason), Some(RevocationReason::User));
    assert_eq!(
        store.rotate(&a_rotation(&kept, 200, moment(101))).await.answered(),
        Rotation::Ended
    );
}
