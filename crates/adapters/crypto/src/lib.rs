//! Cryptography of the service: token signing and the life of its keys, client secrets, passwords, randomness.
//!
//! | port | here |
//! |---|---|
//! | [`TokenSigner`](informer_oauth_ports::TokenSigner) | [`Keys`]: ES256 access tokens (RFC 9068), HS256 refresh tokens |
//! | [`SecretHasher`](informer_oauth_ports::SecretHasher) | [`Bcrypt`], with a memory of what was verified |
//! | [`PasswordHasher`](informer_oauth_ports::PasswordHasher) | [`Argon2id`] |
//! | [`FormKey`](informer_oauth_ports::FormKey) | [`DerivedFormKey`] |
//! | [`Entropy`](informer_oauth_ports::Entropy) | [`SystemEntropy`] |
//!
//! Everything that must stay secret at rest is under one [`MasterKey`], of which each use gets its own derived key.

mod client_secrets;
mod entropy;
mod error;
mod jwt;
mod keys;
mod kind;
mod lanes;
mod master_key;
mod passwords;
mod pool;
mod ring;
mod seal;
mod signer;
mod verified;

pub use client_secrets::{Bcrypt, BcryptSettings};
pub use entropy::SystemEntropy;
pub use error::KeysError;
pub use keys::{Housekeeping, KeyAdvance, KeySchedule, Keys};
pub use master_key::{DerivedFormKey, InvalidMasterKey, MasterKey};
pub use passwords::{Argon2Cost, Argon2id, LONGEST_PASSWORD};
pub use pool::{HashingPool, PoolSettings, describe_metrics};
