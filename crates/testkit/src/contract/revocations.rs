//! Obligations of [`TokenStore`]: revocation of grants that are not records yet.

use informer_oauth_domain::token_record::{Insertion, RevocationReason, TokenRecord};
use informer_oauth_ports::{TokenFilter, TokenStore};

use super::{Answered, drained};
use crate::{
    at_once,
    values::{GRANT_LIFETIME, TICK, a_lasting_record, a_record, client_id, client_uid, moment, record_id},
};

fn of(client: Option<u64>, username: Option<&str>) -> TokenFilter {
    TokenFilter {
        client: client.map(client_uid),
        username: username.map(str::to_owned),
    }
}

/// A grant to a client by a user, made at `moment(at)`.
fn grant(n: u64, client: u64, username: &str, at: u64) -> TokenRecord {
    TokenRecord {
        client: client_uid(client),
        client_id: client_id(client),
        username: username.into(),
        created_at: moment(at),
        ..a_record(n)
    }
}

async fn revoke(store: &dyn TokenStore, filter: &TokenFilter, at: u64) -> u64 {
    let ended = store.revoke_all(filter, RevocationReason::User, moment(at)).await;
    ended.answered()
}

async fn insert(store: &dyn TokenStore, record: &TokenRecord) -> Insertion {
    store.insert(record).await.answered()
}

pub async fn a_grant_older_than_its_revocation_becomes_no_record(store: &dyn TokenStore) {
    assert_eq!(revoke(store, &of(Some(1), Some("ada")), 10).await, 0);
    for (n, record) in [(1, a_record(1)), (2, a_lasting_record(2)), (10, a_record(10))] {
        for _ in 0..2 {
            assert_eq!(insert(store, &record).await, Insertion::Revoked, "{n}");
        }
        assert_eq!(store.find(record.id).await.answered(), None, "{n}");
    }
    let just_after = TokenRecord {
        created_at: moment(10) + TICK,
        ..a_record(11)
    };
    assert_eq!(insert(store, &just_after).await, Insertion::Inserted);
    assert_eq!(store.find(just_after.id).await.answered(), Some(just_after));
}

pub async fn a_revocation_covers_its_client_and_user_only(store: &dyn TokenStore) {
    let grants = [(1, "ada"), (1, "bob"), (2, "ada"), (2, "bob")];
    let cases: [(TokenFilter, &[usize]); 6] = [
        (of(Some(1), Some("ada")), &[0]),
        (of(Some(1), None), &[0, 1]),
        (of(None, Some("ada")), &[0, 2]),
        (of(None, Some("Ada")), &[]),
        (of(None, Some("")), &[]),
        (of(None, None), &[0, 1, 2, 3]),
    ];
    for (round, (filter, expected)) in (1..).zip(cases) {
        // Later rounds are granted after the revocations of earlier ones.
        let at = round * 10;
        revoke(store, &filter, at + 5).await;
        for (place, (client, username)) in grants.into_iter().enumerate() {
            let record = grant(at + place as u64, client, username, at + 1);
            let wanted = if expected.contains(&place) {
                Insertion::Revoked
            } else {
                Insertion::Inserted
            };
            assert_eq!(
                insert(store, &record).await,
                wanted,
                "{client} of {username} for {filter:?}"
            );
        }
    }
}

pub async fn the_latest_revocation_counts(store: &dyn TokenStore) {
    let filter = of(Some(1), Some("ada"));
    for at in [10, 20, 15] {
        revoke(store, &filter, at).await;
    }
    assert_eq!(insert(store, &grant(1, 1, "ada", 19)).await, Insertion::Revoked);
    assert_eq!(insert(store, &grant(2, 1, "ada", 21)).await, Insertion::Inserted);
}

pub async fn an_existing_record_is_told_from_a_revoked_grant(store: &dyn TokenStore) {
    assert_eq!(insert(store, &a_record(1)).await, Insertion::Inserted);
    let barred = store.bar(&a_record(2), RevocationReason::CodeReplay, moment(5)).await;
    barred.answered();
    assert_eq!(revoke(store, &of(None, Some("ada")), 10).await, 1);
    assert_eq!(insert(store, &a_record(1)).await, Insertion::Exists);
    assert_eq!(insert(store, &a_record(2)).await, Insertion::Barred);
    // A code that is used again is barred all the same.
    let barred = store.bar(&a_record(3), RevocationReason::CodeReplay, moment(11)).await;
    barred.answered();
    assert_eq!(insert(store, &a_record(3)).await, Insertion::Barred);
}

pub async fn a_concurrent_revocation_leaves_no_live_record(store: &dyn TokenStore) {
    const INSERTIONS: usize = 7;
    for round in 0..20 {
        let username = format!("user {round}");
        let record = |place: u64| grant(round * 100 + place, 1, &username, 1);
        at_once(INSERTIONS + 1, async |place| {
            if place == INSERTIONS {
                revoke(store, &of(Some(1), Some(&username)), 10).await;
            } else {
                insert(store, &record(place as u64)).await;
            }
        });
        for place in 0..INSERTIONS as u64 {
            let kept = store.find(record_id(round * 100 + place)).await.answered();
            assert!(
                kept.is_none_or(|record| record.revoked.is_some()),
                "round {round}, {place}"
            );
        }
    }
}

pub async fn revocations_are_purged_with_the_records_of_their_time(store: &dyn TokenStore) {
    revoke(store, &of(None, Some("ada")), 10).await;
    revoke(store, &of(Some(1), None), 20).await;
    revoke(store, &of(Some(2), None), 30).await;
    assert_eq!(drained(async |limit| store.purge(moment(20), limit).await).await, 1);
    assert_eq!(insert(store, &grant(1, 2, "ada", 1)).await, Insertion::Revoked);
    assert_eq!(
        insert(store, &grant(2, 3, "ada", 1)).await,
        Insertion::Inserted,
        "it was forgotten"
    );
    let late = moment(0) + GRANT_LIFETIME * 2;
    assert_eq!(drained(async |limit| store.purge(late, limit).await).await, 3);
}
