//! Who may ask a running service what it sees of a request: whoever has this installation's encryption key, and so can make
//! a pass.

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::{secret::Secret, timestamp::Timestamp};
use informer_oauth_ports::FormKey;

/// How far the clocks of the two may be apart, with the time on the way.
const LIFETIME: Duration = Duration::from_secs(600);

/// Makes passes, at the command line, and looks at them, in the service. What a pass opens is no secret, and changes
/// nothing: it may be used again until it is over.
pub struct Diagnosis {
    key: Arc<dyn FormKey>,
}

impl Diagnosis {
    /// For the installation that this key belongs to.
    pub const fn new(key: Arc<dyn FormKey>) -> Self {
        Self { key }
    }

    /// A pass, good for ten minutes.
    pub fn pass(&self, now: Timestamp) -> String {
        let seconds = now.as_seconds();
        format!("{seconds}.{}", self.seal(seconds))
    }

    /// Whether this is a pass that is good now.
    pub fn admits(&self, pass: &str, now: Timestamp) -> bool {
        let Some((seconds, seal)) = pass.split_once('.') else {
            return false;
        };
        let Ok(seconds) = seconds.parse::<i64>() else {
            return false;
        };
        // Compared in constant time.
        let is_ours = Secret::new(self.seal(seconds)) == Secret::new(seal.to_owned());
        let lifetime = i64::try_from(LIFETIME.as_secs()).unwrap_or(i64::MAX);
        is_ours && now.as_seconds().abs_diff(seconds) <= lifetime.unsigned_abs()
    }

    fn seal(&self, seconds: i64) -> String {
        self.key.digest(&[b"diagnosis", &seconds.to_be_bytes()]).to_hex()
    }
}

#[cfg(test)]
mod tests {
    use informer_oauth_domain::secret::Digest;

    use super::*;

    /// Says what it was given.
    struct Plain(&'static [u8]);

    impl FormKey for Plain {
        fn digest(&self, parts: &[&[u8]]) -> Digest {
            let text: Vec<u8> = [&[self.0], parts].concat().concat();
            Digest::of_bytes(&text)
        }
    }

    #[test]
    fn a_pass_is_good_for_its_installation_and_for_ten_minutes() {
        let ours = Diagnosis::new(Arc::new(Plain(b"ours")));
        let now = Timestamp::from_seconds(1_800_000_000);
        let pass = ours.pass(now);
        for (later, good) in [(0, true), (600, true), (601, false)] {
            let apart = Duration::from_secs(later);
            assert_eq!(ours.admits(&pass, now + apart), good, "{later} s later");
            assert_eq!(ours.admits(&ours.pass(now + apart), now), good, "{later} s earlier");
        }
        let others = Diagnosis::new(Arc::new(Plain(b"others")));
        assert!(!others.admits(&pass, now));
        for bad in [
            "",
            ".",
            "1800000000",
            "1800000000.",
            "x.y",
            &pass[1..],
            &format!("{pass}0"),
        ] {
            assert!(!ours.admits(bad, now), "{bad}");
        }
    }
}
