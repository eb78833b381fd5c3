//! Authorization codes (RFC 6749 §4.1.2).
//!
//! ```
//! use std::time::Duration;
//! use informer_oauth_domain::{
//!     code::{AuthorizationCode, CodeMismatch, CodePresentation},
//!     pkce::CodeVerifier, resource::Resource, secret::Digest, timestamp::Timestamp,
//! };
//!
//! let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")?;
//! let now = Timestamp::from_seconds(1_800_000_000);
//! let code = AuthorizationCode {
//!     digest: Digest::of("the code itself, which is kept nowhere"),
//!     client: "0199c2d4-1111-7abc-8def-0123456789ab".parse()?,
//!     client_id: "a6bd8f0f72b2c3275ff6".parse()?,
//!     redirect_uri: "https://board.example.com/callback".into(),
//!     redirect_uri_sent: true,
//!     challenge: Some(verifier.challenge()),
//!     username: "ada".into(),
//!     scope: "read:dataset".parse()?,
//!     audience: Resource::parse("https://bi.example.com")?,
//!     token_record: "0199c2d4-1111-7abc-8def-0123456789ac".parse()?,
//!     issued_at: now,
//!     expires_at: now + Duration::from_secs(60),
//! };
//! let presented = CodePresentation {
//!     client: code.client,
//!     redirect_uri: Some(code.redirect_uri.clone()),
//!     challenge: Some(verifier.challenge()),
//!     resource: None,
//! };
//! assert_eq!(code.matches(&presented, now), Ok(()));
//! assert_eq!(code.matches(&presented, code.expires_at), Err(CodeMismatch::Expired));
//! let without_verifier = CodePresentation { challenge: None, ..presented };
//! assert_eq!(code.matches(&without_verifier, now), Err(CodeMismatch::Verifier));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::time::Duration;

use crate::{
    id::{ClientId, ClientUid, TokenRecordId},
    pkce::CodeChallenge,
    resource::Resource,
    scope::ScopeSet,
    secret::Digest,
    timestamp::Timestamp,
};

/// How long after its expiry a used code is still recognised as used, so that presenting it again revokes what it gave.
pub const REPLAY_MEMORY: Duration = Duration::from_secs(3600);

/// An authorization code and all that it is bound to. The code itself is nowhere: only its digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthorizationCode {
    /// SHA-256 of the code.
    pub digest: Digest,
    /// The client it was given to.
    pub client: ClientUid,
    /// That client's public id, for the tokens.
    pub client_id: ClientId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// Whether the authorization request named the redirect URI; if so, the token request must too (§4.1.3).
    pub redirect_uri_sent: bool,
    /// The PKCE challenge, when there was one (RFC 7636 §4.4).
    pub challenge: Option<CodeChallenge>,
    /// Who granted it.
    pub username: String,
    /// What was granted.
    pub scope: ScopeSet,
    /// What the access tokens are for.
    pub audience: Resource,
    /// The id of the token record that redeeming it makes: chosen now, so that a replay can bar it whichever comes first.
    pub token_record: TokenRecordId,
    /// When it was made.
    pub issued_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// What a token request presents along with a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodePresentation {
    /// The authenticated client.
    pub client: ClientUid,
    /// `redirect_uri`, when sent.
    pub redirect_uri: Option<String>,
    /// The S256 transformation of `code_verifier`, when sent.
    pub challenge: Option<CodeChallenge>,
    /// `resource`, when sent (RFC 8707 §2.2).
    pub resource: Option<String>,
}

/// Why a code that exists is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeMismatch {
    /// Another client presents it.
    Client,
    /// The redirect URI is missing or another.
    RedirectUri,
    /// The verifier is wrong, missing, or not asked for (RFC 9700 §2.1.1: no downgrade).
    Verifier,
    /// The resource is not the one that was granted.
    Resource,
    /// Its time is over.
    Expired,
}

impl AuthorizationCode {
    /// Judges a presentation on immutable facts alone. A mismatch must not consume the code: a wrong client cannot burn it.
    pub fn matches(&self, presented: &CodePresentation, now: Timestamp) -> Result<(), CodeMismatch> {
        if presented.client != self.client {
            return Err(CodeMismatch::Client);
        }
        if now >= self.expires_at {
            return Err(CodeMismatch::Expired);
        }
        let redirect_fits = match &presented.redirect_uri {
            Some(uri) => *uri == self.redirect_uri,
            None => !self.redirect_uri_sent,
        };
        if !redirect_fits {
            return Err(CodeMismatch::RedirectUri);
        }
        if presented.challenge != self.challenge {
            return Err(CodeMismatch::Verifier);
        }
        if presented
            .resource
            .as_deref()
            .is_some_and(|asked| asked != self.audience.as_str())
        {
            return Err(CodeMismatch::Resource);
        }
        Ok(())
    }
}

impl AuthorizationCode {
    /// Whether the presentation brings the right verifier, so that a second use comes from the code's client or from
    /// somebody who has stolen all of it. Only such a use, or one of an authenticated client, ends what the code gave:
    /// a code alone may be in a log or a `Referer`, and a public `client_id` is no proof.
    pub fn is_proven_by(&self, presented: &CodePresentation) -> bool {
        presented.client == self.client && self.challenge.is_some() && presented.challenge == self.challenge
    }
}

/// What a store answers to a redemption.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CodeRedemption {
    /// The code was live, fitted, and is now used: by this call and no other.
    Redeemed(AuthorizationCode),
    /// The code exists and is not used, but does not fit. It is as it was.
    Refused(CodeMismatch),
    /// The code's own client is named with it again. Whatever it gave must be revoked, if the use is proven.
    Replayed(AuthorizationCode),
    /// No such code, or none any more.
    Unknown,
}

#[cfg(test)]
mod tests;
