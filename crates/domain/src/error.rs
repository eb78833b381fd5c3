//! Errors as clients see them: one code per RFC's word, and a sentence beside it; and for the log, the reason.
//!
//! ```
//! use informer_oauth_domain::error::ErrorCode;
//!
//! let error = ErrorCode::InvalidScope.because("The scope is empty.");
//! assert_eq!(error.to_string(), "invalid_scope: The scope is empty.");
//! ```

use std::{borrow::Cow, fmt};

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
            description: Cow::Borrowed(description),
            reason: None,
        }
    }

    /// This code with a sentence that ends with what the caller sent: `Unknown scope: read:nothing`. Of `sent`, the
    /// first 64 characters are shown, and `?` for each that an `error_description` cannot hold (RFC 6749 §5.2).
    pub fn naming(self, sentence: &'static str, sent: &str) -> OAuthError {
        let shown = sent
            .chars()
            .take(SHOWN)
            .map(|c| if is_descriptive(c) { c } else { '?' });
        let mut description = format!("{sentence}: ");
        description.extend(shown);
        if sent.chars().nth(SHOWN).is_some() {
            description.push_str("...");
        }
        OAuthError {
            code: self,
            description: Cow::Owned(description),
            reason: None,
        }
    }
}

/// The most characters of a caller's value that a description shows.
const SHOWN: usize = 64;

/// Whether `error_description` may hold a character (RFC 6749 §5.2).
const fn is_descriptive(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\')
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a request was refused, for the access log. The names are stable: alerts and searches may rely on them.
///
/// A client gets to see it only in the words of [`OAuthError::description`], and only if the grant is its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// No client has this `client_id`.
    ClientUnknown,
    /// The client is disabled.
    ClientDisabled,
    /// The client is confidential and sent no secret.
    SecretMissing,
    /// The secret is wrong, expired or deleted.
    SecretWrong,
    /// No code has this value, or it was forgotten.
    CodeUnknown,
    /// The code was issued more than its lifetime ago.
    CodeExpired,
    /// The code was used before.
    CodeReplayed,
    /// The code was issued to another client.
    CodeOfAnotherClient,
    /// `redirect_uri` is missing, or is not the one of the authorization request.
    RedirectUriMismatch,
    /// `code_verifier` is missing although a challenge was sent.
    PkceMissing,
    /// `code_verifier` has the wrong form (RFC 7636 §4.1).
    PkceMalformed,
    /// `code_verifier` does not belong to the challenge, or was sent without one.
    PkceMismatch,
    /// The refresh token is malformed, forged or of another installation.
    RefreshTokenInvalid,
    /// The refresh token has expired.
    RefreshTokenExpired,
    /// The refresh token was rotated before.
    RefreshTokenReplayed,
    /// The refresh token was issued to another client.
    RefreshTokenOfAnotherClient,
    /// The token record was revoked, or is not there.
    GrantEnded,
    /// The user or an administrator revoked the grant before the code or device code was redeemed.
    GrantRevoked,
    /// An administrator has taken the scope from the client since.
    ScopeTakenAway,
    /// The resource is not the granted one, or was taken from the client since.
    ResourceMismatch,
    /// The user is locked, disabled or deleted.
    UserInactive,
    /// No device code has this value.
    DeviceCodeUnknown,
    /// The device code was issued to another client.
    DeviceCodeOfAnotherClient,
    /// The session stands for another user, so it must not decide.
    ActingAsSomebodyElse,
}

impl Reason {
    /// The name in the access log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientUnknown => "client_unknown",
            Self::ClientDisabled => "client_disabled",
            Self::SecretMissing => "secret_missing",
            Self::SecretWrong => "secret_wrong",
            Self::CodeUnknown => "code_unknown",
            Self::CodeExpired => "code_expired",
            Self::CodeReplayed => "code_replayed",
            Self::CodeOfAnotherClient => "code_of_another_client",
            Self::RedirectUriMismatch => "redirect_uri_mismatch",
            Self::PkceMissing => "pkce_missing",
            Self::PkceMalformed => "pkce_malformed",
            Self::PkceMismatch => "pkce_mismatch",
            Self::RefreshTokenInvalid => "refresh_token_invalid",
            Self::RefreshTokenExpired => "refresh_token_expired",
            Self::RefreshTokenReplayed => "refresh_token_replayed",
            Self::RefreshTokenOfAnotherClient => "refresh_token_of_another_client",
            Self::GrantEnded => "grant_ended",
            Self::GrantRevoked => "grant_revoked",
            Self::ScopeTakenAway => "scope_taken_away",
            Self::ResourceMismatch => "resource_mismatch",
            Self::UserInactive => "user_inactive",
            Self::DeviceCodeUnknown => "device_code_unknown",
            Self::DeviceCodeOfAnotherClient => "device_code_of_another_client",
            Self::ActingAsSomebodyElse => "acting_as_somebody_else",
        }
    }
}

/// An error answer: a code and its `error_description`; and the reason, which is for the log alone.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{code}: {description}")]
pub struct OAuthError {
    /// The `error` parameter.
    pub code: ErrorCode,
    /// The `error_description` parameter: printable ASCII without `"` and `\` (RFC 6749 §5.2).
    pub description: Cow<'static, str>,
    /// Why, for the access log; `None` where code and description say it all.
    pub reason: Option<Reason>,
}

impl OAuthError {
    /// The same answer with a reason for the log.
    pub const fn for_reason(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_shows_what_was_sent_and_nothing_that_it_cannot_hold() {
        let shown = |sent: &str| {
            ErrorCode::InvalidScope
                .naming("Unknown scope", sent)
                .description
                .into_owned()
        };
        assert_eq!(shown("read:nothing"), "Unknown scope: read:nothing");
        assert_eq!(shown("a\"b\\c\nd\u{e9}"), "Unknown scope: a?b?c?d?");
        assert_eq!(shown(&"x".repeat(64)), format!("Unknown scope: {}", "x".repeat(64)));
        assert_eq!(shown(&"x".repeat(65)), format!("Unknown scope: {}...", "x".repeat(64)));
    }
}
