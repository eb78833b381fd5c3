use informer_oauth_domain::{timestamp::Timestamp, user::Superuser};
use informer_oauth_ports::{KeyPurpose, KeyState, SealedKey};

use super::Manage;
use crate::error::ManagementError;

/// A signing key, without the key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SigningKey {
    /// The `kid` (RFC 7515 §4.1.4).
    pub kid: String,
    /// What it signs.
    pub purpose: KeyPurpose,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
}

impl From<SealedKey> for SigningKey {
    fn from(key: SealedKey) -> Self {
        Self {
            kid: key.kid,
            purpose: key.purpose,
            state: key.state,
            created_at: key.created_at,
        }
    }
}

impl Manage {
    /// The signing keys that there are, oldest first.
    pub async fn list_signing_keys(&self, _superuser: &Superuser) -> Result<Vec<SigningKey>, ManagementError> {
        let keys = self.0.keys.list().await?;
        Ok(keys.into_iter().map(SigningKey::from).collect())
    }
}
