use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use informer_oauth_domain::{
    client::{Client, ClientProfile, Registration},
    client_secret::ClientSecret,
    id::{ClientId, ClientRef, ClientUid, SecretUid},
    timestamp::Timestamp,
};
use informer_oauth_ports::{
    Change, ChangeListener, ClientDeletion, ClientInsertion, ClientReplacement, ClientSort, ClientStore, Icon, Page,
    PageRequest, SecretInsertion, StoreError,
};

use super::remembered::Remembered;

/// Remembers registrations that were looked up by `client_id`, for at most a second. Every change goes to the store and
/// makes this process forget.
pub struct CachedClients {
    inner: Arc<dyn ClientStore>,
    known: Remembered<ClientId, Arc<Registration>, StoreError>,
}

impl CachedClients {
    /// Wraps a store, remembering at most `capacity` clients.
    pub fn new(inner: Arc<dyn ClientStore>, capacity: u64) -> Self {
        let known = Remembered::new("clients", capacity);
        Self { inner, known }
    }

    fn forget(&self, client: ClientUid) {
        self.known.forget_where(|known| known.client.uid == client);
    }
}

#[async_trait]
impl ClientStore for CachedClients {
    async fn registration(&self, client: ClientRef) -> Result<Option<Arc<Registration>>, StoreError> {
        let ClientRef::ClientId(id) = client else {
            return self.inner.registration(client).await;
        };
        let read = || {
            let inner = Arc::clone(&self.inner);
            async move { inner.registration(client).await }.boxed()
        };
        let known = self.known.get(&id, read).await?;
        Ok(known.map(|known| Arc::<Registration>::clone(&known)))
    }

    async fn list(
        &self,
        text: Option<&str>,
        sort: ClientSort,
        descending: bool,
        page: PageRequest,
    ) -> Result<Page<Client>, StoreError> {
        self.inner.list(text, sort, descending, page).await
    }

    async fn insert(&self, client: &Client) -> Result<ClientInsertion, StoreError> {
        let inserted = self.inner.insert(client).await;
        // Somebody may be finding out that there is none yet.
        self.known.forget(&client.client_id);
        inserted
    }

    async fn replace(
        &self,
        client: ClientUid,
        profile: &ClientProfile,
        expected: Option<i64>,
        now: Timestamp,
    ) -> Result<ClientReplacement, StoreError> {
        let replaced = self.inner.replace(client, profile, expected, now).await;
        self.forget(client);
        replaced
    }

    async fn delete(&self, client: ClientUid, now: Timestamp) -> Result<ClientDeletion, StoreError> {
        let deleted = self.inner.delete(client, now).await;
        self.forget(client);
        deleted
    }

    async fn insert_secret(
        &self,
        secret: &ClientSecret,
        others_expire_at: Option<Timestamp>,
    ) -> Result<SecretInsertion, StoreError> {
        let inserted = self.inner.insert_secret(secret, others_expire_at).await;
        self.forget(secret.client);
        inserted
    }

    async fn delete_secret(&self, client: ClientUid, secret: SecretUid) -> Result<bool, StoreError> {
        let deleted = self.inner.delete_secret(client, secret).await;
        self.forget(client);
        deleted
    }

    async fn touch_secret(&self, secret: SecretUid, at: Timestamp) -> Result<(), StoreError> {
        let touched = self.inner.touch_secret(secret, at).await;
        // Otherwise every request until the entry expires would find the use not noted yet, and note it again.
        self.known
            .forget_where(|known| known.secrets.iter().any(|held| held.uid == secret));
        touched
    }

    async fn icon(&self, client: ClientUid) -> Result<Option<Icon>, StoreError> {
        self.inner.icon(client).await
    }

    async fn set_icon(&self, client: ClientUid, icon: Option<&Icon>) -> Result<bool, StoreError> {
        self.inner.set_icon(client, icon).await
    }
}

impl ChangeListener for CachedClients {
    fn changed(&self, change: Change) {
        match change {
            Change::Client(client) => self.forget(client),
            Change::Everything => self.known.forget_all(),
            Change::TokenRecord(_) | Change::TokenRecords | Change::Users | Change::SigningKeys => {}
        }
    }
}
