//! Obligations of [`ConsentStore`](informer_oauth_ports::ConsentStore).

use informer_oauth_domain::{consent::Consent, scope::ScopeSet};

use super::{Answered, count};
use crate::{
    DurableStores, at_once,
    concurrency::RACERS,
    values::{a_client, a_scope, client_uid, moment, scope},
};

/// Consents are of clients that exist.
async fn with_clients(stores: &dyn DurableStores) {
    for n in [1, 2] {
        stores.clients().insert(&a_client(n)).await.answered();
    }
}

pub async fn what_was_never_allowed_is_not_on_record(stores: &dyn DurableStores) {
    with_clients(stores).await;
    assert_eq!(stores.consents().find("ada", client_uid(1)).await.answered(), None);
    assert!(!stores.consents().forget("ada", client_uid(1)).await.answered());
}

pub async fn a_consent_is_read_back_as_it_was_given(stores: &dyn DurableStores) {
    with_clients(stores).await;
    for (username, asked) in [("ada", ScopeSet::ALL), ("O'Neill %_\\ é", scope("read:profile"))] {
        stores
            .consents()
            .remember(username, client_uid(1), asked, moment(3))
            .await
            .answered();
        let expected = Consent {
            username: username.to_owned(),
            client: client_uid(1),
            scope: asked,
            created_at: moment(3),
            updated_at: moment(3),
        };
        assert_eq!(
            stores.consents().find(username, client_uid(1)).await.answered(),
            Some(expected)
        );
    }
}

pub async fn a_later_consent_adds_to_the_earlier_one(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    consents
        .remember("ada", client_uid(1), scope("read:dataset"), moment(1))
        .await
        .answered();
    consents
        .remember("ada", client_uid(1), scope("write:global"), moment(2))
        .await
        .answered();
    let consent = consents
        .find("ada", client_uid(1))
        .await
        .answered()
        .expect("it is on record");
    assert_eq!(consent.scope, scope("read:dataset write:global"));
    assert_eq!((consent.created_at, consent.updated_at), (moment(1), moment(2)));
}

pub async fn a_consent_that_adds_nothing_changes_nothing(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    consents
        .remember("ada", client_uid(1), scope("read:dataset read:report"), moment(1))
        .await
        .answered();
    let before = consents.find("ada", client_uid(1)).await.answered();
    consents
        .remember("ada", client_uid(1), scope("read:report"), moment(2))
        .await
        .answered();
    assert_eq!(consents.find("ada", client_uid(1)).await.answered(), before);
}

pub async fn consents_are_kept_apart_by_user_and_by_client(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    consents
        .remember("ada", client_uid(1), scope("read:dataset"), moment(1))
        .await
        .answered();
    assert_eq!(consents.find("ada", client_uid(2)).await.answered(), None);
    assert_eq!(
        consents.find("Ada", client_uid(1)).await.answered(),
        None,
        "names are case-sensitive"
    );
    assert_eq!(consents.find("ad", client_uid(1)).await.answered(), None);
}

pub async fn a_users_consents_are_listed_and_nobody_elses(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    for (username, client, at) in [("ada", 2, 1), ("bob", 1, 2), ("ada", 1, 3), ("Ada", 1, 4), ("ad", 2, 5)] {
        consents
            .remember(username, client_uid(client), scope("read:dataset"), moment(at))
            .await
            .answered();
    }
    let listed = async |username: &str| {
        let listed = consents.list(username).await.answered();
        for consent in &listed {
            let found = consents.find(username, consent.client).await.answered();
            assert_eq!(found.as_ref(), Some(consent), "what is listed is what is found");
        }
        listed.iter().map(|consent| consent.client).collect::<Vec<_>>()
    };
    assert_eq!(listed("ada").await, [client_uid(2), client_uid(1)], "oldest first");
    // A consent that grows keeps its place; one that is given again after forgetting is the youngest.
    consents
        .remember("ada", client_uid(2), ScopeSet::ALL, moment(6))
        .await
        .answered();
    assert_eq!(listed("ada").await, [client_uid(2), client_uid(1)]);
    consents.forget("ada", client_uid(2)).await.answered();
    assert_eq!(listed("ada").await, [client_uid(1)]);
    consents
        .remember("ada", client_uid(2), a_scope(1), moment(3))
        .await
        .answered();
    assert_eq!(
        listed("ada").await,
        [client_uid(1), client_uid(2)],
        "of one age by client"
    );
    assert_eq!(listed("carol").await, []);
    stores.clients().delete(client_uid(1), moment(7)).await.answered();
    assert_eq!((listed("bob").await, listed("Ada").await), (vec![], vec![]));
}

pub async fn forgetting_takes_one_consent_only(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    for (username, client) in [("ada", 1), ("ada", 2), ("bob", 1)] {
        consents
            .remember(username, client_uid(client), scope("read:dataset"), moment(1))
            .await
            .answered();
    }
    assert!(consents.forget("ada", client_uid(1)).await.answered());
    assert_eq!(consents.find("ada", client_uid(1)).await.answered(), None);
    assert!(consents.find("ada", client_uid(2)).await.answered().is_some());
    assert!(consents.find("bob", client_uid(1)).await.answered().is_some());
    assert!(
        !consents.forget("ada", client_uid(1)).await.answered(),
        "there is nothing left to forget"
    );
}

pub async fn a_consent_after_forgetting_starts_anew(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    consents
        .remember("ada", client_uid(1), scope("write:global"), moment(1))
        .await
        .answered();
    consents.forget("ada", client_uid(1)).await.answered();
    consents
        .remember("ada", client_uid(1), scope("read:dataset"), moment(2))
        .await
        .answered();
    let consent = consents
        .find("ada", client_uid(1))
        .await
        .answered()
        .expect("it is on record");
    assert_eq!((consent.scope, consent.created_at), (scope("read:dataset"), moment(2)));
}

pub async fn of_a_client_that_is_not_there_nothing_is_remembered(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    consents
        .remember("ada", client_uid(3), ScopeSet::ALL, moment(1))
        .await
        .answered();
    assert_eq!(consents.find("ada", client_uid(3)).await.answered(), None);
}

pub async fn of_concurrent_consents_none_is_lost(stores: &dyn DurableStores) {
    with_clients(stores).await;
    at_once(RACERS, async |n| {
        stores
            .consents()
            .remember("ada", client_uid(1), a_scope(n), moment(1))
            .await
            .answered();
    });
    let consent = stores
        .consents()
        .find("ada", client_uid(1))
        .await
        .answered()
        .expect("it is on record");
    assert_eq!(consent.scope, ScopeSet::ALL);
}

pub async fn of_concurrent_forgettings_one_finds_something(stores: &dyn DurableStores) {
    with_clients(stores).await;
    stores
        .consents()
        .remember("ada", client_uid(1), ScopeSet::ALL, moment(1))
        .await
        .answered();
    let forgotten = at_once(RACERS, async |_| {
        stores.consents().forget("ada", client_uid(1)).await.answered()
    });
    assert_eq!(count(&forgotten, |found| *found), 1);
}
