//! A bounded queue of jobs and the threads that work it off.

use std::{
    io,
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
};

use informer_oauth_ports::StoreError;

use crate::{failure::unavailable, job::Job};

/// What waits for a thread.
pub(crate) type Waiting = Receiver<Box<dyn Job>>;

/// The sending end; the threads end when it is closed and all that waited is done.
pub(crate) struct Queue {
    sender: RwLock<Option<SyncSender<Box<dyn Job>>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    calls: AtomicUsize,
}

/// A call that waits for its answer.
pub(crate) struct Entered<'a>(&'a AtomicUsize);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Queue {
    /// An open queue that holds up to `capacity` jobs, and its receiving end.
    pub(crate) fn new(capacity: usize) -> (Self, Waiting) {
        let (sender, waiting) = mpsc::sync_channel(capacity);
        (
            Self {
                sender: RwLock::new(Some(sender)),
                threads: Mutex::default(),
                calls: AtomicUsize::new(0),
            },
            waiting,
        )
    }

    /// Starts a thread that is waited for by [`Queue::stop`].
    pub(crate) fn start(&self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .stack_size(512 * 1024)
            .spawn(work)?;
        self.started().push(thread);
        Ok(())
    }

    /// Queues a job, or says at once that there is no room.
    pub(crate) fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner);
        let sender = sender.as_ref().ok_or_else(|| unavailable("the database is closed"))?;
        sender.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => unavailable("too many calls are waiting"),
            TrySendError::Disconnected(_) => unavailable("its thread has ended"),
        })
    }

    /// Takes no more jobs and waits until the threads have done what they have.
    pub(crate) fn stop(&self) {
        self.sender.write().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.started());
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a database thread panicked");
            }
        }
    }

    /// Counts a call until it is dropped.
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Entered(&self.calls)
    }

    /// How many calls wait for their answer.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many threads work.
    pub(crate) fn threads(&self) -> usize {
        self.started().len()
    }

    fn started(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
