//! Errors of diesel and Postgres as [`StoreError`].

use std::fmt;

use diesel::result::{DatabaseErrorKind, Error};
use informer_oauth_ports::StoreError;

/// The name of this store in errors and health checks.
pub(crate) const STORE: &str = "postgres";

pub(crate) fn unavailable(reason: impl fmt::Display) -> StoreError {
    StoreError::unavailable(STORE, reason)
}

pub(crate) fn corrupt(what: &'static str, reason: impl fmt::Display) -> StoreError {
    StoreError::corrupt(STORE, what, reason)
}

/// Why a call failed: a [`StoreError`] that `?` also makes of diesel's errors.
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
            _ => unavailable(error),
        })
    }
}

/// An error with its causes: tokio-postgres says only "error connecting to server" and keeps the rest behind it.
pub(crate) fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
