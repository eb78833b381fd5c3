//! The names of keys, and how long they live.

use std::time::Duration;

use informer_oauth_domain::{device::UserCode, secret::Digest};

/// How much longer a key lives than it is needed. Times to live only clean up; what is still valid is judged by the `now`
/// of the call, and clocks differ.
const GRACE: Duration = Duration::from_secs(600);

/// Ten years: Redis refuses times to live whose end it cannot count.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The keys of one installation.
///
/// Sessions share a hash tag, `{session}`: a user's sessions and the note of which they are must be in one slot of a
/// Cluster, because one script changes both. A code, a device
/// authorization, a user code and a window of attempts are one key each, and go wherever they fall.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    pub(crate) fn code(&self, digest: &Digest) -> String {
        format!("{}code:{}", self.prefix, digest.to_hex())
    }

    /// A device authorization, by its device code.
    pub(crate) fn device(&self, device_code: &Digest) -> String {
        format!("{}device:{}", self.prefix, device_code.to_hex())
    }

    /// Which device code a user code belongs to.
    pub(crate) fn user_code(&self, user_code: UserCode) -> String {
        format!("{}user_code:{}", self.prefix, user_code.letters())
    }

    /// The pending device authorizations of a group of addresses, by when they expire.
    pub(crate) fn pending_devices_of(&self, address_group: &str) -> String {
        format!("{}pending_devices:{address_group}", self.prefix)
    }

    /// All pending device authorizations, by when they expire.
    pub(crate) fn pending_devices(&self) -> String {
        format!("{}pending_devices", self.prefix)
    }

    pub(crate) fn session(&self, digest: &Digest) -> String {
        format!("{}{}", self.session_stem(), digest.to_hex())
    }

    /// What [`Keys::session`] begins with.
    pub(crate) fn session_stem(&self) -> String {
        format!("{}{{session}}:", self.prefix)
    }

    /// The digests of a user's sessions. No digest is `of:…`.
    pub(crate) fn sessions_of(&self, username: &str) -> String {
        format!("{}of:{username}", self.session_stem())
    }

    pub(crate) fn attempts(&self, key: &str) -> String {
        format!("{}attempts:{key}", self.prefix)
    }

    /// The key that health checks write.
    pub(crate) fn probe(&self) -> String {
        format!("{}probe", self.prefix)
    }

    /// The channel of changes.
    pub(crate) fn changes(&self) -> String {
        format!("{}changes", self.prefix)
    }
}

/// The time to live of what is needed for `needed`, in milliseconds, as Redis takes it.
pub(crate) fn time_to_live(needed: Duration) -> String {
    needed.saturating_add(GRACE).min(LONGEST).as_millis().to_string()
}

/// See [`GRACE`].
pub(crate) const fn grace() -> Duration {
    GRACE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_live_is_longer_than_what_is_needed_and_never_too_long_for_redis() {
        assert_eq!(time_to_live(Duration::from_secs(60)), "660000");
        assert_eq!(time_to_live(Duration::ZERO), "600000");
        assert_eq!(time_to_live(Duration::MAX), LONGEST.as_millis().to_string());
    }

    #[test]
    fn the_sessions_of_a_user_share_the_hash_tag_of_the_note_of_them() {
        let keys = Keys::new("test:");
        let tag = |key: &str| {
            key.split_once('{')
                .and_then(|(_, rest)| rest.split_once('}'))
                .map(|(tag, _)| tag.to_owned())
        };
        assert_eq!(tag(&keys.session(&Digest::of("a"))), Some("session".to_owned()));
        assert_eq!(tag(&keys.sessions_of("}{ada}")), Some("session".to_owned()));
    }
}
