//! Redirect URIs: what may be registered, and which of them a request may name.
//!
//! Two types hold the two proofs. A [`RedirectUri`] has passed the registration rules; a
//! [`VerifiedRedirect`] was compared with a client's registered ones (RFC 6749 §3.1.2.3), and is
//! the only thing a browser may be sent to.
//!
//! Every check reads the text as it was written. Parsing first would let `https:\\good.example`,
//! `https://0x7f.1/` or a tab inside the host turn into something nobody looked at.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

mod syntax;
#[cfg(test)]
mod tests;

use syntax::{Loopback, Parts, web_authority};

/// The longest redirect URI accepted, in bytes.
pub const MAX_REDIRECT_URI_BYTES: usize = 2048;

/// Left as they are by [`VerifiedRedirect::with_params`]; everything else is escaped. A space
/// becomes `%20`, which form decoders and URI decoders read alike (`+` is only for the former).
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a redirect URI cannot be registered. `Display` is fit to be shown to the administrator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectUriError {
    /// Nothing was given.
    #[error("a redirect URI must not be empty")]
    Empty,
    /// Longer than [`MAX_REDIRECT_URI_BYTES`].
    #[error("a redirect URI must not be longer than 2048 bytes")]
    TooLong,
    /// A character RFC 3986 does not allow: whitespace, a control character, a backslash,
    /// anything outside ASCII.
    #[error("a redirect URI must not contain {0:?}; percent-encode it")]
    ForbiddenCharacter(char),
    /// A `%` without two hexadecimal digits, or the escape of a control character.
    #[error("a redirect URI must not contain a broken percent-escape or an escaped control character")]
    BadEscape,
    /// RFC 6749 §3.1.2: no fragment.
    #[error("a redirect URI must not contain a fragment (#)")]
    Fragment,
    /// `*` anywhere: patterns are not supported, and must not look as if they were.
    #[error("a redirect URI must not contain a wildcard (*)")]
    Wildcard,
    /// No scheme, or nothing after it.
    #[error("a redirect URI must be absolute, such as https://app.example.com/callback")]
    NotAbsolute,
    /// `user:password@`.
    #[error("a redirect URI must not contain a user name or password")]
    UserInfo,
    /// The host is missing, or is not written the way a browser would write it.
    #[error("the host of a redirect URI must be a plain DNS name or IP address in its usual form")]
    Host,
    /// The port is empty, zero, or not a number up to 65535.
    #[error("the port of a redirect URI must be a number from 1 to 65535")]
    Port,
    /// `/./` or `/../` in the path: the browser would go elsewhere than the text says.
    #[error("a redirect URI must not contain '.' or '..' path segments")]
    DotSegment,
    /// `http` on something other than a loopback address.
    #[error("http is only allowed on 127.0.0.1, [::1] and localhost; use https")]
    InsecureHttp,
    /// `javascript:`, `data:`, `file:` and the like.
    #[error("the scheme {0}: is never allowed in a redirect URI")]
    DangerousScheme(String),
    /// A private-use scheme without a dot that the configuration does not name (RFC 8252 §7.1).
    #[error(
        "the scheme {0}: needs a dot in it, such as com.example.app, or an entry in security.allowed_custom_schemes"
    )]
    UnlistedScheme(String),
    /// The query has a parameter that the answer adds itself, or one that reads as an error. A client that reads the first of
    /// two would take ours for its own, or the other way round.
    #[error("the query of a redirect URI must not contain {0}, which is part of the answer")]
    AnswerParameter(String),
}

/// The presented redirect URI is not one of the client's. Nothing may be redirected anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the redirect URI is not one of those registered for this client")]
pub struct RedirectMismatch;

/// A redirect URI that passed the registration rules, kept byte for byte.
///
/// ```
/// use informer_oauth_domain::redirect_uri::{RedirectUri, RedirectUriError};
///
/// let uri = RedirectUri::register("https://app.example.com/callback", &[])?;
/// assert_eq!(uri.as_str(), "https://app.example.com/callback");
///
/// assert!(RedirectUri::register("http://127.0.0.1/callback", &[])?.is_loopback());
/// assert!(RedirectUri::register("com.example.app:/callback", &[]).is_ok());
/// assert!(RedirectUri::register("informer:/callback", &["informer".to_owned()]).is_ok());
/// assert_eq!(
///     RedirectUri::register("http://app.example.com/callback", &[]),
///     Err(RedirectUriError::InsecureHttp),
/// );
/// # Ok::<(), RedirectUriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Applies all registration rules. `allowed_custom_schemes` (compared without regard to case)
    /// names the private-use schemes that need no dot.
    pub fn register(text: &str, allowed_custom_schemes: &[String]) -> Result<Self, RedirectUriError> {
        let parts = Parts::read(text)?;
        let listed = || {
            allowed_custom_schemes
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(parts.scheme))
        };
        if parts.web.is_none() && !parts.scheme.contains('.') && !listed() {
            return Err(RedirectUriError::UnlistedScheme(parts.scheme.to_owned()));
        }
        if let Some(name) = answer_parameter(text) {
            return Err(RedirectUriError::AnswerParameter(name));
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes a URI back from a store. The structure is checked again, so that a damaged or edited
    /// row cannot become a redirect. The list of custom schemes is not, because it may have changed since; neither are the
    /// names in the query, which earlier versions did not check.
    pub fn from_stored(text: String) -> Result<Self, RedirectUriError> {
        Parts::read(&text)?;
        Ok(Self(text))
    }

    /// The URI exactly as it was registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is `http` on a loopback host, where a native app chooses its port at run time
    /// (RFC 8252 §7.3).
    pub fn is_loopback(&self) -> bool {
        Loopback::split(&self.0).is_some()
    }
}

impl std::fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A redirect URI that was presented by a request and found among those its client registered.
///
/// ```
/// use informer_oauth_domain::redirect_uri::{RedirectUri, VerifiedRedirect};
///
/// let registered = [RedirectUri::register("http://127.0.0.1/callback", &[])?];
/// // A native app listens on any free port.
/// let redirect = VerifiedRedirect::verify(&registered, "http://127.0.0.1:49152/callback", true)?;
/// assert_eq!(redirect.host_for_display(), "127.0.0.1:49152");
/// assert_eq!(
///     redirect.with_params(&[("code", "abc"), ("state", "a b&c")]),
///     "http://127.0.0.1:49152/callback?code=abc&state=a%20b%26c",
/// );
/// // Only if its request uses PKCE.
/// assert!(VerifiedRedirect::verify(&registered, "http://127.0.0.1:49152/callback", false).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRedirect(String);

impl VerifiedRedirect {
    /// Compares the presented URI with the registered ones, byte for byte (RFC 6749 §3.1.2.3,
    /// RFC 9700 §2.1). On a loopback host an empty path equals `/`. With `relax_loopback_port`, for
    /// requests with a `code_challenge` only, the port of a registered loopback URI is free, absent
    /// included (RFC 8252 §7.3); the host and all that follows the port still have to be the same.
    pub fn verify(
        registered: &[RedirectUri],
        presented: &str,
        relax_loopback_port: bool,
    ) -> Result<Self, RedirectMismatch> {
        let exact = registered.iter().any(|uri| uri.as_str() == presented);
        if exact || same_loopback(registered, presented, relax_loopback_port) {
            Ok(Self(presented.to_owned()))
        } else {
            Err(RedirectMismatch)
        }
    }

    /// The redirect of a request that names none: the client's only registered URI
    /// (RFC 6749 §3.1.2.3). `None` when there is no URI, or more than one to choose from.
    pub fn only(registered: &[RedirectUri]) -> Option<Self> {
        match registered {
            [one] => Some(Self(one.as_str().to_owned())),
            _ => None,
        }
    }

    /// The URI exactly as it was presented: what a code is bound to.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a consent page names as the destination: `host` or `host:port`, or the scheme of a
    /// private-use URI.
    pub fn host_for_display(&self) -> String {
        let (scheme, rest) = self.split_scheme();
        match web_authority(scheme, rest) {
            Some(authority) => authority.to_owned(),
            None => scheme.to_owned(),
        }
    }

    /// Whether this is `http` on a loopback host: a program on the user's own computer.
    pub fn is_loopback(&self) -> bool {
        Loopback::split(&self.0).is_some()
    }

    /// Whether this is a private-use scheme: an app on the user's own device (RFC 8252 §7.1).
    pub fn is_private_use(&self) -> bool {
        let (scheme, rest) = self.split_scheme();
        web_authority(scheme, rest).is_none()
    }

    /// Whether any program on the user's device may receive what is sent here, so that the redirect does not show which
    /// client asks (RFC 8252 §8.6).
    pub fn is_on_device(&self) -> bool {
        self.is_loopback() || self.is_private_use()
    }

    /// The URI with parameters added to its query (RFC 6749 §4.1.2), percent-encoded. A query that
    /// is already there stays as it is (§3.1.2).
    pub fn with_params(&self, params: &[(&str, &str)]) -> String {
        let mut uri = self.0.clone();
        let mut separator = match uri.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        for (name, value) in params {
            uri.push_str(separator);
            uri.extend(utf8_percent_encode(name, PARAMETER));
            uri.push('=');
            uri.extend(utf8_percent_encode(value, PARAMETER));
            separator = "&";
        }
        uri
    }

    fn split_scheme(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or((&self.0, ""))
    }
}

impl std::fmt::Display for VerifiedRedirect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn same_loopback(registered: &[RedirectUri], presented: &str, any_port: bool) -> bool {
    if Parts::read(presented).is_err() {
        return false;
    }
    let Some(wanted) = Loopback::split(presented) else {
        return false;
    };
    registered
        .iter()
        .filter_map(|uri| Loopback::split(uri.as_str()))
        .any(|known| {
            known.host == wanted.host
                && (any_port || known.port == wanted.port)
                && known.path() == wanted.path()
                && known.query() == wanted.query()
        })
}

/// The first parameter in the query that an answer adds itself (RFC 6749 §4.1.2, RFC 9207 §2) or that reads as an error.
fn answer_parameter(uri: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name)
        .find(|name| matches!(name.as_ref(), "code" | "state" | "iss") || name.starts_with("error"))
        .map(std::borrow::Cow::into_owned)
}
