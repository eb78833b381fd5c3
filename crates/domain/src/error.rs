//! Errors as clients see them: one code per RFC's word, and a fixed sentence beside it.
//!
//! ```
//! use informer_oauth_domain::error::ErrorCode;
//!
//! let error = ErrorCode::InvalidScope.because("The scope is empty.");
//! assert_eq!(error.to_string(), "invalid_scope: The scope is empty.");
//! ```

use std::fmt;

/// The `error` parameter of the OAuth protocol. How a code becomes an HTTP status is the HTTP adapter's affair.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ErrorCode {
    /// A parameter is missing, repeated or malformed (RFC 6749 §4.1.2.1, §5.2).
    InvalidRequest,
    /// Client authentication failed (RFC 6749 §5.2).
    InvalidClient,
    /// The code or refresh token is unknown, expired, revoked, used or somebody else's (RFC 6749 §5.2).
    InvalidGrant,
    /// This client may not use this grant type (RFC 6749 §4.1.2.1, §5.2).
    UnauthorizedClient,
    /// The server does not know this grant type (RFC 6749 §5.2).
    UnsupportedGrantType,
    /// The server does not know this response type (RFC 6749 §4.1.2.1).
    UnsupportedResponseType,
    /// The scope is unknown, malformed or more than the client or the grant has (RFC 6749 §4.1.2.1, §5.2).
    InvalidScope,
    /// The resource is unknown or malformed (RFC 8707 §2).
    InvalidTarget,
    /// The user said no (RFC 6749 §4.1.2.1).
    AccessDenied,
    /// `prompt=none`, and nobody is signed in (OpenID Connect Core §3.1.2.6).
    LoginRequired,
    /// `prompt=none`, and the user has not consented yet (OpenID Connect Core §3.1.2.6).
    ConsentRequired,
    /// Something unexpected went wrong (RFC 6749 §4.1.2.1).
    ServerError,
    /// Overloaded, or a store is down; try again (RFC 6749 §4.1.2.1).
    TemporarilyUnavailable,
    /// Nobody has decided about the device yet (RFC 8628 §3.5).
    AuthorizationPending,
    /// The device polls too fast (RFC 8628 §3.5).
    SlowDown,
    /// The device code has expired (RFC 8628 §3.5).
    ExpiredToken,
    /// The access token is unknown, expired, revoked or for another resource (RFC 6750 §3.1).
    InvalidToken,
    /// The access token does not reach that far (RFC 6750 §3.1).
    InsufficientScope,
}

impl ErrorCode {
    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
        }
    }

    /// This code with a sentence for the client's developer.
    pub const fn because(self, description: &'static str) -> OAuthError {
        OAuthError {
            code: self,
            description,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error answer: a code and its `error_description`. The sentence is a constant of the program, so that nothing
/// internal and nothing of the request can leak through it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{code}: {description}")]
pub struct OAuthError {
    /// The `error` parameter.
    pub code: ErrorCode,
    /// The `error_description` parameter: printable ASCII without `"` and `\` (RFC 6749 §5.2).
    pub description: &'static str,
}
