use informer_oauth_domain::{day::Day, timestamp::Timestamp, usage::DayUsage, user::Superuser};

use super::Manage;
use crate::{error::ManagementError, usage::DAYS_KEPT};

impl Manage {
    /// What the token endpoint of all replicas together answered on each of so many days, the last of them today (UTC). One
    /// day at least, and at most those that are kept and today; a day without requests is zero. What was answered in the
    /// last seconds is not in it yet: see [`usage`](crate::usage).
    pub async fn read_usage(
        &self,
        _superuser: &Superuser,
        days: u32,
        now: Timestamp,
    ) -> Result<Vec<DayUsage>, ManagementError> {
        let today = Day::of(now);
        let first = today.minus(days.clamp(1, DAYS_KEPT + 1) - 1);
        let counts = self.0.usage.between(first, today).await?;
        Ok(DayUsage::by_day(&counts, first, today))
    }
}
