//! What was heard lately: for how long it may be used again, and asking once for all who want to know at the same time.

use std::{
    hash::Hash,
    time::{Duration, Instant},
};

use informer_oauth_ports::{IdentityError, StoreError};
use moka::{Expiry, future::Cache};

/// How long a "no" is used again, at most: long enough for the requests of one page, too short to be met by somebody who
/// has just signed in.
const NO: Duration = Duration::from_millis(500);

/// Answers by what was asked. `None` is a "no".
pub(crate) struct Remembered<K, V>(Cache<K, Option<V>>)
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static;

struct Ages {
    yes: Duration,
    no: Duration,
}

impl<K, V> Expiry<K, Option<V>> for Ages {
    fn expire_after_create(&self, _: &K, answer: &Option<V>, _: Instant) -> Option<Duration> {
        Some(if answer.is_some() { self.yes } else { self.no })
    }
}

impl<K, V> Remembered<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Remembers at most `capacity` answers, each for at most `age`.
    pub(crate) fn new(capacity: u64, age: Duration) -> Self {
        let ages = Ages {
            yes: age,
            no: age.min(NO),
        };
        Self(Cache::builder().max_capacity(capacity).expire_after(ages).build())
    }

    /// The remembered answer, or that of `ask`, which is run once for all who are waiting for it. A failure is told to all
    /// of them, and not remembered.
    pub(crate) async fn or_ask(
        &self,
        key: K,
        ask: impl Future<Output = Result<Option<V>, StoreError>>,
    ) -> Result<Option<V>, IdentityError> {
        self.0.try_get_with(key, ask).await.map_err(|error| told(&error))
    }

    /// Remembers what was just heard by another way of asking.
    pub(crate) async fn remember(&self, key: K, answer: Option<V>) {
        self.0.insert(key, answer).await;
    }
}

/// A failure that others may have been told as well.
pub(crate) fn told(error: &StoreError) -> IdentityError {
    match error {
        StoreError::Unavailable { reason, .. } | StoreError::Corrupt { reason, .. } => {
            IdentityError::Unavailable(reason.clone())
        }
    }
}
