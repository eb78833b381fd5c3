use async_trait::async_trait;
use informer_oauth_domain::{consent::Consent, id::ClientUid, scope::ScopeSet, timestamp::Timestamp};
use informer_oauth_ports::{ConsentStore, StoreError};

use crate::Memory;

#[async_trait]
impl ConsentStore for Memory {
    async fn find(&self, username: &str, client: ClientUid) -> Result<Option<Consent>, StoreError> {
        Ok(self.lock().consents.get(&(username.to_owned(), client)).cloned())
    }

    async fn list(&self, username: &str) -> Result<Vec<Consent>, StoreError> {
        let state = self.lock();
        let theirs = state.consents.values().filter(|consent| consent.username == username);
        let mut theirs: Vec<Consent> = theirs.cloned().collect();
        theirs.sort_by_key(|consent| (consent.created_at, consent.client));
        Ok(theirs)
    }

    async fn remember(
        &self,
        username: &str,
        client: ClientUid,
        scope: ScopeSet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        if !state.clients.contains_key(&client) {
            return Ok(());
        }
        let consent = state
            .consents
            .entry((username.to_owned(), client))
            .or_insert_with(|| Consent {
                username: username.to_owned(),
                client,
                scope,
                created_at: now,
                updated_at: now,
            });
        if !consent.covers(scope) {
            consent.scope = consent.scope.union(scope);
            consent.updated_at = now;
        }
        Ok(())
    }

    async fn forget(&self, username: &str, client: ClientUid) -> Result<bool, StoreError> {
        Ok(self.lock().consents.remove(&(username.to_owned(), client)).is_some())
    }
}
