//! Resource indicators (RFC 8707): which resource server a token is for.
//!
//! ```
//! use informer_oauth_domain::resource::Resource;
//!
//! assert_eq!(Resource::parse("https://bi.example.com/api")?.as_str(), "https://bi.example.com/api");
//! assert!(Resource::parse("/api").is_err());
//! # Ok::<(), informer_oauth_domain::resource::InvalidResource>(())
//! ```

use std::{fmt, sync::Arc};

use thiserror::Error;
use url::Url;

/// An absolute URI without a fragment: the `resource` parameter and the `aud` claim. There are few of them and many tokens, so that
/// copies share the text.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Resource(Arc<str>);

/// A text that is no resource indicator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("a resource is an absolute URI without a fragment (RFC 8707 section 2)")]
pub struct InvalidResource;

impl Resource {
    /// Reads and checks a resource; the text is kept byte for byte, since `aud` is compared as a string.
    pub fn parse(text: &str) -> Result<Self, InvalidResource> {
        let printable = text.len() <= 2048 && text.bytes().all(|b| b.is_ascii_graphic());
        if !printable || text.contains('#') || Url::parse(text).is_err() {
            return Err(InvalidResource);
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both name the same resource: equal but for the case of scheme and host, a default port and the slash of
    /// an empty path (RFC 3986 §6.2.2, §6.2.3).
    pub fn is_same(&self, other: &Self) -> bool {
        same_resource(&self.0, &other.0)
    }
}

/// [`Resource::is_same`] for texts that may be anything. What is no resource is the same only as its equal.
pub(crate) fn same_resource(one: &str, other: &str) -> bool {
    one == other
        || match (canonical(one), canonical(other)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
}

/// The text with scheme and host in lower case, without a default port, and with the slash of an empty path. Everything
/// else is kept byte for byte: the URL standard would resolve dot segments, too.
fn canonical(text: &str) -> Option<String> {
    Resource::parse(text).ok()?;
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let authority = authority.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let host = authority
        .strip_suffix(default_port)
        .or_else(|| authority.strip_suffix(':'))
        .unwrap_or(&authority);
    let slash = if path.starts_with('/') { "" } else { "/" };
    Some(format!("{scheme}://{host}{slash}{path}"))
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_absolute_and_has_no_fragment() {
        assert!(Resource::parse("https://bi.example.com/api").is_ok());
        assert!(Resource::parse("urn:informer:api").is_ok());
        for bad in [
            "",
            "/api",
            "bi.example.com",
            "https://bi.example.com/#x",
            "https://bi.example.com/ api",
            "https://é.example",
        ] {
            assert!(Resource::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spelling_of_scheme_host_port_and_empty_path_does_not_matter() {
        let issuer = "https://bi.example.com";
        for same in [
            "https://bi.example.com/",
            "HTTPS://BI.Example.com",
            "https://bi.example.com:443",
            "https://bi.example.com:443/",
            "https://bi.example.com:",
        ] {
            assert!(same_resource(issuer, same) && same_resource(same, issuer), "{same}");
        }
        assert!(same_resource("http://a.example:80/x?y", "HTTP://A.EXAMPLE/x?y"));
        assert!(same_resource("https://a.example?y", "https://a.example/?y"));
        assert!(same_resource("urn:informer:api", "urn:informer:api"));
    }

    #[test]
    fn anything_else_is_another_resource() {
        let issuer = "https://bi.example.com";
        for other in [
            "http://bi.example.com",
            "https://bi.example.com:80",
            "https://bi.example.com:8443",
            "https://bi.example.com//",
            "https://bi.example.com/.",
            "https://bi.example.com/a",
            "https://bi.example.com?",
            "https://bi.example.com.",
            "https://bi.example.com@evil.example",
            "https:bi.example.com",
            "bi.example.com",
            "",
        ] {
            assert!(!same_resource(issuer, other), "{other}");
        }
        assert!(!same_resource("https://a.example/B", "https://a.example/b"));
        assert!(!same_resource("urn:informer:api", "URN:informer:api"));
    }
}
