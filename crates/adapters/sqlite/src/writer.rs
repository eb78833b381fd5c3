//! The one writer. What waits shares a transaction: each job in its own savepoint, one commit (one fsync) for all, and
//! only then the answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use diesel::{RunQueryDsl, connection::SimpleConnection, result::QueryResult, sqlite::SqliteConnection};

use crate::{
    commands::{Begin, Commit, Release, RollBack, Savepoint},
    connection::Place,
    job::Job,
    queue::Waiting,
};

/// How much was written since the file was opened.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) jobs: AtomicU64,
    pub(crate) commits: AtomicU64,
}

pub(crate) struct Writer {
    /// `None` after a failure: dropping a connection ends its transaction for certain.
    connection: Option<SqliteConnection>,
    place: Place,
    waiting: Waiting,
    batch: usize,
    counters: Arc<Counters>,
}

/// Why nothing of a batch was written.
enum Abort {
    /// The transaction did not even begin: another process writes, or the file cannot be opened.
    Begin(String),
    /// It began and failed as a whole.
    Batch(String),
}

impl Writer {
    pub(crate) fn new(
        connection: SqliteConnection,
        place: Place,
        waiting: Waiting,
        batch: usize,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            connection: Some(connection),
            place,
            waiting,
            batch: batch.max(1),
            counters,
        }
    }

    /// Works until the queue is closed and empty, then moves the log into the database file.
    pub(crate) fn run(mut self) {
        while let Ok(first) = self.waiting.recv() {
            // Where callers share this thread's core, those who are about to ask come along.
            thread::yield_now();
            self.answer_batch(first);
        }
        if let Some(connection) = &mut self.connection {
            // Another process may be reading: then the log stays, and is found at the next start.
            if let Err(error) = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)") {
                tracing::debug!(%error, "the log was not truncated");
            }
        }
    }

    fn answer_batch(&mut self, first: Box<dyn Job>) {
        let mut jobs = vec![first];
        let outcome = self.transact(&mut jobs);
        let outcome = match &outcome {
            Ok(()) => {
                self.counters.jobs.fetch_add(jobs.len() as u64, Ordering::Relaxed);
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(abort) => {
                self.connection = None;
                let (Abort::Begin(reason) | Abort::Batch(reason)) = abort;
                tracing::warn!(reason, "a transaction failed");
                if let Abort::Begin(_) = abort {
                    // They waited as long as this batch did; trying once more for them would keep them twice as long.
                    jobs.extend(self.waiting.try_iter());
                }
                Err(reason.as_str())
            }
        };
        for job in jobs {
            job.answer(outcome);
        }
    }

    fn transact(&mut self, jobs: &mut Vec<Box<dyn Job>>) -> Result<(), Abort> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.place.writer().map_err(Abort::Begin)?),
        };
        Begin
            .execute(connection)
            .map_err(|error| Abort::Begin(error.to_string()))?;
        // Only now, so that what arrived while waiting for the lock comes along.
        jobs.extend(self.waiting.try_iter().take(self.batch - 1));
        work_off(connection, jobs).map_err(|error| Abort::Batch(error.to_string()))
    }
}

fn work_off(connection: &mut SqliteConnection, jobs: &mut [Box<dyn Job>]) -> QueryResult<()> {
    for job in jobs {
        Savepoint.execute(connection)?;
        if !job.run(connection) {
            RollBack.execute(connection)?;
        }
        Release.execute(connection)?;
    }
    Commit.execute(connection)?;
    Ok(())
}

#[cfg(test)]
mod tests;
