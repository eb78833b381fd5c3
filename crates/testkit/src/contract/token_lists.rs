//! Obligations of [`TokenStore`]: lists of live records.

use informer_oauth_domain::{
    timestamp::Timestamp,
    token_record::{RevocationReason, TokenRecord},
};
use informer_oauth_ports::{TokenFilter, TokenStore};

use super::{ALL, Answered, page};
use crate::values::{TICK, a_lasting_record, a_record, a_rotation, client_id, client_uid, moment, record_id};

fn of_client(n: u64) -> TokenFilter {
    TokenFilter {
        client: Some(client_uid(n)),
        username: None,
    }
}

/// The numbers of the records that are listed.
async fn listed(store: &dyn TokenStore, filter: &TokenFilter, now: Timestamp) -> Vec<u64> {
    let list = store.list(filter, ALL, now).await.answered();
    assert_eq!(list.total, list.items.len() as u64, "everything is on the one page");
    let number = |record: &TokenRecord| (0..1000).find(|n| record_id(*n) == record.id);
    list.items.iter().filter_map(number).collect()
}

pub async fn a_list_holds_whole_records(store: &dyn TokenStore) {
    let record = a_record(1);
    store.insert(&record).await.answered();
    let request = a_rotation(&record, 101, moment(100));
    store.rotate(&request).await.answered();
    let list = store.list(&of_client(1), ALL, moment(100)).await.answered();
    assert_eq!(list.items, [record.rotate(&request).0]);
}

pub async fn only_live_records_are_listed(store: &dyn TokenStore) {
    for record in [a_record(1), a_record(2), a_lasting_record(3), a_lasting_record(4)] {
        store.insert(&record).await.answered();
    }
    for n in [2, 4] {
        store
            .revoke(record_id(n), None, RevocationReason::User, moment(10))
            .await
            .answered();
    }
    let barred = a_record(5);
    store
        .bar(&barred, RevocationReason::CodeReplay, moment(10))
        .await
        .answered();
    assert_eq!(listed(store, &of_client(1), moment(10)).await, [1, 3]);
    let expiry = a_record(1).expires_at.expect("it expires");
    assert_eq!(listed(store, &of_client(1), expiry.minus(TICK)).await, [1, 3]);
    assert_eq!(listed(store, &of_client(1), expiry).await, [3]);
}

pub async fn a_filter_chooses_by_client_and_by_user(store: &dyn TokenStore) {
    for (n, client, username) in [(1, 1, "ada"), (2, 1, "bob"), (3, 2, "ada"), (4, 2, "Ada")] {
        let record = TokenRecord {
            client: client_uid(client),
            client_id: client_id(client),
            username: username.into(),
            ..a_record(n)
        };
        store.insert(&record).await.answered();
    }
    let filter = |client: Option<u64>, username: Option<&str>| TokenFilter {
        client: client.map(client_uid),
        username: username.map(str::to_owned),
    };
    for (filter, expected) in [
        (filter(None, None), vec![1, 2, 3, 4]),
        (filter(Some(1), None), vec![1, 2]),
        (filter(None, Some("ada")), vec![1, 3]),
        (filter(Some(2), Some("ada")), vec![3]),
        (filter(Some(2), Some("Ada")), vec![4]),
        (filter(Some(9), None), vec![]),
        (filter(None, Some("%")), vec![]),
        (filter(None, Some("ad")), vec![]),
        (filter(None, Some("")), vec![]),
    ] {
        assert_eq!(listed(store, &filter, moment(10)).await, expected, "{filter:?}");
    }
}

pub async fn records_are_listed_oldest_first_and_ties_go_by_id(store: &dyn TokenStore) {
    let made = |n, at| TokenRecord {
        created_at: moment(at),
        ..a_record(n)
    };
    for record in [made(7, 3), made(1, 5), made(9, 2), made(3, 3), made(5, 3)] {
        store.insert(&record).await.answered();
    }
    assert_eq!(listed(store, &of_client(1), moment(10)).await, [9, 3, 5, 7, 1]);
}

pub async fn pages_cover_the_records_without_gap_or_overlap(store: &dyn TokenStore) {
    for n in 0..11 {
        store
            .insert(&TokenRecord {
                created_at: moment(n / 3),
                ..a_record(n)
            })
            .await
            .answered();
    }
    let whole = store.list(&of_client(1), ALL, moment(20)).await.answered().items;
    let mut pieces = Vec::new();
    for start in (0..11).step_by(2) {
        let part = store.list(&of_client(1), page(start, 2), moment(20)).await.answered();
        assert_eq!(part.total, 11, "the total is of all pages");
        pieces.extend(part.items);
    }
    assert_eq!(pieces, whole);
    let beyond = store.list(&of_client(1), page(11, 2), moment(20)).await.answered();
    assert_eq!((beyond.items, beyond.total), (Vec::new(), 11));
}

pub async fn a_page_does_not_shift_when_records_are_added_or_used(store: &dyn TokenStore) {
    for n in 0..6 {
        store.insert(&a_record(n)).await.answered();
    }
    let before = store.list(&of_client(1), page(2, 3), moment(20)).await.answered();
    for n in 6..9 {
        store.insert(&a_record(n)).await.answered();
    }
    store.touch(record_id(0), moment(20)).await.answered();
    let after = store.list(&of_client(1), page(2, 3), moment(20)).await.answered();
    assert_eq!(after.items, before.items);
    assert_eq!((before.total, after.total), (6, 9));
}
