//! Obligations of [`ClientStore`]: secrets.

use informer_oauth_domain::{
    client_secret::{ClientSecret, SECRETS_PER_CLIENT, SecretLabel},
    id::ClientRef,
    timestamp::Timestamp,
};
use informer_oauth_ports::{ClientReplacement, ClientStore, SecretInsertion};

use super::{Answered, assert_count};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{TICK, a_client, a_secret, client_id, client_uid, moment, secret_uid},
};

async fn with_clients(store: &dyn ClientStore) {
    for n in [1, 2] {
        store.insert(&a_client(n)).await.answered();
    }
}

/// The secrets of the client with number `n`.
async fn secrets(store: &dyn ClientStore, n: u64) -> Vec<ClientSecret> {
    let registration = store.registration(ClientRef::ClientId(client_id(n))).await.answered();
    registration.expect("the client is there").secrets.clone()
}

async fn insert(store: &dyn ClientStore, secret: &ClientSecret) -> SecretInsertion {
    store.insert_secret(secret, None).await.answered()
}

/// Fills the client with number 1 but for `left` places.
async fn fill(store: &dyn ClientStore, left: usize) {
    for n in 0..(SECRETS_PER_CLIENT - left) as u64 {
        assert_eq!(insert(store, &a_secret(1, n)).await, SecretInsertion::Inserted);
    }
}

pub async fn a_secret_is_read_back_as_it_was_inserted(store: &dyn ClientStore) {
    with_clients(store).await;
    let full = ClientSecret {
        updated_at: moment(5),
        expires_at: Some(moment(6)),
        last_used_at: Some(moment(7)),
        ..a_secret(1, 1)
    };
    for secret in [&full, &a_secret(1, 2)] {
        assert_eq!(insert(store, secret).await, SecretInsertion::Inserted);
    }
    assert_eq!(secrets(store, 1).await, [full, a_secret(1, 2)]);
    assert_eq!(secrets(store, 2).await, []);
}

pub async fn a_label_is_read_back_character_by_character_and_may_be_given_twice(store: &dyn ClientStore) {
    with_clients(store).await;
    let texts = [
        "production",
        "production",
        "PRODUCTION",
        "O'Neill \"%_\\\\\" {} $1 ? :x; --",
        "<b>&amp;</b>\u{a0}é e\u{301} Ноутбук 🦀",
        "inner  spaces",
        "NULL",
        &"🦀".repeat(100),
    ];
    let expected: Vec<ClientSecret> = (1..)
        .zip(texts)
        .map(|(n, text)| ClientSecret {
            label: Some(SecretLabel::parse(text).expect("a label")),
            ..a_secret(1, n)
        })
        .collect();
    for secret in &expected {
        assert_eq!(insert(store, secret).await, SecretInsertion::Inserted);
    }
    assert_eq!(secrets(store, 1).await, expected);
}

pub async fn the_life_of_a_secret_leaves_its_label_alone(store: &dyn ClientStore) {
    with_clients(store).await;
    let labelled = ClientSecret {
        label: Some(SecretLabel::parse("Anna's laptop").expect("a label")),
        ..a_secret(1, 1)
    };
    insert(store, &labelled).await;
    store.touch_secret(labelled.uid, moment(9)).await.answered();
    let newer = a_secret(1, 2);
    store.insert_secret(&newer, Some(moment(100))).await.answered();
    let expected = ClientSecret {
        expires_at: Some(moment(100)),
        last_used_at: Some(moment(9)),
        updated_at: newer.created_at,
        ..labelled
    };
    assert_eq!(secrets(store, 1).await, [expected, newer]);
}

pub async fn secrets_are_listed_oldest_first_with_the_expired_ones(store: &dyn ClientStore) {
    with_clients(store).await;
    let old = ClientSecret {
        created_at: moment(0),
        expires_at: Some(moment(1)),
        ..a_secret(1, 9)
    };
    for secret in [&a_secret(1, 5), &old, &a_secret(1, 3)] {
        insert(store, secret).await;
    }
    assert_eq!(secrets(store, 1).await, [old, a_secret(1, 3), a_secret(1, 5)]);
}

pub async fn the_first_secret_makes_its_client_confidential_for_good(store: &dyn ClientStore) {
    with_clients(store).await;
    let client = async |n| {
        let known = store.registration(ClientRef::ClientId(client_id(n))).await.answered();
        known.expect("the client is there").client.clone()
    };
    let public = a_client(1).profile;
    let replace = async |now| {
        let replaced = store.replace(client_uid(1), &public, None, now).await.answered();
        assert!(matches!(replaced, ClientReplacement::Replaced(_)), "{replaced:?}");
    };
    assert!(!client(1).await.profile.confidential);
    insert(store, &a_secret(1, 1)).await;
    let mut expected = a_client(1);
    expected.profile.confidential = true;
    assert_eq!(client(1).await, expected, "and nothing else about it changes");

    // An edit that started before does not undo it.
    replace(moment(9)).await;
    let confidential = client(1).await;
    assert!(confidential.profile.confidential);

    insert(store, &a_secret(1, 2)).await;
    for n in [1, 2] {
        assert!(store.delete_secret(client_uid(1), secret_uid(n)).await.answered());
    }
    assert_eq!(
        client(1).await,
        confidential,
        "and no later secret or its end changes it"
    );
    assert_eq!(client(2).await, a_client(2));

    replace(moment(10)).await;
    assert!(!client(1).await.profile.confidential);
    let expired = ClientSecret {
        expires_at: Some(moment(11)),
        ..a_secret(1, 3)
    };
    insert(store, &expired).await;
    assert!(client(1).await.profile.confidential);
    replace(moment(12)).await;
    assert!(!client(1).await.profile.confidential, "its only secret has expired");
}

pub async fn an_unknown_client_gets_no_secret(store: &dyn ClientStore) {
    with_clients(store).await;
    assert_eq!(insert(store, &a_secret(3, 1)).await, SecretInsertion::Unknown);
}

pub async fn a_client_has_so_many_secrets_and_no_more_expired_ones_included(store: &dyn ClientStore) {
    with_clients(store).await;
    let expired = ClientSecret {
        expires_at: Some(moment(0)),
        ..a_secret(1, 100)
    };
    insert(store, &expired).await;
    fill(store, 1).await;
    let before = secrets(store, 1).await;
    assert_eq!(before.len(), SECRETS_PER_CLIENT);
    let outcome = store.insert_secret(&a_secret(1, 50), Some(moment(51))).await.answered();
    assert_eq!(outcome, SecretInsertion::Full);
    assert_eq!(secrets(store, 1).await, before, "the deadlines of the others stay, too");
    assert_eq!(
        insert(store, &a_secret(2, 60)).await,
        SecretInsertion::Inserted,
        "another client has its own places"
    );
    assert!(store.delete_secret(client_uid(1), expired.uid).await.answered());
    assert_eq!(insert(store, &a_secret(1, 50)).await, SecretInsertion::Inserted);
}

pub async fn concurrent_insertions_stop_at_the_limit(store: &dyn ClientStore) {
    with_clients(store).await;
    fill(store, 1).await;
    let outcomes = at_once(RACERS, async |n| insert(store, &a_secret(1, 100 + n as u64)).await);
    assert_count(&outcomes, 1, |outcome| *outcome == SecretInsertion::Inserted);
    assert_count(&outcomes, RACERS - 1, |outcome| *outcome == SecretInsertion::Full);
    assert_eq!(secrets(store, 1).await.len(), SECRETS_PER_CLIENT);
}

pub async fn a_lookup_id_is_given_once_within_a_client(store: &dyn ClientStore) {
    with_clients(store).await;
    insert(store, &a_secret(1, 1)).await;
    let before = secrets(store, 1).await;
    let same = ClientSecret {
        lookup: a_secret(1, 1).lookup,
        ..a_secret(1, 2)
    };
    let outcome = store.insert_secret(&same, Some(moment(3))).await.answered();
    assert_eq!(outcome, SecretInsertion::LookupTaken);
    assert_eq!(secrets(store, 1).await, before, "the deadlines of the others stay, too");
    let elsewhere = ClientSecret {
        client: client_uid(2),
        ..same
    };
    assert_eq!(insert(store, &elsewhere).await, SecretInsertion::Inserted);
}

pub async fn lookup_ids_differ_by_case(store: &dyn ClientStore) {
    with_clients(store).await;
    for (n, text) in [(1, "ABCDefgh"), (2, "abcdefgh"), (3, "ABCDEFGH")] {
        let lookup = informer_oauth_domain::client_secret::SecretLookup::from_stored(text).expect("eight characters");
        let outcome = insert(
            store,
            &ClientSecret {
                lookup,
                ..a_secret(1, n)
            },
        )
        .await;
        assert_eq!(outcome, SecretInsertion::Inserted, "{text}");
    }
}

pub async fn of_concurrent_insertions_with_one_lookup_id_one_wins(store: &dyn ClientStore) {
    with_clients(store).await;
    let outcomes = at_once(RACERS, async |n| {
        let secret = ClientSecret {
            lookup: a_secret(1, 1).lookup,
            ..a_secret(1, 100 + n as u64)
        };
        insert(store, &secret).await
    });
    assert_count(&outcomes, 1, |outcome| *outcome == SecretInsertion::Inserted);
    assert_count(&outcomes, RACERS - 1, |outcome| {
        *outcome == SecretInsertion::LookupTaken
    });
}

pub async fn a_new_secret_only_shortens_the_life_of_the_others(store: &dyn ClientStore) {
    with_clients(store).await;
    let deadline = moment(100);
    let with_end = |n, expires_at: Timestamp| ClientSecret {
        expires_at: Some(expires_at),
        ..a_secret(1, n)
    };
    let others = [
        a_secret(1, 1),
        with_end(2, deadline + TICK),
        with_end(3, deadline),
        with_end(4, deadline.minus(TICK)),
    ];
    for secret in &others {
        insert(store, secret).await;
    }
    let foreign = a_secret(2, 5);
    insert(store, &foreign).await;

    let new = a_secret(1, 50);
    assert_eq!(
        store.insert_secret(&new, Some(deadline)).await.answered(),
        SecretInsertion::Inserted
    );

    let [lasting, later, same, earlier] = others;
    let shortened = |secret: ClientSecret| ClientSecret {
        expires_at: Some(deadline),
        updated_at: new.created_at,
        ..secret
    };
    let expected = [shortened(lasting), shortened(later), same, earlier, new.clone()];
    assert_eq!(secrets(store, 1).await, expected);
    assert_eq!(
        secrets(store, 2).await,
        [foreign],
        "another client's secrets keep theirs"
    );
}

pub async fn a_new_secret_keeps_its_own_deadline(store: &dyn ClientStore) {
    with_clients(store).await;
    let new = ClientSecret {
        expires_at: Some(moment(900)),
        ..a_secret(1, 1)
    };
    store.insert_secret(&new, Some(moment(100))).await.answered();
    assert_eq!(secrets(store, 1).await, [new]);
}

pub async fn a_secret_is_deleted_by_its_own_client_only(store: &dyn ClientStore) {
    with_clients(store).await;
    for n in [1, 2] {
        insert(store, &a_secret(1, n)).await;
    }
    assert!(!store.delete_secret(client_uid(2), secret_uid(1)).await.answered());
    assert!(!store.delete_secret(client_uid(1), secret_uid(9)).await.answered());
    assert_eq!(secrets(store, 1).await.len(), 2);
    assert!(store.delete_secret(client_uid(1), secret_uid(1)).await.answered());
    assert_eq!(secrets(store, 1).await, [a_secret(1, 2)]);
    assert!(!store.delete_secret(client_uid(1), secret_uid(1)).await.answered());
}

pub async fn of_concurrent_deletions_one_finds_the_secret(store: &dyn ClientStore) {
    with_clients(store).await;
    insert(store, &a_secret(1, 1)).await;
    let deleted = at_once(RACERS, async |_| {
        store.delete_secret(client_uid(1), secret_uid(1)).await.answered()
    });
    assert_count(&deleted, 1, |found| *found);
}

pub async fn the_last_use_of_a_secret_never_goes_backwards(store: &dyn ClientStore) {
    with_clients(store).await;
    for n in [1, 2] {
        insert(store, &a_secret(1, n)).await;
    }
    for (at, noted) in [(10, 10), (5, 10), (10, 10), (11, 11)] {
        store.touch_secret(secret_uid(1), moment(at)).await.answered();
        let expected = ClientSecret {
            last_used_at: Some(moment(noted)),
            ..a_secret(1, 1)
        };
        assert_eq!(secrets(store, 1).await, [expected, a_secret(1, 2)]);
    }
    store.touch_secret(secret_uid(9), moment(10)).await.answered();
}

pub async fn replacing_a_profile_leaves_the_secrets_alone(store: &dyn ClientStore) {
    with_clients(store).await;
    insert(store, &a_secret(1, 1)).await;
    let profile = crate::values::a_full_profile("Other");
    store.replace(client_uid(1), &profile, None, moment(9)).await.answered();
    assert_eq!(secrets(store, 1).await, [a_secret(1, 1)]);
}
