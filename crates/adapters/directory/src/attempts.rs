//! What attempts are counted under.

use std::net::{IpAddr, Ipv6Addr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use informer_oauth_domain::secret::Digest;

/// The key of a username: a digest, so that it has one length whatever was typed, which may also have been a password.
pub(crate) fn username_key(username: &str) -> String {
    format!(
        "sign-in:user:{}",
        URL_SAFE_NO_PAD.encode(Digest::of(username).as_bytes())
    )
}

/// The key of a username at an address.
pub(crate) fn username_here_key(username: &str, address: Option<IpAddr>) -> String {
    let place = address.map_or_else(|| "unknown".to_owned(), place);
    format!("{}:{place}", username_key(username))
}

/// The key of an address.
pub(crate) fn address_key(address: IpAddr) -> String {
    format!("sign-in:address:{}", place(address))
}

/// One IPv6 host has a whole /64 to come from, so that counts as one address.
fn place(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64));
            format!("{network}/64")
        }
    }
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
    fn addresses_of_one_network_or_notation_count_together() {
        assert_eq!(key("203.0.113.7"), "sign-in:address:203.0.113.7");
        assert_eq!(key("::ffff:203.0.113.7"), key("203.0.113.7"));
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "sign-in:address:2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("203.0.113.7"), key("203.0.113.8"));
    }
}
