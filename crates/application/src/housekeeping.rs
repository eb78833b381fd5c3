//! Forgetting what is over, in small batches so that no request waits for it.

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::{AttemptCounter, AuditLog, CodeStore, DeviceStore, SessionStore, TokenStore};

use crate::{error::Fault, metrics::purged, usage::Usage};

/// How many rows one call removes at most. A request may have to wait until a batch is on disk: with 500 of them, the
/// slowest hundredth of refreshes took three times as long during a great purge as without one.
const BATCH: u32 = 100;

/// How long an ended token record is kept, so that late replays are still recognised and administrators can look back.
pub const ENDED_RECORDS_KEPT: Duration = Duration::from_hours(24);

/// Purges the stores.
pub struct Housekeeping {
    pub(crate) codes: Arc<dyn CodeStore>,
    pub(crate) devices: Arc<dyn DeviceStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) attempts: Arc<dyn AttemptCounter>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) audit: Arc<dyn AuditLog>,
    /// Retention of audit events. `None` keeps them forever.
    pub(crate) audit_retention: Option<Duration>,
    pub(crate) usage: Arc<Usage>,
}

/// What one round removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Purged {
    /// Rows removed.
    pub rows: u64,
    /// Whether there may be more at once.
    pub more: bool,
}

impl Housekeeping {
    /// One batch of everything.
    pub async fn run(&self, now: Timestamp) -> Result<Purged, Fault> {
        let events = match self.audit_retention {
            Some(kept) => self.audit.purge(now.minus(kept), BATCH).await?,
            None => 0,
        };
        let removed = [
            purged("codes", self.codes.purge(now, BATCH).await?),
            purged("devices", self.devices.purge(now, BATCH).await?),
            purged("sessions", self.sessions.purge(now, BATCH).await?),
            purged("attempts", self.attempts.purge(now, BATCH).await?),
            purged("tokens", self.tokens.purge(now.minus(ENDED_RECORDS_KEPT), BATCH).await?),
            purged("events", events),
            purged("usage", self.usage.purge(BATCH, now).await?),
        ];
        Ok(Purged {
            rows: removed.iter().sum(),
            more: removed.iter().any(|rows| *rows >= u64::from(BATCH)),
        })
    }

    /// When the oldest live token without expiry was granted: signing keys retired before then verify nothing any more.
    pub async fn oldest_unexpiring(&self) -> Result<Option<Timestamp>, Fault> {
        Ok(self.tokens.oldest_unexpiring().await?)
    }
}

#[cfg(test)]
mod tests;
