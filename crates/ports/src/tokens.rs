use async_trait::async_trait;
use informer_oauth_domain::{
    id::{ClientUid, TokenRecordId},
    timestamp::Timestamp,
    token_record::{Ending, Insertion, RevocationReason, Rotation, RotationRequest, TokenRecord},
};

use crate::{Page, PageRequest, StoreError};

/// Which token records are meant; `None` is any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TokenFilter {
    /// Granted to this client.
    pub client: Option<ClientUid>,
    /// Granted by this user.
    pub username: Option<String>,
}

/// Token records.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Adds a record, unless its id is barred (`Barred`) or was inserted before (`Exists`), or its grant
    /// was revoked by [`TokenStore::revoke_all`] at `created_at` or later (`Revoked`): then nothing changes. Atomic: of
    /// calls with one id one inserts, and of `insert` and [`TokenStore::bar`], in either order or at once, the outcome is a
    /// revoked record; of `insert` and `revoke_all`, a revoked record or none. What is in the way is judged by the rule of
    /// [`TokenRecord::in_the_way`].
    async fn insert(&self, record: &TokenRecord) -> Result<Insertion, StoreError>;

    /// Rotates a refresh token by the rule of [`TokenRecord::rotate`]. Atomic: of any number of calls that present the
    /// same live token, one gets `Rotated`.
    async fn rotate(&self, request: &RotationRequest) -> Result<Rotation, StoreError>;

    /// The record, live or not, while the store still has it.
    async fn find(&self, id: TokenRecordId) -> Result<Option<TokenRecord>, StoreError>;

    /// Ends a record. With `client`, only if it is that client's (otherwise `Unknown`). Atomic; the first reason stays. An
    /// expired record is marked as well, for replicas whose clock is behind, and had `EndedBefore`.
    async fn revoke(
        &self,
        id: TokenRecordId,
        client: Option<ClientUid>,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<Ending, StoreError>;

    /// Ends the record or, if it is not there, inserts it as [`TokenRecord::barred`] makes it, so that a later
    /// [`TokenStore::insert`] is refused. `record` is as its code describes it. `Ended` also when it was not there: this call is the one that ended it.
    async fn bar(&self, record: &TokenRecord, reason: RevocationReason, now: Timestamp) -> Result<Ending, StoreError>;

    /// Ends every live record that the filter means; how many it was. Also revokes grants made until `now` that
    /// are not records yet (unredeemed codes and approved devices): [`TokenStore::insert`] refuses them for a day, and by
    /// then they have expired. Atomic.
    async fn revoke_all(
        &self,
        filter: &TokenFilter,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Live records that the filter means, oldest first; so a page does not shift when records are added.
    async fn list(
        &self,
        filter: &TokenFilter,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<TokenRecord>, StoreError>;

    /// Notes that a record was used, if `at` is later than what is noted. Unknown records are passed over.
    async fn touch(&self, id: TokenRecordId, at: Timestamp) -> Result<(), StoreError>;

    /// When the oldest live record without expiry was made: signing keys from before it are not needed any more.
    async fn oldest_unexpiring(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Forgets up to `limit` records that expired, or were revoked without an expiry, before `before`; how many it was.
    /// Also purges revocations made before `before`, and counts them.
    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
