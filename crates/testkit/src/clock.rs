use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::Clock;

use crate::values::NOW;

/// A clock that stands still until it is told otherwise. Clones show the same time.
#[derive(Clone, Debug)]
pub struct FixedClock(Arc<AtomicI64>);

impl FixedClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_micros())))
    }

    /// Shows `now` from here on, also when that is earlier.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }

    /// Lets `duration` pass, in whole microseconds, and returns the new time.
    pub fn advance(&self, duration: Duration) -> Timestamp {
        let now = self.now() + duration;
        self.set(now);
        now
    }
}

/// A clock that shows [`NOW`].
impl Default for FixedClock {
    fn default() -> Self {
        Self::at(NOW)
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_show_the_same_time() {
        let clock = FixedClock::default();
        let other = clock.clone();
        assert_eq!(clock.advance(Duration::from_micros(1)), NOW + Duration::from_micros(1));
        assert_eq!(other.now(), NOW + Duration::from_micros(1));
        other.set(Timestamp::EPOCH);
        assert_eq!(clock.now(), Timestamp::EPOCH);
    }
}
