//! Obligations of [`ClientStore`]: one client at a time.

use informer_oauth_domain::{
    client::{Client, ClientDraft, Registration, Source},
    id::ClientRef,
};
use informer_oauth_ports::{ClientInsertion, ClientReplacement, ClientStore};

use super::{ALL, Answered, assert_count};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{a_client, a_full_profile, a_plain_profile, client_id, client_uid, moment},
};

/// The client as the store has it now.
async fn stored(store: &dyn ClientStore, n: u64) -> Client {
    let registration = store.registration(ClientRef::Uid(client_uid(n))).await.answered();
    registration.expect("the client is there").client.clone()
}

pub async fn a_client_is_read_back_as_it_was_inserted(store: &dyn ClientStore) {
    let longest = ClientDraft {
        name: "ü".repeat(100),
        description: "é".repeat(1000),
        redirect_uris: (10..30)
            .map(|n| format!("https://board.example.com/{}{n}", "x".repeat(2020)))
            .collect(),
        resources: (10..30).map(|n| format!("https://board.example.com/{n}")).collect(),
        ..ClientDraft::default()
    };
    let clients = [
        a_client(1),
        Client {
            profile: a_full_profile("Ähnlich & <b>Söhne</b> 'x'"),
            source: Source::Template,
            updated_at: moment(9),
            revision: 7,
            ..a_client(2)
        },
        Client {
            profile: longest.check(&[]).expect("the draft is valid"),
            source: Source::Dynamic,
            created_by: "O'Neill %_\\ é".into(),
            ..a_client(3)
        },
    ];
    for client in clients {
        assert_eq!(store.insert(&client).await.answered(), ClientInsertion::Inserted);
        let kept = store
            .registration(ClientRef::Uid(client.uid))
            .await
            .answered()
            .expect("the client is there");
        assert_eq!(
            *kept,
            Registration {
                client,
                secrets: Vec::new()
            }
        );
    }
}

pub async fn a_client_is_found_by_either_of_its_ids(store: &dyn ClientStore) {
    for n in [1, 2] {
        store.insert(&a_client(n)).await.answered();
    }
    for by in [ClientRef::Uid(client_uid(2)), ClientRef::ClientId(client_id(2))] {
        assert_eq!(
            store
                .registration(by)
                .await
                .answered()
                .expect("the client is there")
                .client,
            a_client(2)
        );
    }
}

pub async fn an_unknown_client_is_none(store: &dyn ClientStore) {
    store.insert(&a_client(1)).await.answered();
    for by in [ClientRef::Uid(client_uid(2)), ClientRef::ClientId(client_id(2))] {
        assert_eq!(store.registration(by).await.answered(), None);
    }
}

pub async fn a_client_id_is_given_once(store: &dyn ClientStore) {
    store.insert(&a_client(1)).await.answered();
    let second = Client {
        client_id: client_id(1),
        ..a_client(2)
    };
    assert_eq!(store.insert(&second).await.answered(), ClientInsertion::Taken);
    assert_eq!(stored(store, 1).await, a_client(1));
    assert_eq!(store.registration(ClientRef::Uid(client_uid(2))).await.answered(), None);
}

pub async fn of_concurrent_insertions_with_one_client_id_one_wins(store: &dyn ClientStore) {
    let outcomes = at_once(RACERS, async |n| {
        let client = Client {
            client_id: client_id(7),
            ..a_client(n as u64)
        };
        store.insert(&client).await.answered()
    });
    assert_count(&outcomes, 1, |outcome| *outcome == ClientInsertion::Inserted);
    let winner = outcomes
        .iter()
        .position(|outcome| *outcome == ClientInsertion::Inserted)
        .unwrap_or_default();
    let kept = store
        .registration(ClientRef::ClientId(client_id(7)))
        .await
        .answered()
        .expect("the winner is there");
    assert_eq!(kept.client.uid, client_uid(winner as u64));
    assert_eq!(
        store
            .list(None, informer_oauth_ports::ClientSort::Name, false, ALL)
            .await
            .answered()
            .total,
        1
    );
}

pub async fn concurrent_insertions_of_different_clients_lose_none(store: &dyn ClientStore) {
    let outcomes = at_once(RACERS, async |n| store.insert(&a_client(n as u64)).await.answered());
    assert_count(&outcomes, RACERS, |outcome| *outcome == ClientInsertion::Inserted);
    for n in 0..RACERS as u64 {
        assert_eq!(stored(store, n).await, a_client(n));
    }
}

pub async fn a_replaced_profile_is_the_next_revision_and_nothing_else_changes(store: &dyn ClientStore) {
    for n in [1, 2] {
        store.insert(&a_client(n)).await.answered();
    }
    let profiles = [a_full_profile("Other"), a_plain_profile("Plain again")];
    for (expected, profile) in (1..).zip(profiles) {
        let now = moment(10 + u64::try_from(expected).unwrap_or_default());
        let after = Client {
            profile: profile.clone(),
            updated_at: now,
            revision: expected + 1,
            ..a_client(1)
        };
        let outcome = store
            .replace(client_uid(1), &profile, Some(expected), now)
            .await
            .answered();
        assert_eq!(outcome, ClientReplacement::Replaced(after.clone()));
        assert_eq!(stored(store, 1).await, after);
    }
    assert_eq!(stored(store, 2).await, a_client(2));
}

pub async fn replacing_an_old_revision_is_stale_and_changes_nothing(store: &dyn ClientStore) {
    store.insert(&a_client(1)).await.answered();
    for wrong in [0, 2, -1, i64::MAX] {
        let outcome = store
            .replace(client_uid(1), &a_full_profile("Other"), Some(wrong), moment(5))
            .await
            .answered();
        assert_eq!(outcome, ClientReplacement::Stale, "revision {wrong}");
    }
    assert_eq!(stored(store, 1).await, a_client(1));
}

pub async fn replacing_an_unknown_client_is_told_and_makes_none(store: &dyn ClientStore) {
    for expected in [None, Some(1)] {
        let outcome = store
            .replace(client_uid(1), &a_full_profile("Other"), expected, moment(5))
            .await
            .answered();
        assert_eq!(outcome, ClientReplacement::Unknown);
    }
    assert_eq!(store.registration(ClientRef::Uid(client_uid(1))).await.answered(), None);
}

pub async fn of_concurrent_replacements_that_expect_one_revision_one_wins(store: &dyn ClientStore) {
    store.insert(&a_client(1)).await.answered();
    let outcomes = at_once(RACERS, async |n| {
        store
            .replace(
                client_uid(1),
                &a_plain_profile(&format!("Edit {n}")),
                Some(1),
                moment(5),
            )
            .await
            .answered()
    });
    let won = |outcome: &ClientReplacement| matches!(outcome, ClientReplacement::Replaced(_));
    assert_count(&outcomes, 1, won);
    assert_count(&outcomes, RACERS - 1, |outcome| *outcome == ClientReplacement::Stale);
    let winner = outcomes.iter().position(won).unwrap_or_default();
    let kept = stored(store, 1).await;
    assert_eq!((kept.revision, kept.profile.name), (2, format!("Edit {winner}")));
}

pub async fn concurrent_replacements_without_condition_are_all_counted(store: &dyn ClientStore) {
    store.insert(&a_client(1)).await.answered();
    let outcomes = at_once(RACERS, async |n| {
        store
            .replace(client_uid(1), &a_plain_profile(&format!("Edit {n}")), None, moment(5))
            .await
            .answered()
    });
    let mut revisions: Vec<i64> = outcomes
        .iter()
        .map(|outcome| match outcome {
            ClientReplacement::Replaced(client) => client.revision,
            other => panic!("not replaced: {other:?}"),
        })
        .collect();
    revisions.sort_unstable();
    assert_eq!(revisions, (2..).take(RACERS).collect::<Vec<i64>>());
}
