//! Errors of diesel and SQLite as [`StoreError`].

use std::fmt;

use diesel::result::{DatabaseErrorKind, Error};
use informer_oauth_ports::StoreError;

/// The name of this store in errors and health checks.
pub(crate) const STORE: &str = "sqlite";

pub(crate) fn unavailable(reason: impl fmt::Display) -> StoreError {
    StoreError::unavailable(STORE, reason)
}

pub(crate) fn corrupt(what: &'static str, reason: impl fmt::Display) -> StoreError {
    StoreError::corrupt(STORE, what, reason)
}

/// Why a job failed: a [`StoreError`] that `?` also makes of diesel's errors.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) StoreError);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(match &error {
            Error::DeserializationError(_) => corrupt("row", error),
            Error::DatabaseError(
                DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::ForeignKeyViolation,
                _,
            ) => corrupt("row", format_args!("a change would break a constraint: {error}")),
            Error::DatabaseError(_, information) if is_damage(information.message()) => corrupt("file", error),
            _ => unavailable(error),
        })
    }
}

/// Whether SQLite's message for SQLITE_BUSY is meant.
pub(crate) fn is_busy(message: &str) -> bool {
    message.contains("database is locked")
}

/// Whether SQLite's message for SQLITE_CORRUPT or SQLITE_NOTADB is meant: diesel does not hand the code on.
pub(crate) fn is_damage(message: &str) -> bool {
    message.contains("disk image is malformed") || message.contains("file is not a database")
}
