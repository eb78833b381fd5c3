//! Obligations of [`TokenStore`]: keeping, finding, noting use, purging.

use informer_oauth_domain::{
    scope::ScopeSet,
    token_record::{Insertion, RefreshState, Revocation, RevocationReason, RotatedToken, TokenRecord},
};
use informer_oauth_ports::{TokenFilter, TokenStore};

use super::{ALL, Answered, assert_count, drained};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{TICK, a_lasting_record, a_record, client_uid, moment, record_id, resource, scope, token_id},
};

pub async fn a_record_is_read_back_as_it_was_inserted(store: &dyn TokenStore) {
    let full = TokenRecord {
        username: "O'Neill %_\\ é".into(),
        scope: ScopeSet::ALL,
        audience: resource("urn:example:a"),
        refresh: Some(RefreshState {
            generation: 4_000_000_000,
            current: token_id(50),
            current_issued_at: moment(51),
            previous: Some(RotatedToken {
                token_id: token_id(49),
                issued_at: moment(48),
                asked: scope("read:profile"),
            }),
        }),
        last_used_at: Some(moment(52)),
        ..a_record(3)
    };
    for record in [a_record(1), a_lasting_record(2), full] {
        assert_eq!(store.insert(&record).await.answered(), Insertion::Inserted);
        assert_eq!(store.find(record.id).await.answered(), Some(record));
    }
}

pub async fn an_unknown_record_is_none(store: &dyn TokenStore) {
    store.insert(&a_record(1)).await.answered();
    assert_eq!(store.find(record_id(2)).await.answered(), None);
}

pub async fn a_record_is_found_also_after_its_end(store: &dyn TokenStore) {
    for reason in RevocationReason::ALL {
        let record = a_record(reason as u64);
        store.insert(&record).await.answered();
        store.revoke(record.id, None, reason, moment(20)).await.answered();
        let expected = TokenRecord {
            revoked: Some(Revocation { at: moment(20), reason }),
            ..record.clone()
        };
        assert_eq!(store.find(record.id).await.answered(), Some(expected));
    }
}

pub async fn concurrent_insertions_lose_no_record(store: &dyn TokenStore) {
    let outcomes = at_once(RACERS, async |n| store.insert(&a_record(n as u64)).await.answered());
    assert_count(&outcomes, RACERS, |outcome| *outcome == Insertion::Inserted);
    for n in 0..RACERS as u64 {
        assert_eq!(store.find(record_id(n)).await.answered(), Some(a_record(n)));
    }
}

pub async fn an_id_is_inserted_once(store: &dyn TokenStore) {
    store.insert(&a_record(1)).await.answered();
    let other = TokenRecord {
        username: "bob".into(),
        refresh: None,
        ..a_record(1)
    };
    for again in [a_record(1), other] {
        assert_eq!(store.insert(&again).await.answered(), Insertion::Exists);
    }
    assert_eq!(store.find(record_id(1)).await.answered(), Some(a_record(1)));
}

pub async fn of_concurrent_insertions_of_one_id_one_wins(store: &dyn TokenStore) {
    let record = |n: usize| TokenRecord {
        username: format!("user {n}"),
        ..a_record(1)
    };
    let outcomes = at_once(RACERS, async |n| store.insert(&record(n)).await.answered());
    assert_count(&outcomes, 1, |outcome| *outcome == Insertion::Inserted);
    assert_count(&outcomes, RACERS - 1, |outcome| *outcome == Insertion::Exists);
    let winner = outcomes
        .iter()
        .position(|outcome| *outcome == Insertion::Inserted)
        .unwrap_or_default();
    assert_eq!(store.find(record_id(1)).await.answered(), Some(record(winner)));
}

pub async fn the_last_use_of_a_record_never_goes_backwards(store: &dyn TokenStore) {
    for n in [1, 2] {
        store.insert(&a_lasting_record(n)).await.answered();
    }
    for (at, noted) in [(10, 10), (5, 10), (10, 10), (11, 11)] {
        store.touch(record_id(1), moment(at)).await.answered();
        let expected = TokenRecord {
            last_used_at: Some(moment(noted)),
            ..a_lasting_record(1)
        };
        assert_eq!(store.find(record_id(1)).await.answered(), Some(expected));
    }
    assert_eq!(store.find(record_id(2)).await.answered(), Some(a_lasting_record(2)));
    store.touch(record_id(9), moment(10)).await.answered();
    assert_eq!(
        store.find(record_id(9)).await.answered(),
        None,
        "noting use makes no record"
    );
}

pub async fn concurrent_uses_leave_the_latest_noted(store: &dyn TokenStore) {
    store.insert(&a_lasting_record(1)).await.answered();
    at_once(RACERS, async |n| {
        store.touch(record_id(1), moment(10 + n as u64)).await.answered();
    });
    let record = store.find(record_id(1)).await.answered().expect("the record is there");
    assert_eq!(record.last_used_at, Some(moment(9 + RACERS as u64)));
}

pub async fn the_oldest_live_record_without_expiry_is_known(store: &dyn TokenStore) {
    assert_eq!(store.oldest_unexpiring().await.answered(), None);
    store.insert(&a_record(1)).await.answered();
    assert_eq!(store.oldest_unexpiring().await.answered(), None, "it expires");
    for n in [5, 3, 7] {
        store.insert(&a_lasting_record(n)).await.answered();
    }
    assert_eq!(store.oldest_unexpiring().await.answered(), Some(moment(3)));
    store
        .revoke(record_id(3), None, RevocationReason::User, moment(20))
        .await
        .answered();
    assert_eq!(store.oldest_unexpiring().await.answered(), Some(moment(5)));
    store
        .revoke_all(&TokenFilter::default(), RevocationReason::User, moment(21))
        .await
        .answered();
    assert_eq!(store.oldest_unexpiring().await.answered(), None);
}

pub async fn purging_takes_only_what_is_over_for_good(store: &dyn TokenStore) {
    let before = moment(100);
    let ending = |n, at| TokenRecord {
        expires_at: Some(at),
        ..a_record(n)
    };
    let (over, just) = (before.minus(TICK), before);
    for record in [
        ending(1, over),
        ending(2, just),
        ending(3, over),
        ending(4, just),
        a_lasting_record(5),
    ] {
        store.insert(&record).await.answered();
    }
    for (n, at) in [(6, over), (7, just)] {
        store.insert(&a_lasting_record(n)).await.answered();
        store
            .revoke(record_id(n), None, RevocationReason::User, at)
            .await
            .answered();
    }
    for n in [3, 4] {
        // Revoked long ago, but its rotated tokens must stay known until none of them could be presented any more.
        store
            .revoke(record_id(n), None, RevocationReason::User, moment(5))
            .await
            .answered();
    }
    assert_eq!(store.purge(before, 100).await.answered(), 3);
    for (n, kept) in [
        (1, false),
        (2, true),
        (3, false),
        (4, true),
        (5, true),
        (6, false),
        (7, true),
    ] {
        assert_eq!(store.find(record_id(n)).await.answered().is_some(), kept, "record {n}");
    }
    assert_eq!(store.purge(before, 100).await.answered(), 0);
}

pub async fn purging_takes_few_at_a_time(store: &dyn TokenStore) {
    for n in 0..7 {
        store
            .insert(&TokenRecord {
                expires_at: Some(moment(50)),
                ..a_record(n)
            })
            .await
            .answered();
    }
    store.insert(&a_record(9)).await.answered();
    assert_eq!(drained(async |few| store.purge(moment(100), few).await).await, 7);
    let left = store
        .list(
            &TokenFilter {
                client: Some(client_uid(1)),
                username: None,
            },
            ALL,
            moment(0),
        )
        .await
        .answered();
    assert_eq!(left.items, [a_record(9)]);
}
