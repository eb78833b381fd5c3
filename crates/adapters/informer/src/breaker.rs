//! A circuit breaker: an Informer that does not answer is left alone for a moment, and whoever asks hears so at once.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// After how many failures in a row.
pub(crate) const FAILURES: u32 = 5;
/// For how long. Then one call tries, and the others wait for what becomes of it.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Breaker {
    failures: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    in_a_row: u32,
    /// Set while it is open.
    until: Option<Instant>,
    /// Whether one call is trying.
    trying: bool,
}

/// Leave to call. Dropped without a word, it says nothing about Informer.
#[derive(Debug)]
pub(crate) struct Leave<'a> {
    breaker: &'a Breaker,
    tries: bool,
}

impl Breaker {
    pub(crate) fn new(failures: u32, pause: Duration) -> Self {
        Self {
            failures,
            pause,
            state: Mutex::default(),
        }
    }

    /// Leave to call; `None` while it is open.
    pub(crate) fn leave(&self, now: Instant) -> Option<Leave<'_>> {
        let mut state = self.state();
        let tries = match state.until {
            None => false,
            Some(until) if now < until || state.trying => return None,
            Some(_) => {
                state.trying = true;
                true
            }
        };
        Some(Leave { breaker: self, tries })
    }

    /// What is guarded is plain numbers, which no panic leaves half changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave<'_> {
    /// Informer answered, whatever it said.
    pub(crate) fn answered(self) {
        let mut state = self.breaker.state();
        // A call from before it opened says nothing new.
        if self.tries || state.until.is_none() {
            state.in_a_row = 0;
            state.until = None;
        }
    }

    /// It did not.
    pub(crate) fn failed(self, now: Instant) {
        let mut state = self.breaker.state();
        state.in_a_row = state.in_a_row.saturating_add(1);
        if self.tries || state.in_a_row >= self.breaker.failures {
            state.until = Some(now + self.breaker.pause);
        }
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.tries {
            self.breaker.state().trying = false;
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    fn open(breaker: &Breaker, now: Instant) {
        for _ in 0..3 {
            breaker.leave(now).unwrap().failed(now);
        }
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let (breaker, now) = (Breaker::new(3, PAUSE), Instant::now());
        for _ in 0..5 {
            breaker.leave(now).unwrap().failed(now);
            breaker.leave(now).unwrap().failed(now);
            breaker.leave(now).unwrap().answered();
        }
        open(&breaker, now);
        assert!(breaker.leave(now).is_none());
    }

    #[test]
    fn after_the_pause_one_call_tries_and_decides() {
        let (breaker, now) = (Breaker::new(3, PAUSE), Instant::now());
        open(&breaker, now);
        let later = now + PAUSE;
        let trying = breaker.leave(later).unwrap();
        assert!(breaker.leave(later).is_none(), "one at a time");
        trying.failed(later);
        assert!(breaker.leave(later).is_none(), "open again at the first failure");
        let later = later + PAUSE;
        breaker.leave(later).unwrap().answered();
        let both = (breaker.leave(later), breaker.leave(later));
        assert!(both.0.is_some() && both.1.is_some(), "closed");
    }

    #[test]
    fn a_call_that_was_given_up_lets_another_one_try() {
        let (breaker, now) = (Breaker::new(3, PAUSE), Instant::now());
        open(&breaker, now);
        let later = now + PAUSE;
        drop(breaker.leave(later).unwrap());
        assert!(breaker.leave(later).is_some());
    }

    #[test]
    fn a_late_answer_from_before_does_not_close_it() {
        let (breaker, now) = (Breaker::new(3, PAUSE), Instant::now());
        let slow = breaker.leave(now).unwrap();
        open(&breaker, now);
        slow.answered();
        assert!(breaker.leave(now).is_none());
    }
}
