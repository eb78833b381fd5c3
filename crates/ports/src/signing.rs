use std::sync::Arc;

use async_trait::async_trait;
use informer_oauth_domain::{
    claims::{AccessTokenClaims, RefreshTokenClaims},
    client_secret::ClientSecretText,
    id::SecretUid,
    secret::{Digest, Secret, SecretHash},
    timestamp::Timestamp,
};
use thiserror::Error;

/// A token that is refused. Which check failed is for the log; clients hear `invalid_token` or `invalid_grant`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum TokenRefused {
    /// Not a JWT of this kind: parts, header, type or claims are wrong, or it is too long.
    #[error("malformed token")]
    Malformed,
    /// No key of this service has its `kid`.
    #[error("unknown key")]
    UnknownKey,
    /// The signature or algorithm is wrong.
    #[error("bad signature")]
    Signature,
    /// Another issuer's.
    #[error("wrong issuer")]
    Issuer,
    /// Its time is over.
    #[error("expired")]
    Expired,
}

/// A token could not be signed: there is no usable key.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("cannot sign: {0}")]
pub struct SigningError(pub String);

/// The public keys as a JWK Set (RFC 7517 §5), made once per change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKeySet {
    /// The JSON document.
    pub json: String,
}

/// Signs and verifies tokens with keys that it holds in memory; no call waits.
pub trait TokenSigner: Send + Sync {
    /// An access token: JWT, ES256, `typ: at+jwt` (RFC 9068).
    fn sign_access(&self, claims: &AccessTokenClaims) -> Result<Secret, SigningError>;

    /// Verifies an access token's form, signature, type, issuer and time. Its audience is the caller's to judge.
    fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessTokenClaims, TokenRefused>;

    /// A refresh token: JWT, HS256. The same claims give the same text.
    fn sign_refresh(&self, claims: &RefreshTokenClaims) -> Result<Secret, SigningError>;

    /// Verifies a refresh token's form, signature, type, issuer and time.
    fn verify_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshTokenClaims, TokenRefused>;

    /// The public keys: current, next, and the retired ones that may still verify live tokens.
    fn public_keys(&self) -> Arc<PublicKeySet>;
}

/// Hashing could not be done.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum HashError {
    /// Too many are being hashed already: try again later.
    #[error("too many hashes at once")]
    Busy,
    /// The hash or its parameters are unusable.
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// bcrypt for client secrets, with a memory of what was verified.
#[async_trait]
pub trait SecretHasher: Send + Sync {
    /// Hashes a new secret.
    async fn hash(&self, secret: &ClientSecretText) -> Result<SecretHash, HashError>;

    /// Whether this secret was verified before against the same hash, told from memory in constant time and without
    /// hashing. `false` says nothing about the secret.
    fn remembers(&self, uid: SecretUid, hash: &SecretHash, presented: &Secret) -> bool;

    /// Verifies, and remembers a success.
    async fn verify(&self, uid: SecretUid, hash: &SecretHash, presented: &Secret) -> Result<bool, HashError>;

    /// Takes as long as [`SecretHasher::verify`] does and finds nothing: for unknown clients and secrets.
    async fn verify_nothing(&self, presented: &Secret) -> Result<(), HashError>;

    /// Forgets a secret: it was deleted.
    fn forget(&self, uid: SecretUid);
}

/// Whose password is verified. A hasher shares its queue fairly between sources.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum HashSource {
    /// A browser that has signed in as this user before. Strangers give way to it when the queue is full.
    Known(String),
    /// Any other browser at this address or IPv6 network, as [`informer_oauth_domain::attempts::address_group`] names it.
    Stranger(String),
}

/// argon2id for local passwords.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a new password.
    async fn hash(&self, password: &Secret) -> Result<SecretHash, HashError>;

    /// Verifies a password. `None` as the hash takes as long and is false. When too many wait, the source with the most of
    /// them is the one that gets [`HashError::Busy`].
    async fn verify(
        &self,
        hash: Option<&SecretHash>,
        password: &Secret,
        source: &HashSource,
    ) -> Result<bool, HashError>;
}

/// A keyed digest under a secret of this installation: what forms are sealed with.
pub trait FormKey: Send + Sync {
    /// HMAC-SHA-256 of the parts, each with its length, so that no two lists of parts collide.
    fn digest(&self, parts: &[&[u8]]) -> Digest;
}
