//! When requests come up.

use std::time::{Duration, Instant};

/// How fast requests come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// Every virtual user asks again as soon as it is answered.
    Full,
    /// So many a second, whether answers come or not; the time that a request waits for a free connection counts.
    PerSecond(u32),
}

/// Requests that have come up by a timetable.
pub(super) struct Timetable {
    interval: Duration,
    next: Instant,
}

impl Timetable {
    pub(super) fn new(per_second: u32, start: Instant) -> Self {
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            next: start,
        }
    }

    /// How many have come up since this was last asked.
    pub(super) fn due(&mut self, now: Instant) -> usize {
        let mut due = 0;
        while self.next <= now {
            self.next += self.interval;
            due += 1;
        }
        due
    }

    /// How long until the next one.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timetable_makes_up_for_a_late_look() {
        let start = Instant::now();
        let mut table = Timetable::new(1_000, start);
        let at = |micros| start + Duration::from_micros(micros);
        assert_eq!(table.due(at(0)), 1);
        assert_eq!(table.due(at(999)), 0);
        assert_eq!(table.wait(at(999)), Duration::from_micros(1));
        assert_eq!(table.due(at(1_000)), 1);
        assert_eq!(table.due(at(11_500)), 10);
        assert_eq!(table.wait(at(20_000)), Duration::ZERO);
    }
}
