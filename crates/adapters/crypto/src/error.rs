//! The error of signing keys.

use informer_oauth_ports::{KeyPurpose, StoreError};
use thiserror::Error;

/// Signing keys could not be read, made or advanced.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored key does not open: the configured encryption key is not the one it was sealed with, or it was changed.
    #[error("signing key {kid} cannot be decrypted with the configured encryption key")]
    Sealed {
        /// Which key.
        kid: String,
    },
    /// A stored key opens, but is no key of its purpose.
    #[error("signing key {kid} is unusable: {reason}")]
    Unusable {
        /// Which key.
        kid: String,
        /// For the log.
        reason: String,
    },
    /// A purpose has keys, but none that signs.
    #[error("there is no current key to sign {} tokens with", .0.as_str())]
    NoCurrentKey(KeyPurpose),
    /// The cryptographic library failed.
    #[error("making a key failed: {0}")]
    Cryptography(String),
}
