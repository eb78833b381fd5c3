//! Obligations of [`ConsentStore`](informer_oauth_ports::ConsentStore).

use informer_oauth_domain::{consent::Consent, scope::ScopeSet};

use super::{Answered, assert_count};
use crate::{
    DurableStores, at_once,
    concurrency::RACERS,
    values::{a_client, a_scope, client_uid, moment, resource, scope},
};

/// Consents are of clients that exist.
async fn with_clients(stores: &dyn DurableStores) {
    for n in [1, 2] {
        stores.clients().insert(&a_client(n)).await.answered();
    }
}

pub async fn what_was_never_allowed_is_not_on_record(stores: &dyn DurableStores) {
    with_clients(stores).await;
    assert_eq!(
        stores.consents().find("ada", client_uid(1), None).await.answered(),
        None
    );
    assert!(!stores.consents().forget("ada", client_uid(1)).await.answered());
}

pub async fn a_consent_is_read_back_as_it_was_given(stores: &dyn DurableStores) {
    with_clients(stores).await;
    for (username, asked) in [("ada", ScopeSet::ALL), ("O'Neill %_\\ é", scope("read:profile"))] {
        stores
            .consents()
            .remember(username, client_uid(1), None, asked, moment(3))
            .await
            .answered();
        let expected = Consent {
            username: username.to_owned(),
            client: client_uid(1),
            resource: None,
            scope: asked,
            created_at: moment(3),
            updated_at: moment(3),
        };
        assert_eq!(
            stores.consents().find(username, client_uid(1), None).await.answered(),
            Some(expected)
        );
    }
}

pub async fn a_later_consent_adds_to_the_earlier_one(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    consents
        .remember("ada", client_uid(1), None, scope("read:dataset"), moment(1))
        .await
        .answered();
    consents
        .remember("ada", client_uid(1), None, scope("write:global"), moment(2))
        .await
        .answered();
    let consent = consents
        .find("ada", client_uid(1), None)
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
        .remember("ada", client_uid(1), None, scope("read:dataset read:report"), moment(1))
        .await
        .answered();
    let before = consents.find("ada", client_uid(1), None).await.answered();
    consents
        .remember("ada", client_uid(1), None, scope("read:report"), moment(2))
        .await
        .answered();
    assert_eq!(consents.find("ada", client_uid(1), None).await.answered(), before);
}

pub async fn consents_are_kept_apart_by_user_and_by_client(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    consents
        .remember("ada", client_uid(1), None, scope("read:dataset"), moment(1))
        .await
        .answered();
    assert_eq!(consents.find("ada", client_uid(2), None).await.answered(), None);
    assert_eq!(
        consents.find("Ada", client_uid(1), None).await.answered(),
        None,
        "names are case-sensitive"
    );
    assert_eq!(consents.find("ad", client_uid(1), None).await.answered(), None);
}

pub async fn consents_are_kept_apart_by_resource(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    let long = format!("https://bi.example.com/{}", "x".repeat(2000));
    let resources = [None, Some(resource("https://bi.example.com/a")), Some(resource(&long))];
    for (n, resource) in (1..).zip(&resources) {
        consents
            .remember("ada", client_uid(1), resource.as_ref(), a_scope(n), moment(1))
            .await
            .answered();
    }
    for (n, resource) in (1..).zip(&resources) {
        let found = consents.find("ada", client_uid(1), resource.as_ref()).await.answered();
        let expected = Consent {
            username: "ada".to_owned(),
            client: client_uid(1),
            resource: resource.clone(),
            scope: a_scope(n),
            created_at: moment(1),
            updated_at: moment(1),
        };
        assert_eq!(found, Some(expected));
    }
    let other = resource("https://bi.example.com/A");
    assert_eq!(consents.find("ada", client_uid(1), Some(&other)).await.answered(), None);

    // One of them grows, all of them are listed, and all of them are forgotten.
    consents
        .remember("ada", client_uid(1), resources[1].as_ref(), ScopeSet::ALL, moment(2))
        .await
        .answered();
    consents
        .remember("ada", client_uid(2), resources[1].as_ref(), a_scope(1), moment(3))
        .await
        .answered();
    let listed = consents.list("ada").await.answered();
    let listed: Vec<_> = listed
        .into_iter()
        .map(|consent| (consent.client, consent.resource, consent.scope))
        .collect();
    let expected = [
        (client_uid(1), None, a_scope(1)),
        (client_uid(1), resources[1].clone(), ScopeSet::ALL),
        (client_uid(1), resources[2].clone(), a_scope(3)),
        (client_uid(2), resources[1].clone(), a_scope(1)),
    ];
    assert_eq!(listed, expected, "of one age by client and resource");
    assert!(consents.forget("ada", client_uid(1)).await.answered());
    let left = consents.list("ada").await.answered();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].client, client_uid(2));
    stores.clients().delete(client_uid(2), moment(7)).await.answered();
    assert_eq!(consents.list("ada").await.answered(), []);
}

pub async fn a_users_consents_are_listed_and_nobody_elses(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    for (username, client, at) in [("ada", 2, 1), ("bob", 1, 2), ("ada", 1, 3), ("Ada", 1, 4), ("ad", 2, 5)] {
        consents
            .remember(username, client_uid(client), None, scope("read:dataset"), moment(at))
            .await
            .answered();
    }
    let listed = async |username: &str| {
        let listed = consents.list(username).await.answered();
        for consent in &listed {
            let found = consents
                .find(username, consent.client, consent.resource.as_ref())
                .await
                .answered();
            assert_eq!(found.as_ref(), Some(consent), "what is listed is what is found");
        }
        listed.iter().map(|consent| consent.client).collect::<Vec<_>>()
    };
    assert_eq!(listed("ada").await, [client_uid(2), client_uid(1)], "oldest first");
    // A consent that grows keeps its place; one that is given again after forgetting is the youngest.
    consents
        .remember("ada", client_uid(2), None, ScopeSet::ALL, moment(6))
        .await
        .answered();
    assert_eq!(listed("ada").await, [client_uid(2), client_uid(1)]);
    consents.forget("ada", client_uid(2)).await.answered();
    assert_eq!(listed("ada").await, [client_uid(1)]);
    consents
        .remember("ada", client_uid(2), None, a_scope(1), moment(3))
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
            .remember(username, client_uid(client), None, scope("read:dataset"), moment(1))
            .await
            .answered();
    }
    assert!(consents.forget("ada", client_uid(1)).await.answered());
    assert_eq!(consents.find("ada", client_uid(1), None).await.answered(), None);
    assert!(consents.find("ada", client_uid(2), None).await.answered().is_some());
    assert!(consents.find("bob", client_uid(1), None).await.answered().is_some());
    assert!(
        !consents.forget("ada", client_uid(1)).await.answered(),
        "there is nothing left to forget"
    );
}

pub async fn a_consent_after_forgetting_starts_anew(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    consents
        .remember("ada", client_uid(1), None, scope("write:global"), moment(1))
        .await
        .answered();
    consents.forget("ada", client_uid(1)).await.answered();
    consents
        .remember("ada", client_uid(1), None, scope("read:dataset"), moment(2))
        .await
        .answered();
    let consent = consents
        .find("ada", client_uid(1), None)
        .await
        .answered()
        .expect("it is on record");
    assert_eq!((consent.scope, consent.created_at), (scope("read:dataset"), moment(2)));
}

pub async fn of_a_client_that_is_not_there_nothing_is_remembered(stores: &dyn DurableStores) {
    with_clients(stores).await;
    let consents = stores.consents();
    consents
        .remember("ada", client_uid(3), None, ScopeSet::ALL, moment(1))
        .await
        .answered();
    assert_eq!(consents.find("ada", client_uid(3), None).await.answered(), None);
}

pub async fn of_concurrent_consents_none_is_lost(stores: &dyn DurableStores) {
    with_clients(stores).await;
    at_once(RACERS, async |n| {
        stores
            .consents()
            .remember("ada", client_uid(1), None, a_scope(n), moment(1))
            .await
            .answered();
    });
    let consent = stores
        .consents()
        .find("ada", client_uid(1), None)
        .await
        .answered()
        .expect("it is on record");
    assert_eq!(consent.scope, ScopeSet::ALL);
}

pub async fn of_concurrent_forgettings_one_finds_something(stores: &dyn DurableStores) {
    with_clients(stores).await;
    stores
        .consents()
        .remember("ada", client_uid(1), None, ScopeSet::ALL, moment(1))
        .await
        .answered();
    let forgotten = at_once(RACERS, async |_| {
        stores.consents().forget("ada", client_uid(1)).await.answered()
    });
    assert_count(&forgotten, 1, |found| *found);
}
