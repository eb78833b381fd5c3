//! Counting what the token endpoint answers, by day.
//!
//! A request only adds to a number in this process's memory: what it costs its store stays as it is. What was counted goes
//! to the [`UsageLog`] now and then ([`Usage::flush`]), all of it in one change.
//!
//! Nearly every answer is counted exactly once. A process that is killed takes along what it had not flushed, and a flush
//! that was carried out, but whose answer was lost, is carried out again by the next one. So the counts are for charts.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use informer_oauth_domain::{
    day::Day,
    error::ErrorCode,
    grant_type::GrantType,
    parameters::Parameters,
    timestamp::Timestamp,
    usage::{GrantOutcome, UsageCount, UsageKey},
};
use informer_oauth_ports::UsageLog;

use crate::{
    error::{Fault, ProtocolError},
    issue_tokens::TokenAnswer,
};

/// For how many days before today counts are kept: a year to compare with, and a month.
pub const DAYS_KEPT: u32 = 396;

type Counts = BTreeMap<UsageKey, u64>;

/// The counts of this process that are not in the log yet.
pub struct Usage {
    log: Arc<dyn UsageLog>,
    waiting: Mutex<Counts>,
}

impl Usage {
    /// Counts for `log`.
    pub fn new(log: Arc<dyn UsageLog>) -> Self {
        Self {
            log,
            waiting: Mutex::default(),
        }
    }

    /// Counts an answer of the token endpoint.
    pub(crate) fn note(&self, parameters: &Parameters, answer: &Result<TokenAnswer, ProtocolError>, now: Timestamp) {
        let Some(outcome) = outcome(answer) else {
            return;
        };
        let key = UsageKey {
            day: Day::of(now),
            grant: GrantType::from_parameter(parameters.get("grant_type").ok().flatten()),
            outcome,
        };
        *self.waiting().entry(key).or_default() += 1;
    }

    /// Moves what was counted to the log. What the log did not take, also because the caller went away in the middle, is
    /// kept for the next time.
    pub async fn flush(&self) -> Result<(), Fault> {
        let taken = Taken {
            counts: std::mem::take(&mut *self.waiting()),
            from: self,
        };
        if taken.counts.is_empty() {
            return Ok(());
        }
        let counts: Vec<UsageCount> = taken
            .counts
            .iter()
            .map(|(key, count)| UsageCount {
                key: *key,
                count: *count,
            })
            .collect();
        self.log.add(&counts).await?;
        taken.arrived();
        Ok(())
    }

    /// Forgets up to `limit` counts of days that nobody looks at any more.
    pub(crate) async fn purge(&self, limit: u32, now: Timestamp) -> Result<u64, Fault> {
        Ok(self.log.purge(Day::of(now).minus(DAYS_KEPT), limit).await?)
    }

    fn waiting(&self) -> MutexGuard<'_, Counts> {
        // Adding one to a number cannot be left half done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `None` for an answer that only says that there is none yet (RFC 8628 §3.5): a device asks every few seconds.
fn outcome(answer: &Result<TokenAnswer, ProtocolError>) -> Option<GrantOutcome> {
    match answer {
        Ok(_) => Some(GrantOutcome::Granted),
        Err(ProtocolError::OAuth(error)) => match error.code {
            ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable => Some(GrantOutcome::Failed),
            ErrorCode::AuthorizationPending | ErrorCode::SlowDown => None,
            _ => Some(GrantOutcome::Refused),
        },
        Err(ProtocolError::Limited { .. }) => Some(GrantOutcome::Refused),
        Err(ProtocolError::Fault(_)) => Some(GrantOutcome::Failed),
    }
}

/// Counts on their way to the log. Unless they arrive, they go back where they were.
struct Taken<'a> {
    counts: Counts,
    from: &'a Usage,
}

impl Taken<'_> {
    fn arrived(mut self) {
        self.counts.clear();
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if self.counts.is_empty() {
            return;
        }
        let mut waiting = self.from.waiting();
        for (key, count) in &self.counts {
            *waiting.entry(*key).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests;
