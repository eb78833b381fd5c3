//! Caches as decorators: each implements the port it wraps, holds entries for at most [`STALENESS`], and forgets at once
//! what it is told has changed.

mod clients;
mod reads;
mod remembered;
mod signatures;
mod tokens;
mod users;
mod uses;

use std::{hash::Hash, sync::Arc, time::Duration};

use foldhash::fast::RandomState;
use metrics::{Counter, counter};

pub(crate) use self::uses::RecentUses;
pub use self::{clients::CachedClients, signatures::CachedSignatures, tokens::CachedTokens, users::CachedUsers};
use crate::metrics::CACHE_LOOKUPS;

/// The caches before what tells whether an access token is good.
#[derive(Clone)]
pub(crate) struct TokenCaches {
    pub(crate) signatures: Arc<CachedSignatures>,
    pub(crate) tokens: Arc<CachedTokens>,
    pub(crate) clients: Arc<CachedClients>,
}

/// How old a cached answer may be at most, also when nobody tells of changes.
pub const STALENESS: Duration = Duration::from_secs(1);

/// What an entry costs to find is mostly its hash. Nobody from outside chooses a key that is kept: they are ids of what exists, and
/// tokens that are genuine.
type Cache<K, V> = moka::sync::Cache<K, V, RandomState>;

/// A cache of at most `capacity` entries, each for so long.
fn cache<K, V>(capacity: u64, lifetime: Duration) -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    moka::sync::Cache::builder()
        .max_capacity(capacity)
        .time_to_live(lifetime)
        .build_with_hasher(RandomState::default())
}

/// Counts how often a cache had what it was asked for.
pub(crate) struct Lookups {
    hits: Counter,
    misses: Counter,
}

impl Lookups {
    /// The counters of a cache. They are looked up once: hits are the hottest thing that is counted.
    pub(crate) fn of(cache: &'static str) -> Self {
        Self {
            hits: counter!(CACHE_LOOKUPS, "cache" => cache, "outcome" => "hit"),
            misses: counter!(CACHE_LOOKUPS, "cache" => cache, "outcome" => "miss"),
        }
    }

    /// Counts one lookup and hands its outcome on.
    pub(crate) fn count<T>(&self, found: Option<T>) -> Option<T> {
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.increment(1);
        found
    }
}
