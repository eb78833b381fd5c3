//! What the tokens say. How they are signed is a signer's affair.
//!
//! ```
//! use std::time::Duration;
//! use informer_oauth_domain::{claims::AccessTokenClaims, resource::Resource, timestamp::Timestamp};
//!
//! let now = Timestamp::from_seconds(1_800_000_000);
//! let claims = AccessTokenClaims {
//!     audience: Resource::parse("https://bi.example.com")?,
//!     subject: "ada".into(),
//!     client_id: "a6bd8f0f72b2c3275ff6".parse()?,
//!     scope: "read:dataset".parse()?,
//!     issued_at: now,
//!     expires_at: Some(now + Duration::from_secs(900)),
//!     token_id: "0199c2d4-1111-7abc-8def-0123456789ab".parse()?,
//!     token_record: "0199c2d4-1111-7abc-8def-0123456789ac".parse()?,
//! };
//! assert_eq!(claims.expires_at.map(|end| end.since(now).as_secs()), Some(900));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{
    id::{ClientId, TokenId, TokenRecordId},
    resource::Resource,
    scope::ScopeSet,
    timestamp::Timestamp,
};

/// The claims of an access token (RFC 9068 §2.2). `iss` is the signer's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessTokenClaims {
    /// `aud`
    pub audience: Resource,
    /// `sub`: the username.
    pub subject: String,
    /// `client_id`
    pub client_id: ClientId,
    /// `scope`
    pub scope: ScopeSet,
    /// `iat`, in whole seconds.
    pub issued_at: Timestamp,
    /// `exp`, in whole seconds; `None` for a token that lives until its record is revoked.
    pub expires_at: Option<Timestamp>,
    /// `jti`
    pub token_id: TokenId,
    /// `tid`: the token record.
    pub token_record: TokenRecordId,
}

/// The claims of a refresh token. Only this service reads them; they hold every immutable fact of the grant, so that a
/// refresh can be judged before the store is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefreshTokenClaims {
    /// What access tokens of this grant have as `aud`.
    pub audience: Resource,
    /// `sub`: the username.
    pub subject: String,
    /// `client_id`
    pub client_id: ClientId,
    /// `scope`: all that was granted, also when an access token asked for less (RFC 6749 §6).
    pub scope: ScopeSet,
    /// `iat`: when this very token was minted, to the microsecond.
    pub issued_at: Timestamp,
    /// `exp`: when the grant ends.
    pub expires_at: Timestamp,
    /// `jti`
    pub token_id: TokenId,
    /// `tid`: the token record.
    pub token_record: TokenRecordId,
    /// How many rotations came before.
    pub generation: u32,
}
