//! What the process remembers of rows that live for minutes, so that the file is not asked for them.
//!
//! Where one process serves from a file, every change of these rows goes through its one writer: what is remembered is as good
//! as what is written. What is not, after a restart or when there is no room, is looked up.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use informer_oauth_domain::{secret::Digest, timestamp::Timestamp};

/// How often a full memory is searched for what has expired.
const SWEEP: Duration = Duration::from_secs(1);

/// A row that ends by itself.
pub(crate) trait Expiring {
    fn digest(&self) -> &Digest;
    fn expires_at(&self) -> Timestamp;
}

/// Rows of one kind by their digest.
pub(crate) struct Memory<T>(Mutex<Remembered<T>>);

pub(crate) struct Remembered<T> {
    capacity: usize,
    pub(crate) rows: HashMap<[u8; 32], Box<T>>,
    swept_at: Option<Timestamp>,
}

impl<T: Expiring> Memory<T> {
    /// For as many rows.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Mutex::new(Remembered {
            capacity,
            rows: HashMap::new(),
            swept_at: None,
        }))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Remembered<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what has expired.
    pub(crate) fn purge(&self, now: Timestamp) {
        self.lock().sweep(now);
    }
}

impl<T: Expiring> Remembered<T> {
    /// Remembers a row, unless it does already or there is no room.
    pub(crate) fn add(&mut self, row: T, now: Timestamp) {
        let is_due = self.swept_at.is_none_or(|at| now >= at + SWEEP);
        if self.rows.len() >= self.capacity && is_due {
            self.sweep(now);
        }
        if self.rows.len() < self.capacity {
            self.rows
                .entry(*row.digest().as_bytes())
                .or_insert_with(|| Box::new(row));
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        self.rows.retain(|_, row| now < row.expires_at());
        self.swept_at = Some(now);
    }
}

#[cfg(test)]
mod tests;
