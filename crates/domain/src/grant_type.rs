//! Grant types of the token endpoint (RFC 6749 §1.3).
//!
//! ```
//! use informer_oauth_domain::grant_type::GrantType;
//!
//! assert_eq!(GrantType::from_parameter(Some("refresh_token")), GrantType::RefreshToken);
//! assert_eq!(GrantType::from_parameter(Some("password")), GrantType::Other);
//! ```

const AUTHORIZATION_CODE: &str = "authorization_code";
const REFRESH_TOKEN: &str = "refresh_token";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The grant type of a token request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GrantType {
    /// An authorization code (RFC 6749 §4.1.3).
    AuthorizationCode,
    /// A refresh token (RFC 6749 §6).
    RefreshToken,
    /// A device code (RFC 8628 §3.4).
    DeviceCode,
    /// Not supported, or missing.
    Other,
}

impl GrantType {
    /// Every value.
    pub const ALL: [Self; 4] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::DeviceCode,
        Self::Other,
    ];

    /// The supported ones, in the order of the metadata.
    pub const SUPPORTED: [Self; 3] = [Self::AuthorizationCode, Self::RefreshToken, Self::DeviceCode];

    /// Parses the `grant_type` parameter of a request.
    pub fn from_parameter(value: Option<&str>) -> Self {
        let mut supported = Self::SUPPORTED.into_iter();
        supported
            .find(|kind| Some(kind.parameter()) == value)
            .unwrap_or(Self::Other)
    }

    /// Returns the `grant_type` parameter; `other` for [`GrantType::Other`].
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::AuthorizationCode => AUTHORIZATION_CODE,
            Self::RefreshToken => REFRESH_TOKEN,
            Self::DeviceCode => DEVICE_CODE,
            Self::Other => "other",
        }
    }

    /// Returns the word in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeviceCode => "device_code",
            other => other.parameter(),
        }
    }

    /// Parses the word in stores. A word that a newer release wrote is [`GrantType::Other`].
    pub fn from_stored(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for kind in GrantType::ALL {
            assert_eq!(GrantType::from_stored(kind.as_str()), kind);
        }
        for kind in GrantType::SUPPORTED {
            assert_eq!(GrantType::from_parameter(Some(kind.parameter())), kind);
        }
        assert_eq!(GrantType::from_stored("token_exchange"), GrantType::Other);
        for other in [None, Some("other"), Some("password"), Some("device_code")] {
            assert_eq!(GrantType::from_parameter(other), GrantType::Other, "{other:?}");
        }
    }
}
