use async_trait::async_trait;
use informer_oauth_domain::{day::Day, usage::UsageCount};

use crate::StoreError;

/// How often what was answered, by day: for charts, so no bill should be made of it.
#[async_trait]
pub trait UsageLog: Send + Sync {
    /// Adds counts to those that are there; several for one key add up. Atomic: all of them or none, and of concurrent
    /// calls, from any number of replicas, none is lost.
    async fn add(&self, counts: &[UsageCount]) -> Result<(), StoreError>;

    /// The counts of the days from `first` to `last`, sorted, each key once; kinds of grants that only a newer release
    /// knows all come as `GrantType::Other`, each by itself.
    async fn between(&self, first: Day, last: Day) -> Result<Vec<UsageCount>, StoreError>;

    /// Forgets up to `limit` counts of days before `before`; how many it was.
    async fn purge(&self, before: Day, limit: u32) -> Result<u64, StoreError>;
}
