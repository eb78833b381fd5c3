//! An adapter of one's own beside the reference store, held to the whole contract: what docs/embedding.md shows.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use informer_oauth_domain::{attempts::Attempts, timestamp::Timestamp};
use informer_oauth_memory::Memory;
use informer_oauth_ports::{AttemptCounter, CodeStore, DeviceStore, SessionStore, StoreError};
use informer_oauth_testkit::{ShortLivedStores, contract_suite};

#[derive(Default)]
struct OurCounter(Mutex<HashMap<String, Attempts>>);

impl OurCounter {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Attempts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_open(window: &Attempts, now: Timestamp) -> bool {
    window.until.is_some_and(|until| now < until)
}

#[async_trait]
impl AttemptCounter for OurCounter {
    async fn record(&self, key: &str, window: Duration, now: Timestamp) -> Result<Attempts, StoreError> {
        let mut windows = self.lock();
        let attempts = windows.entry(key.to_owned()).or_default();
        if !is_open(attempts, now) {
            let until = Some(now + window);
            *attempts = Attempts { count: 0, until };
        }
        attempts.count += 1;
        Ok(*attempts)
    }

    async fn peek(&self, key: &str, now: Timestamp) -> Result<Attempts, StoreError> {
        let found = self.lock().get(key).copied();
        Ok(found.filter(|window| is_open(window, now)).unwrap_or_default())
    }

    async fn clear(&self, key: &str) -> Result<(), StoreError> {
        self.lock().remove(key);
        Ok(())
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut windows = self.lock();
        let over = windows.iter().filter(|(_, window)| !is_open(window, now));
        let keys: Vec<String> = over.map(|(key, _)| key.clone()).take(limit as usize).collect();
        for key in &keys {
            windows.remove(key);
        }
        Ok(keys.len() as u64)
    }
}

#[derive(Default)]
struct Stores {
    ours: OurCounter,
    others: Memory,
}

impl ShortLivedStores for Stores {
    fn codes(&self) -> &dyn CodeStore {
        &self.others
    }

    fn devices(&self) -> &dyn DeviceStore {
        &self.others
    }

    fn sessions(&self) -> &dyn SessionStore {
        &self.others
    }

    fn attempts(&self) -> &dyn AttemptCounter {
        &self.ours
    }
}

contract_suite!(short_lived: async || Stores::default());
