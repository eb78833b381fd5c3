//! What attempts are counted under.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use informer_oauth_domain::{attempts::address_group, secret::Digest};

/// The key of a username: a digest, so that it has one length whatever was typed, which may also have been a password.
pub(crate) fn username_key(username: &str) -> String {
    format!(
        "sign-in:user:{}",
        URL_SAFE_NO_PAD.encode(Digest::of(username).as_bytes())
    )
}

/// The key of a username at an address.
pub(crate) fn username_here_key(username: &str, address: Option<IpAddr>) -> String {
    format!("{}:{}", username_key(username), address_group(address))
}

/// The key of a browser that has signed in before.
pub(crate) fn device_key(id: &str) -> String {
    format!("sign-in:device:{id}")
}

/// The key of an address.
pub(crate) fn address_key(address: IpAddr) -> String {
    format!("sign-in:address:{}", address_group(Some(address)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn key(address: &str) -> String {
        address_key(address.parse().unwrap())
    }

    #[test]
    fn keys_have_one_length_whatever_was_typed() {
        assert_eq!(username_key("").len(), username_key(&"x".repeat(1 << 20)).len());
        assert_ne!(username_key("ada"), username_key("Ada"));
    }

    #[test]
    fn an_address_counts_with_its_network() {
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "sign-in:address:2001:db8:1:2::/64");
    }
}
