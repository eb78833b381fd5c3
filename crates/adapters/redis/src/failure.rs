//! Errors of Redis as [`StoreError`].

use std::fmt;

use informer_oauth_ports::StoreError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The name of this store in errors and health checks.
pub(crate) const STORE: &str = "redis";

pub(crate) fn unavailable(reason: impl fmt::Display) -> StoreError {
    StoreError::unavailable(STORE, reason)
}

pub(crate) fn corrupt(what: &'static str, reason: impl fmt::Display) -> StoreError {
    StoreError::corrupt(STORE, what, reason)
}

/// What an error means for a call about `what`. A key of another type, or one that a script cannot read, holds something
/// else than this service wrote; anything else that Redis refuses, it may do later.
pub(crate) fn of(what: &'static str, error: &RedisError) -> StoreError {
    match error.code() {
        Some("CORRUPT" | "WRONGTYPE") => corrupt(what, error),
        _ => unavailable(error),
    }
}

/// Whether the connection is of no more use: it is gone, answers what nobody asked, or leads to a node that is no master
/// any more.
pub(crate) fn ends_connection(error: &RedisError) -> bool {
    let kind = error.kind();
    kind == ErrorKind::Io
        || kind == ErrorKind::Parse
        || kind == ErrorKind::Server(ServerErrorKind::ReadOnly)
        || kind == ErrorKind::Server(ServerErrorKind::MasterDown)
        || error.is_unrecoverable_error()
}
