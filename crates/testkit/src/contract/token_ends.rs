//! Obligations of [`TokenStore`]: the end of records.

use informer_oauth_domain::{
    timestamp::Timestamp,
    token_record::{Ending, Insertion, Revocation, RevocationReason, Rotation, TokenRecord},
};
use informer_oauth_ports::{TokenFilter, TokenStore};

use super::{Answered, assert_count};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{GRANT_LIFETIME, TICK, a_lasting_record, a_record, a_rotation, client_id, client_uid, moment, record_id},
};

/// When and why the record ended.
async fn end(store: &dyn TokenStore, n: u64) -> Option<(Timestamp, RevocationReason)> {
    let record = store.find(record_id(n)).await.answered().expect("the record is there");
    record.revoked.map(|end| (end.at, end.reason))
}

pub async fn a_record_is_revoked_once_and_the_first_reason_stays(store: &dyn TokenStore) {
    for n in [1, 2] {
        store.insert(&a_record(n)).await.answered();
    }
    let outcome = store
        .revoke(record_id(1), None, RevocationReason::Administrator, moment(10))
        .await
        .answered();
    assert_eq!(outcome, Ending::Ended);
    let again = store
        .revoke(record_id(1), None, RevocationReason::User, moment(11))
        .await
        .answered();
    assert_eq!(again, Ending::EndedBefore);
    assert_eq!(end(store, 1).await, Some((moment(10), RevocationReason::Administrator)));
    assert_eq!(end(store, 2).await, None);
}

pub async fn an_expired_record_had_ended_before_it_is_revoked_or_barred(store: &dyn TokenStore) {
    let expiry = moment(100);
    let expiring = |n| TokenRecord {
        expires_at: Some(expiry),
        ..a_record(n)
    };
    for (n, now, expected) in [(1, expiry.minus(TICK), Ending::Ended), (2, expiry, Ending::EndedBefore)] {
        store.insert(&expiring(n)).await.answered();
        let outcome = store.revoke(record_id(n), None, RevocationReason::User, now).await;
        assert_eq!(outcome.answered(), expected, "record {n}");
        assert_eq!(end(store, n).await, Some((now, RevocationReason::User)), "it is marked");
    }
    store.insert(&expiring(3)).await.answered();
    let outcome = store.bar(&expiring(3), RevocationReason::CodeReplay, expiry).await;
    assert_eq!(outcome.answered(), Ending::EndedBefore);
    assert_eq!(end(store, 3).await, Some((expiry, RevocationReason::CodeReplay)));
}

pub async fn revoking_what_is_not_there_makes_nothing(store: &dyn TokenStore) {
    let outcome = store
        .revoke(record_id(1), None, RevocationReason::Client, moment(10))
        .await
        .answered();
    assert_eq!(outcome, Ending::Unknown);
    assert_eq!(store.find(record_id(1)).await.answered(), None);
    assert_eq!(store.insert(&a_record(1)).await.answered(), Insertion::Inserted);
}

pub async fn a_client_revokes_its_own_records_only(store: &dyn TokenStore) {
    store.insert(&a_record(1)).await.answered();
    let revoke = async |client, at| {
        store
            .revoke(
                record_id(1),
                Some(client_uid(client)),
                RevocationReason::Client,
                moment(at),
            )
            .await
            .answered()
    };
    assert_eq!(revoke(2, 10).await, Ending::Unknown);
    assert_eq!(end(store, 1).await, None);
    assert_eq!(revoke(1, 11).await, Ending::Ended);
    assert_eq!(end(store, 1).await, Some((moment(11), RevocationReason::Client)));
    assert_eq!(
        revoke(2, 12).await,
        Ending::Unknown,
        "nor does another client learn that it ended"
    );
    assert_eq!(revoke(1, 13).await, Ending::EndedBefore);
}

pub async fn of_concurrent_revocations_one_ends_the_record(store: &dyn TokenStore) {
    store.insert(&a_record(1)).await.answered();
    let outcomes = at_once(RACERS, async |n| {
        store
            .revoke(record_id(1), None, RevocationReason::User, moment(10 + n as u64))
            .await
            .answered()
    });
    assert_count(&outcomes, 1, |outcome| *outcome == Ending::Ended);
    assert_count(&outcomes, RACERS - 1, |outcome| *outcome == Ending::EndedBefore);
    let winner = outcomes
        .iter()
        .position(|outcome| *outcome == Ending::Ended)
        .unwrap_or_default();
    assert_eq!(
        end(store, 1).await,
        Some((moment(10 + winner as u64), RevocationReason::User))
    );
}

pub async fn a_barred_record_cannot_be_inserted_any_more(store: &dyn TokenStore) {
    for (n, record) in [(1, a_record(1)), (2, a_lasting_record(2))] {
        let outcome = store
            .bar(&record, RevocationReason::CodeReplay, moment(10))
            .await
            .answered();
        assert_eq!(outcome, Ending::Ended, "record {n}");
        for _ in 0..2 {
            assert_eq!(store.insert(&record).await.answered(), Insertion::Barred);
        }
        let revoked = Some(Revocation {
            at: moment(10),
            reason: RevocationReason::CodeReplay,
        });
        let barred = TokenRecord {
            created_at: moment(10),
            revoked,
            ..record
        };
        assert_eq!(store.find(record.id).await.answered(), Some(barred));
    }
}

pub async fn barring_a_record_that_is_there_ends_it_as_it_is(store: &dyn TokenStore) {
    let record = a_record(1);
    store.insert(&record).await.answered();
    store.touch(record.id, moment(5)).await.answered();
    // A code knows less than the record that came of it: what the record says must stay.
    let described = TokenRecord {
        refresh: None,
        expires_at: None,
        ..record.clone()
    };
    assert_eq!(
        store
            .bar(&described, RevocationReason::CodeReplay, moment(10))
            .await
            .answered(),
        Ending::Ended
    );
    let revoked = Some(Revocation {
        at: moment(10),
        reason: RevocationReason::CodeReplay,
    });
    let expected = TokenRecord {
        last_used_at: Some(moment(5)),
        revoked,
        ..record.clone()
    };
    assert_eq!(store.find(record.id).await.answered(), Some(expected));
    assert_eq!(store.insert(&record).await.answered(), Insertion::Exists);
}

pub async fn barring_twice_keeps_the_first_end(store: &dyn TokenStore) {
    store
        .bar(&a_record(1), RevocationReason::CodeReplay, moment(10))
        .await
        .answered();
    let again = store
        .bar(&a_record(1), RevocationReason::User, moment(11))
        .await
        .answered();
    assert_eq!(again, Ending::EndedBefore);
    assert_eq!(end(store, 1).await, Some((moment(10), RevocationReason::CodeReplay)));
}

pub async fn an_insertion_where_a_record_was_is_told_from_one_that_was_barred(store: &dyn TokenStore) {
    for (n, record) in [
        (1, a_record(1)),
        (2, a_lasting_record(2)),
        (3, a_record(3)),
        (4, a_record(4)),
    ] {
        assert_eq!(store.insert(&record).await.answered(), Insertion::Inserted);
        match n {
            1 | 2 => {
                let revoked = store.revoke(record.id, None, RevocationReason::User, moment(10)).await;
                assert_eq!(revoked.answered(), Ending::Ended);
            }
            3 => {
                let barred = store.bar(&record, RevocationReason::CodeReplay, moment(10)).await;
                assert_eq!(barred.answered(), Ending::Ended);
            }
            _ => {
                let rotated = store.rotate(&a_rotation(&record, 101, moment(10))).await.answered();
                assert!(matches!(rotated, Rotation::Rotated(_)), "{rotated:?}");
            }
        }
        let kept = store.find(record.id).await.answered();
        for _ in 0..2 {
            assert_eq!(store.insert(&record).await.answered(), Insertion::Exists, "record {n}");
        }
        assert_eq!(
            store.find(record.id).await.answered(),
            kept,
            "record {n} stays as it is"
        );
    }
    // An end long after, by somebody who did not know of the bar, makes no record of it.
    store
        .bar(&a_record(5), RevocationReason::CodeReplay, moment(10))
        .await
        .answered();
    store
        .revoke(record_id(5), None, RevocationReason::User, moment(20))
        .await
        .answered();
    assert_eq!(store.insert(&a_record(5)).await.answered(), Insertion::Barred);
}

pub async fn an_insertion_that_meets_a_bar_leaves_the_record_revoked(store: &dyn TokenStore) {
    for round in 0..10 {
        let record = a_record(round);
        let inserted = at_once(8, async |n| {
            if n == 0 {
                Some(store.insert(&record).await.answered())
            } else {
                store
                    .bar(&record, RevocationReason::CodeReplay, moment(10))
                    .await
                    .answered();
                None
            }
        });
        let inserted = inserted[0];
        assert_eq!(
            end(store, round).await,
            Some((moment(10), RevocationReason::CodeReplay))
        );
        let again = match inserted {
            Some(Insertion::Inserted) => Insertion::Exists,
            other => {
                assert_eq!(other, Some(Insertion::Barred), "round {round}");
                Insertion::Barred
            }
        };
        assert_eq!(store.insert(&record).await.answered(), again, "round {round}");
    }
}

pub async fn of_concurrent_bars_one_ends_the_record(store: &dyn TokenStore) {
    let outcomes = at_once(RACERS, async |_| {
        store
            .bar(&a_record(1), RevocationReason::CodeReplay, moment(10))
            .await
            .answered()
    });
    assert_count(&outcomes, 1, |outcome| *outcome == Ending::Ended);
    assert_count(&outcomes, RACERS - 1, |outcome| *outcome == Ending::EndedBefore);
    assert_eq!(end(store, 1).await, Some((moment(10), RevocationReason::CodeReplay)));
}

/// Records 1 and 2 are ada's and bob's with client 1, 3 and 4 the same with client 2; 5 has expired, 6 is revoked.
async fn furnish(store: &dyn TokenStore, now: Timestamp) {
    for (n, client, username) in [(1, 1, "ada"), (2, 1, "bob"), (3, 2, "ada"), (4, 2, "bob")] {
        let record = if n % 2 == 0 { a_lasting_record(n) } else { a_record(n) };
        let record = TokenRecord {
            client: client_uid(client),
            client_id: client_id(client),
            username: username.into(),
            ..record
        };
        store.insert(&record).await.answered();
    }
    store
        .insert(&TokenRecord {
            expires_at: Some(now),
            ..a_record(5)
        })
        .await
        .answered();
    store.insert(&a_record(6)).await.answered();
    store
        .revoke(record_id(6), None, RevocationReason::Client, moment(7))
        .await
        .answered();
}

async fn revoke_all_ends(store: &dyn TokenStore, filter: TokenFilter, expected: &[u64]) {
    let now = moment(100);
    furnish(store, now).await;
    let revoked = store
        .revoke_all(&filter, RevocationReason::Administrator, now)
        .await
        .answered();
    assert_eq!(revoked, expected.len() as u64);
    for n in 1..=4 {
        let ended = expected.contains(&n).then_some((now, RevocationReason::Administrator));
        assert_eq!(end(store, n).await, ended, "record {n}");
    }
    assert_eq!(
        end(store, 6).await,
        Some((moment(7), RevocationReason::Client)),
        "the first reason stays"
    );
    assert_eq!(
        store.revoke_all(&filter, RevocationReason::User, now).await.answered(),
        0,
        "nothing is left to end"
    );
}

pub async fn all_records_can_be_revoked(store: &dyn TokenStore) {
    revoke_all_ends(store, TokenFilter::default(), &[1, 2, 3, 4]).await;
}

pub async fn all_records_of_a_client_can_be_revoked(store: &dyn TokenStore) {
    revoke_all_ends(
        store,
        TokenFilter {
            client: Some(client_uid(1)),
            username: None,
        },
        &[1, 2],
    )
    .await;
}

pub async fn all_records_of_a_user_can_be_revoked(store: &dyn TokenStore) {
    revoke_all_ends(
        store,
        TokenFilter {
            client: None,
            username: Some("ada".into()),
        },
        &[1, 3],
    )
    .await;
}

pub async fn all_records_of_a_user_with_a_client_can_be_revoked(store: &dyn TokenStore) {
    revoke_all_ends(
        store,
        TokenFilter {
            client: Some(client_uid(2)),
            username: Some("bob".into()),
        },
        &[4],
    )
    .await;
}

pub async fn a_filter_that_means_nobody_revokes_nothing(store: &dyn TokenStore) {
    for username in ["Ada", "ad", "%", "' OR 1=1 --", ""] {
        let filter = TokenFilter {
            client: None,
            username: Some(username.into()),
        };
        store.insert(&a_record(1)).await.answered();
        assert_eq!(
            store
                .revoke_all(&filter, RevocationReason::User, moment(10))
                .await
                .answered(),
            0,
            "{username:?}"
        );
        assert_eq!(end(store, 1).await, None);
        assert_eq!(
            store
                .revoke(record_id(1), None, RevocationReason::User, moment(9))
                .await
                .answered(),
            Ending::Ended
        );
        // The record and the revocation.
        assert_eq!(store.purge(moment(1) + GRANT_LIFETIME * 2, 10).await.answered(), 2);
    }
}

pub async fn concurrent_revocations_of_all_count_each_record_once(store: &dyn TokenStore) {
    for n in 0..RACERS as u64 {
        store.insert(&a_record(n)).await.answered();
    }
    let counts = at_once(8, async |_| {
        store
            .revoke_all(&TokenFilter::default(), RevocationReason::Administrator, moment(100))
            .await
            .answered()
    });
    assert_eq!(counts.iter().sum::<u64>(), RACERS as u64);
}
