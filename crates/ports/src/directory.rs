use async_trait::async_trait;
use informer_oauth_domain::{secret::SecretHash, timestamp::Timestamp, user::LocalUser};

use crate::{Page, PageRequest, StoreError};

/// What adding a user came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserInsertion {
    /// The user is there now.
    Inserted,
    /// The name is taken.
    Taken,
}

/// The local users.
#[async_trait]
pub trait UserDirectory: Send + Sync {
    /// A user by name (case-sensitive).
    async fn find(&self, username: &str) -> Result<Option<LocalUser>, StoreError>;

    /// Users by name.
    async fn list(&self, page: PageRequest) -> Result<Page<LocalUser>, StoreError>;

    /// Adds a user. Atomic: of calls with one name, one inserts.
    async fn insert(&self, user: &LocalUser) -> Result<UserInsertion, StoreError>;

    /// Adds a user if there is none at all: the first administrator. Atomic: of any number of calls one inserts.
    async fn insert_first(&self, user: &LocalUser) -> Result<UserInsertion, StoreError>;

    /// Replaces a password; false when there is no such user. The user's `updated_at` is `now`, or just after what it was
    /// where that is later.
    async fn set_password(&self, username: &str, password: &SecretHash, now: Timestamp) -> Result<bool, StoreError>;

    /// Locks or unlocks; false when there is no such user. `updated_at` changes as by [`UserDirectory::set_password`].
    async fn set_locked(&self, username: &str, locked: bool, now: Timestamp) -> Result<bool, StoreError>;
}
