use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Problems;

/// `audit.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    /// Retention of audit events in days. `None` keeps them forever.
    pub(crate) retention_days: Option<u32>,
}

impl Audit {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if let Some(days) = self.retention_days {
            problems.range("audit.retention_days", days, 1..=36_500);
        }
    }

    /// Retention of audit events. `None` keeps them forever.
    pub(crate) fn retention(&self) -> Option<Duration> {
        self.retention_days
            .map(|days| Duration::from_hours(24 * u64::from(days)))
    }
}
