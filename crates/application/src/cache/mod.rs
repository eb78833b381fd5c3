//! Caches as decorators: each implements the port it wraps, holds entries for at most [`STALENESS`], and forgets at once
//! what it is told has changed.

mod clients;
mod signatures;
mod tokens;
mod users;

use std::time::Duration;

use metrics::{Counter, counter};

pub use self::{clients::CachedClients, signatures::CachedSignatures, tokens::CachedTokens, users::CachedUsers};
use crate::metrics::CACHE_LOOKUPS;

/// How old a cached answer may be at most, also when nobody tells of changes.
pub const STALENESS: Duration = Duration::from_secs(1);

/// Counts how often a cache had what it was asked for.
struct Lookups {
    hits: Counter,
    misses: Counter,
}

impl Lookups {
    /// The counters of a cache. They are looked up once: hits are the hottest thing that is counted.
    fn of(cache: &'static str) -> Self {
        Self {
            hits: counter!(CACHE_LOOKUPS, "cache" => cache, "outcome" => "hit"),
            misses: counter!(CACHE_LOOKUPS, "cache" => cache, "outcome" => "miss"),
        }
    }

    /// Counts one lookup and hands its outcome on.
    fn count<T>(&self, found: Option<T>) -> Option<T> {
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.increment(1);
        found
    }
}
