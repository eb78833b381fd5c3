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
}
