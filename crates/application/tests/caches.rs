//! The caches keep every obligation of the ports that they stand before, and what another replica does is seen within
//! [`STALENESS`], at once when told.

#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use informer_oauth_application::cache::{CachedClients, CachedTokens, STALENESS};
use informer_oauth_domain::{
    id::ClientRef,
    token_record::{RevocationReason, TokenRecord},
};
use informer_oauth_memory::{LocalChanges, Memory};
use informer_oauth_ports::{
    AuditLog, Change, Changes, ClientStore, ConsentStore, SigningKeyStore, TokenStore, UserDirectory,
};
use informer_oauth_testkit::{
    DurableStores, contract_suite, run,
    values::{NOW, a_client, a_record},
};

/// One replica: its caches before the store that all share.
struct Replica {
    clients: Arc<CachedClients>,
    tokens: Arc<CachedTokens>,
    shared: Memory,
    changes: LocalChanges,
}

impl Replica {
    fn over(shared: Memory) -> Self {
        let changes = LocalChanges::default();
        let clients = Arc::new(CachedClients::new(Arc::new(shared.clone()), 100));
        let tokens = Arc::new(CachedTokens::new(Arc::new(shared.clone()), 100));
        changes.subscribe(clients.clone());
        changes.subscribe(tokens.clone());
        Self { clients, tokens, shared, changes }
    }
}

impl DurableStores for Replica {
    fn clients(&self) -> &dyn ClientStore {
        &*self.clients
    }

    fn consents(&self) -> &dyn ConsentStore {
        &self.shared
    }

    fn audit(&self) -> &dyn AuditLog {
        &self.shared
    }

    fn keys(&self) -> &dyn SigningKeyStore {
        &self.shared
    }

    fn users(&self) -> &dyn UserDirectory {
        &self.shared
    }

    fn tokens(&self) -> &dyn TokenStore {
        &*self.tokens
    }
}

contract_suite!(durable: async || Replica::over(Memory::default()));

async fn until_stale() {
    tokio::time::sleep(STALENESS + Duration::from_millis(50)).await;
}

async fn is_live(replica: &Replica, record: &TokenRecord) -> bool {
    replica.tokens.find(record.id).await.unwrap().is_some_and(|found| found.is_live(NOW))
}

#[test]
fn a_revocation_elsewhere_is_seen_within_the_staleness_bound() {
    run(async {
        let shared = Memory::default();
        let (here, there) = (Replica::over(shared.clone()), Replica::over(shared));
        let record = a_record(1);
        here.tokens.insert(&record).await.unwrap();
        assert!(is_live(&here, &record).await && is_live(&there, &record).await);
        there.tokens.revoke(record.id, None, RevocationReason::User, NOW).await.unwrap();
        assert!(!is_live(&there, &record).await, "at once where it happened");
        until_stale().await;
        assert!(!is_live(&here, &record).await, "soon everywhere");
    });
}

#[test]
fn a_revocation_elsewhere_is_seen_at_once_when_told() {
    run(async {
        let shared = Memory::default();
        let here = Replica::over(shared.clone());
        let record = a_record(1);
        here.tokens.insert(&record).await.unwrap();
        assert!(is_live(&here, &record).await);
        TokenStore::revoke(&shared, record.id, None, RevocationReason::User, NOW).await.unwrap();
        assert!(is_live(&here, &record).await, "this is remembered: otherwise nothing is tested here");
        here.changes.publish(Change::TokenRecord(record.id)).await;
        assert!(!is_live(&here, &record).await);
    });
}

#[test]
fn a_client_deleted_elsewhere_is_gone_within_the_staleness_bound_or_when_told() {
    run(async {
        let shared = Memory::default();
        let (here, there) = (Replica::over(shared.clone()), Replica::over(shared.clone()));
        let client = a_client(1);
        ClientStore::insert(&shared, &client).await.unwrap();
        let by_id = ClientRef::ClientId(client.client_id);
        assert!(here.clients.registration(by_id).await.unwrap().is_some());
        assert!(there.clients.registration(by_id).await.unwrap().is_some());
        ClientStore::delete(&shared, client.uid, NOW).await.unwrap();
        assert!(here.clients.registration(by_id).await.unwrap().is_some(), "remembered");
        here.changes.publish(Change::Client(client.uid)).await;
        assert!(here.clients.registration(by_id).await.unwrap().is_none(), "told");
        until_stale().await;
        assert!(there.clients.registration(by_id).await.unwrap().is_none(), "not told");
    });
}
