use async_trait::async_trait;
use informer_oauth_domain::{
    consent::Consent, id::ClientUid, resource::Resource, scope::ScopeSet, timestamp::Timestamp,
};
use informer_oauth_ports::{ConsentStore, StoreError};

use crate::Memory;

/// Username, client, and the text of the resource; an empty text is the service's own audience.
pub(crate) type ConsentKey = (String, ClientUid, String);

fn key(username: &str, client: ClientUid, resource: Option<&Resource>) -> ConsentKey {
    let resource = resource.map_or_else(String::new, |resource| resource.as_str().to_owned());
    (username.to_owned(), client, resource)
}

#[async_trait]
impl ConsentStore for Memory {
    async fn find(
        &self,
        username: &str,
        client: ClientUid,
        resource: Option<&Resource>,
    ) -> Result<Option<Consent>, StoreError> {
        Ok(self.lock().consents.get(&key(username, client, resource)).cloned())
    }

    async fn list(&self, username: &str) -> Result<Vec<Consent>, StoreError> {
        let state = self.lock();
        let theirs = state.consents.values().filter(|consent| consent.username == username);
        let mut theirs: Vec<Consent> = theirs.cloned().collect();
        theirs.sort_by(|one, other| one.age().cmp(&other.age()));
        Ok(theirs)
    }

    async fn remember(
        &self,
        username: &str,
        client: ClientUid,
        resource: Option<&Resource>,
        scope: ScopeSet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        if !state.clients.contains_key(&client) {
            return Ok(());
        }
        let consent = state
            .consents
            .entry(key(username, client, resource))
            .or_insert_with(|| Consent {
                username: username.to_owned(),
                client,
                resource: resource.cloned(),
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
        let mut state = self.lock();
        let before = state.consents.len();
        state
            .consents
            .retain(|_, consent| consent.username != username || consent.client != client);
        Ok(state.consents.len() < before)
    }
}
