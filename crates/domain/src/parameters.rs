//! Request parameters as the OAuth endpoints read them (RFC 6749 §3.1, §3.2).
//!
//! ```
//! use informer_oauth_domain::{error::ErrorCode, parameters::Parameters};
//!
//! let sent: Parameters = [("code", "abc"), ("state", ""), ("scope", "a"), ("scope", "b")].into_iter().collect();
//! assert_eq!(sent.get("code"), Ok(Some("abc")));
//! assert_eq!(sent.get("state"), Ok(None));
//! assert_eq!(sent.get("scope").map_err(|error| error.code), Err(ErrorCode::InvalidRequest));
//! ```

use std::fmt;

use crate::{
    error::{ErrorCode, OAuthError},
    resource::same_resource,
};

/// The parameters that some endpoint of this service reads. A client may send others, and repeat those.
const KNOWN: [&str; 20] = [
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "grant_type",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "token",
    "token_type_hint",
];

/// The only parameter that may be repeated, with one value (RFC 8707 §2).
const RESOURCE: &str = "resource";

/// Decoded name and value pairs of a query or form. `Debug` shows names only, since values may be secrets.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The value of `name`. A parameter without a value counts as omitted; a repeated one is `invalid_request`. Only
    /// `resource` may be repeated, if all its values mean the same; different ones are `invalid_target`.
    pub fn get(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        let first = found.next();
        if name == RESOURCE {
            if found.any(|(_, other)| first.is_some_and(|(_, first)| !same_resource(first, other))) {
                return Err(ErrorCode::InvalidTarget.because("Only one resource may be asked for at a time."));
            }
        } else if found.next().is_some() {
            return Err(ErrorCode::InvalidRequest.naming("A parameter is given more than once", name));
        }
        Ok(first.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty()))
    }

    /// Whether `name` is there at all, also without a value.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Refuses a request in which a known parameter is repeated. Unknown ones are ignored (RFC 6749 §3.1), however
    /// often they occur.
    pub fn check_not_repeated(&self) -> Result<(), OAuthError> {
        KNOWN.iter().try_for_each(|name| self.get(name).map(drop))
    }

    /// The pairs, in the order in which they came.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests;
