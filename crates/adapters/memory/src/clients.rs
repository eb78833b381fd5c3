use std::sync::Arc;

use async_trait::async_trait;
use informer_oauth_domain::{
    client::{Client, ClientProfile, Registration},
    client_secret::{ClientSecret, SECRETS_PER_CLIENT},
    id::{ClientRef, ClientUid, SecretUid},
    text::fold,
    timestamp::Timestamp,
    token_record::RevocationReason,
};
use informer_oauth_ports::{
    ClientDeletion, ClientInsertion, ClientReplacement, ClientSort, ClientStore, Icon, Page, PageRequest,
    SecretInsertion, StoreError, TokenFilter,
};

use crate::{Memory, state::page_of, tokens::revoke_all};

#[async_trait]
impl ClientStore for Memory {
    async fn registration(&self, client: ClientRef) -> Result<Option<Arc<Registration>>, StoreError> {
        let state = self.lock();
        let client = match client {
            ClientRef::Uid(uid) => state.clients.get(&uid),
            ClientRef::ClientId(id) => state.clients.values().find(|client| client.client_id == id),
        };
        Ok(client.map(|client| {
            let mut secrets: Vec<ClientSecret> = state
                .secrets
                .values()
                .filter(|secret| secret.client == client.uid)
                .cloned()
                .collect();
            secrets.sort_by_key(|secret| (secret.created_at, secret.uid));
            Arc::new(Registration {
                client: client.clone(),
                secrets,
            })
        }))
    }

    async fn list(
        &self,
        text: Option<&str>,
        sort: ClientSort,
        descending: bool,
        page: PageRequest,
    ) -> Result<Page<Client>, StoreError> {
        let text = text.map(fold);
        let matches = |client: &&Client| {
            text.as_deref().is_none_or(|text| {
                fold(&client.profile.name).contains(text) || fold(&client.profile.description).contains(text)
            })
        };
        let mut clients: Vec<Client> = self.lock().clients.values().filter(matches).cloned().collect();
        clients.sort_by(|one, other| {
            let order = match sort {
                ClientSort::Name => fold(&one.profile.name).cmp(&fold(&other.profile.name)),
                ClientSort::CreatedAt => one.created_at.cmp(&other.created_at),
                ClientSort::UpdatedAt => one.updated_at.cmp(&other.updated_at),
            };
            let order = order.then(one.uid.cmp(&other.uid));
            if descending { order.reverse() } else { order }
        });
        Ok(page_of(clients, page))
    }

    async fn insert(&self, client: &Client) -> Result<ClientInsertion, StoreError> {
        let mut state = self.lock();
        if state.clients.values().any(|other| other.client_id == client.client_id) {
            return Ok(ClientInsertion::Taken);
        }
        state.clients.insert(client.uid, client.clone());
        Ok(ClientInsertion::Inserted)
    }

    async fn replace(
        &self,
        client: ClientUid,
        profile: &ClientProfile,
        expected: Option<i64>,
        now: Timestamp,
    ) -> Result<ClientReplacement, StoreError> {
        let mut state = self.lock();
        let can_authenticate = state
            .secrets
            .values()
            .any(|secret| secret.client == client && secret.is_live(now));
        let Some(client) = state.clients.get_mut(&client) else {
            return Ok(ClientReplacement::Unknown);
        };
        if expected.is_some_and(|expected| expected != client.revision) {
            return Ok(ClientReplacement::Stale);
        }
        client.profile = ClientProfile {
            confidential: profile.confidential || can_authenticate,
            ..profile.clone()
        };
        client.updated_at = now;
        client.revision = client.revision.saturating_add(1);
        Ok(ClientReplacement::Replaced(client.clone()))
    }

    async fn delete(&self, client: ClientUid, now: Timestamp) -> Result<ClientDeletion, StoreError> {
        let mut state = self.lock();
        if state.clients.remove(&client).is_none() {
            return Ok(ClientDeletion::Unknown);
        }
        state.secrets.retain(|_, secret| secret.client != client);
        state.icons.remove(&client);
        state.consents.retain(|_, consent| consent.client != client);
        let its = TokenFilter {
            client: Some(client),
            username: None,
        };
        let revoked = revoke_all(&mut state.tokens, &its, RevocationReason::ClientDeleted, now);
        Ok(ClientDeletion::Deleted { revoked })
    }

    async fn insert_secret(
        &self,
        secret: &ClientSecret,
        others_expire_at: Option<Timestamp>,
    ) -> Result<SecretInsertion, StoreError> {
        let mut state = self.lock();
        if !state.clients.contains_key(&secret.client) {
            return Ok(SecretInsertion::Unknown);
        }
        let mut others: Vec<&mut ClientSecret> = state
            .secrets
            .values_mut()
            .filter(|other| other.client == secret.client)
            .collect();
        if others.len() >= SECRETS_PER_CLIENT {
            return Ok(SecretInsertion::Full);
        }
        if others.iter().any(|other| other.lookup == secret.lookup) {
            return Ok(SecretInsertion::LookupTaken);
        }
        if let Some(deadline) = others_expire_at {
            for other in others
                .iter_mut()
                .filter(|other| other.expires_at.is_none_or(|at| deadline < at))
            {
                other.expires_at = Some(deadline);
                other.updated_at = secret.created_at;
            }
        }
        state.secrets.insert(secret.uid, secret.clone());
        if let Some(client) = state.clients.get_mut(&secret.client) {
            client.profile.confidential = true;
        }
        Ok(SecretInsertion::Inserted)
    }

    async fn delete_secret(&self, client: ClientUid, secret: SecretUid) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let its_own = state.secrets.get(&secret).is_some_and(|secret| secret.client == client);
        if its_own {
            state.secrets.remove(&secret);
        }
        Ok(its_own)
    }

    async fn touch_secret(&self, secret: SecretUid, at: Timestamp) -> Result<(), StoreError> {
        if let Some(secret) = self.lock().secrets.get_mut(&secret) {
            secret.last_used_at = secret.last_used_at.max(Some(at));
        }
        Ok(())
    }

    async fn icon(&self, client: ClientUid) -> Result<Option<Icon>, StoreError> {
        Ok(self.lock().icons.get(&client).cloned())
    }

    async fn set_icon(&self, client: ClientUid, icon: Option<&Icon>) -> Result<bool, StoreError> {
        let mut state = self.lock();
        if !state.clients.contains_key(&client) {
            return Ok(false);
        }
        match icon {
            Some(icon) => state.icons.insert(client, icon.clone()),
            None => state.icons.remove(&client),
        };
        Ok(true)
    }
}
