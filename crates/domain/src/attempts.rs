//! How often something may be tried in a while.
//!
//! ```
//! use std::time::Duration;
//! use informer_oauth_domain::{attempts::{AttemptLimit, Attempts}, timestamp::Timestamp};
//!
//! let limit = AttemptLimit { attempts: 5, window: Duration::from_secs(300) };
//! let seen = Attempts { count: 5, until: Some(Timestamp::from_seconds(300)) };
//! assert_eq!(limit.wait(seen, Timestamp::from_seconds(240)), Some(Duration::from_secs(60)));
//! assert_eq!(limit.wait(seen, Timestamp::from_seconds(300)), None);
//! ```

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use crate::timestamp::Timestamp;

/// So many failures in so long; the next is refused until the window ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttemptLimit {
    /// Failures allowed in a window.
    pub attempts: u32,
    /// How long a window is, from its first failure on.
    pub window: Duration,
}

/// How many attempts a key has had in its current window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attempts {
    /// Counted so far; zero when there is no window.
    pub count: u32,
    /// When the window ends.
    pub until: Option<Timestamp>,
}

impl AttemptLimit {
    /// How long to wait before trying again; `None` when one may try now. Never under a second, so that a `Retry-After`
    /// of zero cannot happen.
    pub fn wait(&self, seen: Attempts, now: Timestamp) -> Option<Duration> {
        let until = seen.until.filter(|until| now < *until)?;
        (seen.count >= self.attempts).then(|| until.since(now).max(Duration::from_secs(1)))
    }
}

/// Returns the key under which attempts from an address are counted: the IPv4 address, the /64 of an IPv6 address because
/// one host can use all of it, or `unknown`.
pub fn address_group(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64));
            format!("{network}/64")
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_or_notation_count_together() {
        let group = |address: &str| address_group(Some(address.parse().unwrap()));
        assert_eq!(group("203.0.113.7"), "203.0.113.7");
        assert_eq!(group("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(group("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(group("2001:db8:1:2::1"), group("2001:db8:1:2:ffff::"));
        assert_ne!(group("2001:db8:1:2::1"), group("2001:db8:1:3::1"));
        assert_eq!(address_group(None), "unknown");
    }

    #[test]
    fn the_limit_holds_until_its_window_ends() {
        let limit = AttemptLimit {
            attempts: 5,
            window: Duration::from_secs(300),
        };
        let until = Some(Timestamp::from_seconds(300));
        assert_eq!(limit.wait(Attempts { count: 4, until }, Timestamp::EPOCH), None);
        assert_eq!(
            limit.wait(Attempts { count: 5, until }, Timestamp::EPOCH),
            Some(Duration::from_secs(300))
        );
        assert_eq!(
            limit.wait(Attempts { count: 9, until }, Timestamp::from_seconds(300)),
            None
        );
        assert_eq!(limit.wait(Attempts::default(), Timestamp::EPOCH), None);
    }
}
