use std::fmt::Display;

use thiserror::Error;

/// The only ways in which a store may fail. Everything expected is a variant of an answer instead.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// The store cannot be reached, is overloaded or ran out of time. Trying again may work; nothing was half done.
    #[error("{store} is unavailable: {reason}")]
    Unavailable {
        /// The store, as health checks name it: `sqlite`, `postgres`, `redis`.
        store: &'static str,
        /// For the log, never for a client.
        reason: String,
    },
    /// A stored value cannot be what it should be. Trying again will not help.
    #[error("{store} holds a corrupt {what}: {reason}")]
    Corrupt {
        /// The store.
        store: &'static str,
        /// What was read.
        what: &'static str,
        /// For the log, never for a client.
        reason: String,
    },
}

impl StoreError {
    /// Makes [`StoreError::Unavailable`].
    pub fn unavailable(store: &'static str, reason: impl Display) -> Self {
        Self::Unavailable {
            store,
            reason: reason.to_string(),
        }
    }

    /// Makes [`StoreError::Corrupt`].
    pub fn corrupt(store: &'static str, what: &'static str, reason: impl Display) -> Self {
        Self::Corrupt {
            store,
            what,
            reason: reason.to_string(),
        }
    }
}
