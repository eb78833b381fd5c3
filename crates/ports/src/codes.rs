use std::time::Duration;

use async_trait::async_trait;
use informer_oauth_domain::{
    attempts::Attempts,
    code::{AuthorizationCode, CodePresentation, CodeRedemption},
    secret::Digest,
    timestamp::Timestamp,
    user::Session,
};

use crate::StoreError;

/// Authorization codes: short-lived, single use.
#[async_trait]
pub trait CodeStore: Send + Sync {
    /// Keeps a code. Digests are of 256 random bits, so none is ever there already.
    async fn insert(&self, code: &AuthorizationCode) -> Result<(), StoreError>;

    /// Uses a code up, if it fits [`AuthorizationCode::matches`]. Atomic: of any number of calls that fit, in any
    /// process, one gets `Redeemed`; those of the code's client that come after get `Replayed`, at least until
    /// [`informer_oauth_domain::code::REPLAY_MEMORY`] after its expiry, whatever else they present. A call that does not
    /// fit changes nothing; another client learns only `Refused(Client)`, before and after use.
    async fn redeem(
        &self,
        digest: &Digest,
        presented: &CodePresentation,
        now: Timestamp,
    ) -> Result<CodeRedemption, StoreError>;

    /// Forgets up to `limit` codes that are past their use and their memory; how many it was: none where the store
    /// forgets by itself.
    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// Signed-in browsers, known by the digest of their cookie.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Keeps a session.
    async fn insert(&self, digest: &Digest, session: &Session) -> Result<(), StoreError>;

    /// The session, unless it has expired at `now`.
    async fn find(&self, digest: &Digest, now: Timestamp) -> Result<Option<Session>, StoreError>;

    /// Ends a session; ending none is fine.
    async fn remove(&self, digest: &Digest) -> Result<(), StoreError>;

    /// Ends every session of a user: after a lock or a new password.
    async fn remove_all(&self, username: &str) -> Result<(), StoreError>;

    /// Forgets up to `limit` expired sessions; how many it was: none where the store forgets by itself.
    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// Counts attempts in fixed windows.
#[async_trait]
pub trait AttemptCounter: Send + Sync {
    /// Counts one more and returns the count with it. The first attempt opens a window of `window`; the first after its
    /// end opens a new one. Atomic: concurrent calls get different counts.
    async fn record(&self, key: &str, window: Duration, now: Timestamp) -> Result<Attempts, StoreError>;

    /// The count, without counting.
    async fn peek(&self, key: &str, now: Timestamp) -> Result<Attempts, StoreError>;

    /// Takes one attempt back: it was counted ahead of a check that then did not happen. A window that has ended, or
    /// counts nothing, stays as it is; one whose only attempt is taken back is forgotten. Atomic.
    async fn take_back(&self, key: &str, now: Timestamp) -> Result<(), StoreError>;

    /// Forgets a key's attempts.
    async fn clear(&self, key: &str) -> Result<(), StoreError>;

    /// Forgets up to `limit` windows that have ended; how many it was: none where the store forgets by itself.
    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
