//! Caches as decorators: each implements the port it wraps, holds entries for at most [`STALENESS`], and forgets at once
//! what it is told has changed.

mod clients;
mod signatures;
mod tokens;
mod users;

use std::time::Duration;

pub use clients::CachedClients;
pub use signatures::CachedSignatures;
pub use tokens::CachedTokens;
pub use users::CachedUsers;

/// How old a cached answer may be at most, also when nobody tells of changes.
pub const STALENESS: Duration = Duration::from_secs(1);
