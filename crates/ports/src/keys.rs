use async_trait::async_trait;
use informer_oauth_domain::timestamp::Timestamp;

use crate::StoreError;

/// What a key signs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KeyPurpose {
    /// Access tokens: ES256, public half in the JWKS.
    Access,
    /// Refresh tokens: HS256, never leaves the service.
    Refresh,
}

impl KeyPurpose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Access, Self::Refresh];

    /// The word in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }

    /// Reads back [`KeyPurpose::as_str`].
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }
}

/// Where a key is in its life. There is one next and one current key a purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyState {
    /// Published already, so that verifiers know it when it becomes current.
    Next,
    /// Signs.
    Current {
        /// Since when.
        since: Timestamp,
    },
    /// Only verifies what it signed before.
    Retired {
        /// Since when.
        at: Timestamp,
    },
}

/// A signing key as a store keeps it: encrypted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedKey {
    /// The `kid` (RFC 7515 §4.1.4), unique over both purposes.
    pub kid: String,
    /// What it signs.
    pub purpose: KeyPurpose,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// The key as a JWE (RFC 7516), encrypted with the configured key.
    pub sealed: String,
}

/// What installing the first keys came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyInstallation {
    /// They are there now.
    Installed,
    /// This purpose has keys already; nothing changed.
    Present,
}

/// What rotating came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyRotation {
    /// Next is current, current is retired, and the new key is next.
    Rotated,
    /// The current key is not the expected one: somebody else rotated. Nothing changed.
    Lost,
}

/// Signing keys, encrypted.
#[async_trait]
pub trait SigningKeyStore: Send + Sync {
    /// Every key, oldest first.
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError>;

    /// Installs a current and a next key (their states must be so) if their purpose has no key yet. Atomic: of any
    /// number of calls one installs.
    async fn install(&self, current: &SealedKey, next: &SealedKey) -> Result<KeyInstallation, StoreError>;

    /// Retires the current key of `next`'s purpose if it is `expected`, makes the next one current, and adds `next`.
    /// Atomic: of calls that expect the same key one rotates, and no reader sees a purpose without a current key.
    async fn rotate(&self, expected: &str, next: &SealedKey, now: Timestamp) -> Result<KeyRotation, StoreError>;

    /// Replaces what a key is sealed as, if that is still `expected`, and nothing else of it. Atomic; false when it is sealed
    /// otherwise by now, or when there is no such key.
    async fn reseal(&self, kid: &str, expected: &str, sealed: &str) -> Result<bool, StoreError>;

    /// Removes a retired key; false when there is no retired key of that id.
    async fn remove_retired(&self, kid: &str) -> Result<bool, StoreError>;
}
