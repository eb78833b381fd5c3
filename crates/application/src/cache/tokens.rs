use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use informer_oauth_domain::{
    id::{ClientUid, TokenRecordId},
    timestamp::Timestamp,
    token_record::{Ending, Insertion, RevocationReason, Rotation, RotationRequest, TokenRecord},
};
use informer_oauth_ports::{Change, ChangeListener, Page, PageRequest, StoreError, TokenFilter, TokenStore};

use super::remembered::Remembered;

/// Remembers token records that were found, for at most a second. Only [`TokenStore::find`] is answered from memory;
/// every change goes to the store and makes this process forget.
pub struct CachedTokens {
    inner: Arc<dyn TokenStore>,
    found: Remembered<TokenRecordId, TokenRecord, StoreError>,
}

impl CachedTokens {
    /// Wraps a store, remembering at most `capacity` records.
    pub fn new(inner: Arc<dyn TokenStore>, capacity: u64) -> Self {
        let found = Remembered::new("tokens", capacity);
        Self { inner, found }
    }
}

#[async_trait]
impl TokenStore for CachedTokens {
    async fn insert(&self, record: &TokenRecord) -> Result<Insertion, StoreError> {
        self.inner.insert(record).await
    }

    async fn rotate(&self, request: &RotationRequest) -> Result<Rotation, StoreError> {
        let rotation = self.inner.rotate(request).await;
        self.found.forget(&request.record);
        rotation
    }

    async fn find(&self, id: TokenRecordId) -> Result<Option<TokenRecord>, StoreError> {
        let read = || {
            let inner = Arc::clone(&self.inner);
            async move { inner.find(id).await }.boxed()
        };
        let found = self.found.get(&id, read).await?;
        Ok(found.map(|record| TokenRecord::clone(&record)))
    }

    async fn revoke(
        &self,
        id: TokenRecordId,
        client: Option<ClientUid>,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<Ending, StoreError> {
        let ending = self.inner.revoke(id, client, reason, now).await;
        self.found.forget(&id);
        ending
    }

    async fn bar(&self, record: &TokenRecord, reason: RevocationReason, now: Timestamp) -> Result<Ending, StoreError> {
        let ending = self.inner.bar(record, reason, now).await;
        self.found.forget(&record.id);
        ending
    }

    async fn revoke_all(
        &self,
        filter: &TokenFilter,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let revoked = self.inner.revoke_all(filter, reason, now).await;
        self.found.forget_all();
        revoked
    }

    async fn list(
        &self,
        filter: &TokenFilter,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<TokenRecord>, StoreError> {
        self.inner.list(filter, page, now).await
    }

    async fn touch(&self, id: TokenRecordId, at: Timestamp) -> Result<(), StoreError> {
        let touched = self.inner.touch(id, at).await;
        self.found.forget(&id);
        touched
    }

    async fn oldest_unexpiring(&self) -> Result<Option<Timestamp>, StoreError> {
        self.inner.oldest_unexpiring().await
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.purge(before, limit).await
    }
}

impl ChangeListener for CachedTokens {
    fn changed(&self, change: Change) {
        match change {
            Change::TokenRecord(id) => self.found.forget(&id),
            Change::TokenRecords | Change::Everything => self.found.forget_all(),
            Change::Client(_) | Change::Users | Change::SigningKeys => {}
        }
    }
}
