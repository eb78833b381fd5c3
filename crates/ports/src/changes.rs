use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use informer_oauth_domain::id::{ClientUid, TokenRecordId};

/// Something that caches may hold has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// A client, its secrets or its existence.
    Client(ClientUid),
    /// One token record ended or was rotated.
    TokenRecord(TokenRecordId),
    /// Many token records ended.
    TokenRecords,
    /// A local user was locked or unlocked, or has another password.
    Users,
    /// Signing keys advanced.
    SigningKeys,
    /// Anything: nobody knows what was missed. Forget all that is remembered.
    Everything,
}

/// Hears of changes, from this process and others.
pub trait ChangeListener: Send + Sync {
    /// Called once per change; must not wait.
    fn changed(&self, change: Change);
}

/// Tells every process of this installation that something changed. It is a hint that makes caches fresh at once: they
/// must be right within a second also without it.
#[async_trait]
pub trait Changes: Send + Sync {
    /// Tells everyone, this process included. Failing is not an error of the caller's.
    async fn publish(&self, change: Change);

    /// Waits until everyone has been told of what was published before, for at most `patience`; whether they have. For a
    /// process that ends.
    async fn told(&self, patience: Duration) -> bool;

    /// Adds a listener for the life of the process.
    fn subscribe(&self, listener: Arc<dyn ChangeListener>);
}
