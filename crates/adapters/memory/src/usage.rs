use async_trait::async_trait;
use informer_oauth_domain::{day::Day, usage::UsageCount};
use informer_oauth_ports::{StoreError, UsageLog};

use crate::Memory;

#[async_trait]
impl UsageLog for Memory {
    async fn add(&self, counts: &[UsageCount]) -> Result<(), StoreError> {
        let mut state = self.lock();
        for UsageCount { key, count } in counts {
            let sum = state.usage.entry(*key).or_default();
            *sum = sum.saturating_add(*count);
        }
        Ok(())
    }

    async fn between(&self, first: Day, last: Day) -> Result<Vec<UsageCount>, StoreError> {
        let state = self.lock();
        let days = state.usage.iter().filter(|(key, _)| (first..=last).contains(&key.day));
        Ok(days
            .map(|(key, count)| UsageCount {
                key: *key,
                count: *count,
            })
            .collect())
    }

    async fn purge(&self, before: Day, limit: u32) -> Result<u64, StoreError> {
        let usage = &mut self.lock().usage;
        let over: Vec<_> = usage
            .keys()
            .filter(|key| key.day < before)
            .take(limit as usize)
            .copied()
            .collect();
        for key in &over {
            usage.remove(key);
        }
        Ok(over.len() as u64)
    }
}
