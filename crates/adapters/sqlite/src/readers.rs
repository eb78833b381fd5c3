//! Threads that read. In WAL mode they neither wait for the writer nor hold it up.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::sqlite::SqliteConnection;

use crate::{connection::Place, job::Job, queue::Waiting};

pub(crate) struct Reader {
    /// `None` after a failure: a new connection has no transaction left open.
    connection: Option<SqliteConnection>,
    place: Place,
    waiting: Arc<Mutex<Waiting>>,
}

impl Reader {
    pub(crate) fn new(connection: SqliteConnection, place: Place, waiting: Arc<Mutex<Waiting>>) -> Self {
        Self {
            connection: Some(connection),
            place,
            waiting,
        }
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        while let Some(job) = self.next() {
            self.answer(job);
        }
    }

    fn next(&self) -> Option<Box<dyn Job>> {
        // The one that holds the lock waits for a job; the others wait for the lock.
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.recv().ok()
    }

    fn answer(&mut self, mut job: Box<dyn Job>) {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => match self.place.reader() {
                Ok(connection) => none.insert(connection),
                Err(reason) => return job.answer(Err(&reason)),
            },
        };
        if !job.run(connection) {
            self.connection = None;
        }
        job.answer(Ok(()));
    }
}
