//! Obligations of deleting a client, which reaches several ports.

use informer_oauth_domain::{
    client::Client,
    client_secret::ClientSecret,
    id::ClientRef,
    scope::ScopeSet,
    token_record::{Revocation, RevocationReason, TokenRecord},
};
use informer_oauth_ports::{ClientDeletion, ClientInsertion, EventFilter, SecretInsertion};

use super::{ALL, Answered, assert_count};
use crate::{
    DurableStores, at_once,
    concurrency::RACERS,
    values::{
        a_client, a_lasting_record, a_record, a_secret, an_event, an_icon, client_id, client_uid, moment, record_id,
        seconds,
    },
};

/// Two clients with two of everything, and the time of the deletion.
async fn furnish(stores: &dyn DurableStores) {
    for n in [1, 2] {
        stores.clients().insert(&a_client(n)).await.answered();
        for secret in [10 * n, 10 * n + 1] {
            let secret = a_secret(n, secret);
            assert_eq!(
                stores.clients().insert_secret(&secret, None).await.answered(),
                SecretInsertion::Inserted
            );
        }
        assert!(
            stores
                .clients()
                .set_icon(client_uid(n), Some(&an_icon(n)))
                .await
                .answered()
        );
        for username in ["ada", "bob"] {
            stores
                .consents()
                .remember(username, client_uid(n), None, ScopeSet::ALL, moment(1))
                .await
                .answered();
        }
        for record in [a_record(10 * n), a_lasting_record(10 * n + 1)] {
            let record = TokenRecord {
                client: client_uid(n),
                client_id: client_id(n),
                ..record
            };
            stores.tokens().insert(&record).await.answered();
        }
    }
}

pub async fn deleting_a_client_takes_all_that_is_its_own(stores: &dyn DurableStores) {
    furnish(stores).await;
    let now = moment(1000);
    assert_eq!(
        stores.clients().delete(client_uid(1), now).await.answered(),
        ClientDeletion::Deleted { revoked: 2 }
    );

    for by in [ClientRef::Uid(client_uid(1)), ClientRef::ClientId(client_id(1))] {
        assert_eq!(stores.clients().registration(by).await.answered(), None);
    }
    assert_eq!(stores.clients().icon(client_uid(1)).await.answered(), None);
    assert!(
        !stores
            .clients()
            .delete_secret(client_uid(1), a_secret(1, 10).uid)
            .await
            .answered()
    );
    for username in ["ada", "bob"] {
        assert_eq!(
            stores.consents().find(username, client_uid(1), None).await.answered(),
            None
        );
    }
    for n in [10, 11] {
        let record = stores
            .tokens()
            .find(record_id(n))
            .await
            .answered()
            .expect("what is revoked stays on record");
        assert_eq!(
            record.revoked,
            Some(Revocation {
                at: now,
                reason: RevocationReason::ClientDeleted
            })
        );
    }
}

pub async fn deleting_a_client_leaves_the_others_alone(stores: &dyn DurableStores) {
    furnish(stores).await;
    stores.clients().delete(client_uid(1), moment(1000)).await.answered();
    let kept = stores
        .clients()
        .registration(ClientRef::Uid(client_uid(2)))
        .await
        .answered()
        .expect("the client is there");
    let mut confidential = a_client(2);
    confidential.profile.confidential = true;
    assert_eq!(kept.client, confidential);
    assert_eq!(kept.secrets, [a_secret(2, 20), a_secret(2, 21)]);
    assert_eq!(stores.clients().icon(client_uid(2)).await.answered(), Some(an_icon(2)));
    assert!(
        stores
            .consents()
            .find("ada", client_uid(2), None)
            .await
            .answered()
            .is_some()
    );
    for n in [20, 21] {
        let record = stores
            .tokens()
            .find(record_id(n))
            .await
            .answered()
            .expect("the record is there");
        assert_eq!(record.revoked, None);
    }
}

pub async fn deleting_a_client_counts_what_it_ended_and_keeps_earlier_reasons(stores: &dyn DurableStores) {
    furnish(stores).await;
    let ended = a_record(12);
    stores.tokens().insert(&ended).await.answered();
    stores
        .tokens()
        .revoke(ended.id, None, RevocationReason::User, moment(20))
        .await
        .answered();
    let now = moment(1000);
    let expired = TokenRecord {
        expires_at: Some(now),
        ..a_record(13)
    };
    stores.tokens().insert(&expired).await.answered();
    assert_eq!(
        stores.clients().delete(client_uid(1), now).await.answered(),
        ClientDeletion::Deleted { revoked: 2 }
    );
    let record = stores
        .tokens()
        .find(ended.id)
        .await
        .answered()
        .expect("what is revoked stays on record");
    assert_eq!(
        record.revoked,
        Some(Revocation {
            at: moment(20),
            reason: RevocationReason::User
        })
    );
}

pub async fn a_client_is_deleted_once(stores: &dyn DurableStores) {
    furnish(stores).await;
    let now = moment(1000);
    let outcomes = at_once(RACERS, async |_| {
        stores.clients().delete(client_uid(1), now).await.answered()
    });
    assert_count(&outcomes, 1, |outcome| {
        *outcome == ClientDeletion::Deleted { revoked: 2 }
    });
    assert_count(&outcomes, RACERS - 1, |outcome| *outcome == ClientDeletion::Unknown);
    assert_eq!(
        stores.clients().delete(client_uid(9), now).await.answered(),
        ClientDeletion::Unknown
    );
}

pub async fn the_audit_log_outlives_the_client(stores: &dyn DurableStores) {
    furnish(stores).await;
    stores.audit().append(&an_event(1)).await.answered();
    stores.clients().delete(client_uid(1), moment(1000)).await.answered();
    let about = EventFilter {
        client: Some(client_uid(1)),
        ..EventFilter::default()
    };
    assert_eq!(stores.audit().list(&about, ALL).await.answered().items, [an_event(1)]);
}

pub async fn a_deleted_clients_public_id_can_be_given_anew_and_brings_nothing_back(stores: &dyn DurableStores) {
    furnish(stores).await;
    stores.clients().delete(client_uid(1), moment(1000)).await.answered();
    let again = Client {
        uid: client_uid(3),
        ..a_client(1)
    };
    assert_eq!(
        stores.clients().insert(&again).await.answered(),
        ClientInsertion::Inserted
    );
    let kept = stores
        .clients()
        .registration(ClientRef::ClientId(client_id(1)))
        .await
        .answered()
        .expect("the client is there");
    assert_eq!((&kept.client, kept.secrets.len()), (&again, 0));
}

pub async fn secrets_added_while_their_client_is_deleted_do_not_stay_behind(stores: &dyn DurableStores) {
    furnish(stores).await;
    at_once(RACERS, async |n| {
        if n == RACERS / 2 {
            stores.clients().delete(client_uid(1), moment(1000)).await.answered();
        } else {
            let secret = ClientSecret {
                created_at: moment(1000) + seconds(n as u64),
                ..a_secret(1, 100 + n as u64)
            };
            stores.clients().insert_secret(&secret, None).await.answered();
        }
    });
    assert_eq!(
        stores.clients().insert(&a_client(1)).await.answered(),
        ClientInsertion::Inserted
    );
    let kept = stores
        .clients()
        .registration(ClientRef::Uid(client_uid(1)))
        .await
        .answered()
        .expect("the client is there");
    assert_eq!(
        kept.secrets,
        [],
        "a client of the same id finds nothing of the one before"
    );
}
