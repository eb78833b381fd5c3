use std::time::Duration;

use async_trait::async_trait;
use informer_oauth_domain::{attempts::Attempts, timestamp::Timestamp};
use informer_oauth_ports::{AttemptCounter, StoreError};

use crate::{Memory, purge::purge};

fn is_open(attempts: &Attempts, now: Timestamp) -> bool {
    attempts.until.is_some_and(|until| now < until)
}

#[async_trait]
impl AttemptCounter for Memory {
    async fn record(&self, key: &str, window: Duration, now: Timestamp) -> Result<Attempts, StoreError> {
        let mut state = self.lock();
        let attempts = state.attempts.entry(key.to_owned()).or_default();
        if !is_open(attempts, now) {
            *attempts = Attempts {
                count: 0,
                until: Some(now + window),
            };
        }
        attempts.count = attempts.count.saturating_add(1);
        Ok(*attempts)
    }

    async fn peek(&self, key: &str, now: Timestamp) -> Result<Attempts, StoreError> {
        let state = self.lock();
        Ok(state
            .attempts
            .get(key)
            .filter(|attempts| is_open(attempts, now))
            .copied()
            .unwrap_or_default())
    }

    async fn take_back(&self, key: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.lock();
        let Some(attempts) = state.attempts.get_mut(key).filter(|attempts| is_open(attempts, now)) else {
            return Ok(());
        };
        attempts.count = attempts.count.saturating_sub(1);
        if attempts.count == 0 {
            state.attempts.remove(key);
        }
        Ok(())
    }

    async fn clear(&self, key: &str) -> Result<(), StoreError> {
        self.lock().attempts.remove(key);
        Ok(())
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        Ok(purge(&mut self.lock().attempts, limit, |attempts| {
            !is_open(attempts, now)
        }))
    }
}
