//! Every store port in one SQLite file.
//!
//! [`Sqlite::open`] makes or opens the file, brings its schema up to date and starts the threads; the handle is cheap to
//! clone and implements each store port of `informer-oauth-ports`.
//!
//! - **One writer.** A thread takes what waits, up to [`SqliteOptions::batch`] jobs, runs them in one transaction, each in
//!   a savepoint of its own, commits once, and only then answers. Many concurrent writes so share one fsync.
//! - **Durable.** WAL with `synchronous = FULL`: what was answered survives `kill -9` and a power cut.
//! - **Alone with its file** it can be told to remember codes and pending devices ([`SqliteOptions::remembered`]). Then a redemption
//!   is answered before its mark is on the disk, where the mark comes no later than the token record, or whatever else is
//!   written after it; and the pace of devices that poll is not written at all.
//! - **Other processes** may use the same file where nothing is remembered: transactions are `BEGIN IMMEDIATE` and wait for
//!   [`SqliteOptions::busy_timeout`].
//! - **Overload is said at once.** A full queue is [`StoreError::Unavailable`]; nothing waits without bound: a call that has
//!   no answer shortly after the busy timeout is unavailable too, and if its work had not begun it never does.

mod attempts;
mod audit;
mod backup;
mod client_rows;
mod clients;
mod codes;
mod columns;
mod commands;
mod connection;
mod consents;
mod device_rows;
mod devices;
mod failure;
mod job;
mod keys;
mod memory;
mod migrations;
mod purge;
mod queue;
mod readers;
mod revocations;
mod schema;
mod sessions;
mod token_rows;
mod tokens;
mod usage;
mod users;
mod writer;

use std::{
    any::type_name,
    fmt, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use diesel::{connection::SimpleConnection, sqlite::SqliteConnection};
use informer_oauth_domain::{code::AuthorizationCode, device::DeviceAuthorization};
use informer_oauth_ports::{PoolState, Pools, Probe, StoreError, traced};
// Nothing is called: it is here to have SQLite itself compiled in (`bundled`).
use libsqlite3_sys as _;
use thiserror::Error;

use crate::{
    connection::Place,
    failure::{Failure, unavailable},
    job::{Call, Later},
    memory::Memory,
    migrations::Found,
    queue::Queue,
    readers::Reader,
    writer::{Counters, Writer},
};

/// How to use the file. The defaults suit a service on a small machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SqliteOptions {
    /// How many threads read; at least one does. 2 by default.
    pub readers: usize,
    /// How many calls may wait for the writer, and as many for the readers; more are refused at once. 4096 by default.
    pub queue: usize,
    /// How many writes share a commit at most. 128 by default.
    pub batch: usize,
    /// How long to wait for another process that is writing. 1.5 s by default, so that a request is not kept longer than
    /// two; a command that works beside a busy service may well wait longer.
    pub busy_timeout: Duration,
    /// Each connection's page cache, in KiB. 2048 by default; there is one connection a reader and one for the writer.
    pub cache_kib: u32,
    /// How many codes that were not redeemed, and as many devices that nobody decided about, are remembered, so that the file
    /// is not asked for them; some 400 bytes each. 0 by default, and where other processes redeem or decide in the same file.
    pub remembered: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers: 2,
            queue: 4096,
            batch: 128,
            busy_timeout: Duration::from_millis(1500),
            cache_kib: 2048,
            remembered: 0,
        }
    }
}

/// Why a database file could not be opened or migrated.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The path is not UTF-8.
    #[error("{} is not a usable file name: it is not UTF-8", .0.display())]
    Name(PathBuf),
    /// The file could not be made or read.
    #[error("cannot open {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} is not a SQLite database", .0.display())]
    NotADatabase(PathBuf),
    /// The file is a SQLite database with other tables than this service's.
    #[error("{} is a database of another program", .0.display())]
    Foreign(PathBuf),
    /// A newer version of this program has changed the schema.
    #[error("{} was written by a newer version of this program (unknown schema changes: {}); use that version or restore a backup", path.display(), migrations.join(", "))]
    Newer {
        /// The file.
        path: PathBuf,
        /// The versions of the migrations that this program does not know.
        migrations: Vec<String>,
    },
    /// The file is a SQLite database, and pages of it are damaged.
    #[error("{} is damaged ({reason}): restore a backup of it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found first.
        reason: String,
    },
    /// The schema could not be brought up to date; it is as it was.
    #[error("cannot bring the schema of {} up to date: {reason}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// SQLite cannot use the file: it is locked, damaged, read-only or on a file system without shared memory.
    #[error("cannot use {}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// The system gave no thread.
    #[error("cannot start a database thread: {0}")]
    Thread(#[source] io::Error),
}

#[async_trait]
impl Probe for Sqlite {
    fn name(&self) -> &'static str {
        failure::STORE
    }

    async fn check(&self) -> Result<(), StoreError> {
        Self::check(self).await
    }
}

impl Pools for Sqlite {
    /// `sqlite_write`, of which there is one, and `sqlite_read`.
    fn pools(&self) -> Vec<PoolState> {
        let state = |name, queue: &Queue| {
            let (threads, calls) = (queue.threads(), queue.calls());
            let busy = calls.min(threads);
            PoolState {
                name,
                limit: threads,
                open: threads,
                busy,
                waiting: calls - busy,
            }
        };
        vec![
            state("sqlite_write", &self.threads.writes),
            state("sqlite_read", &self.threads.reads),
        ]
    }
}

/// How much was written since the file was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// Calls whose transaction was committed, also those that changed nothing.
    pub jobs: u64,
    /// Commits they shared.
    pub commits: u64,
}

/// An open database file: a handle that is cheap to clone and implements every store port.
///
/// Dropping the last clone waits until what was queued is written, and moves the log into the database file;
/// [`Sqlite::close`] does the same without blocking the runtime.
#[derive(Clone)]
pub struct Sqlite {
    threads: Arc<Threads>,
    codes: Arc<Memory<AuthorizationCode>>,
    devices: Arc<Memory<DeviceAuthorization>>,
    /// How long a call may take: SQLite itself waits longer than it is told to when locks are held in unusual ways, and a
    /// disk that hangs is not asked for its opinion.
    patience: Duration,
}

/// Rewrites the first page of the file. Nothing uses this number.
const PROBE: &str = "PRAGMA user_version = 0";
/// How long a write counts as proof that writing works: probes must not wear out the disk.
const PROBE_PAUSE: Duration = Duration::from_secs(3);

/// What a call may take beyond the busy timeout.
const MARGIN: Duration = Duration::from_millis(250);

struct Threads {
    writes: Queue,
    reads: Queue,
    counters: Arc<Counters>,
    /// Set when SQLite says that the file is damaged.
    damaged: AtomicBool,
    /// The last health check that wrote.
    probed: Mutex<Option<Instant>>,
}

impl Threads {
    fn probed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.probed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes damage of the file.
    fn note<T>(&self, answer: &Result<T, StoreError>) {
        if let Err(StoreError::Corrupt { reason, .. } | StoreError::Unavailable { reason, .. }) = answer
            && failure::is_damage(reason)
        {
            self.damaged.store(true, Ordering::Relaxed);
        }
    }

    /// Readers first: the writer's last act is a checkpoint, which needs that nobody reads.
    fn stop(&self) {
        self.reads.stop();
        self.writes.stop();
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Opens the file, making it (mode 0600) when it is missing, and brings its schema up to date. Blocks.
    pub fn open(path: &Path, options: &SqliteOptions) -> Result<Self, OpenError> {
        let place = Place::new(path, options)?;
        let unusable = |reason| OpenError::Unusable {
            path: path.to_owned(),
            reason,
        };
        let (connection, _) = migrations::prepare(&place)?;

        let counters = Arc::<Counters>::default();
        let (writes, waiting) = Queue::new(options.queue);
        let writer = Writer::new(connection, place.clone(), waiting, options.batch, Arc::clone(&counters));
        writes
            .start("sqlite-writer", move || writer.run())
            .map_err(OpenError::Thread)?;

        let (reads, waiting) = Queue::new(options.queue);
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = Threads {
            writes,
            reads,
            counters,
            damaged: AtomicBool::new(false),
            probed: Mutex::default(),
        };
        for _ in 0..options.readers.max(1) {
            let connection = place.reader().map_err(unusable)?;
            let reader = Reader::new(connection, place.clone(), Arc::clone(&waiting));
            threads
                .reads
                .start("sqlite-reader", move || reader.run())
                .map_err(OpenError::Thread)?;
        }
        Ok(Self {
            threads: Arc::new(threads),
            codes: Arc::new(Memory::new(options.remembered)),
            devices: Arc::new(Memory::new(options.remembered)),
            patience: options.busy_timeout.saturating_add(MARGIN),
        })
    }

    /// The names of the migrations that the file lacks, oldest first. Changes nothing: a missing file stays missing and
    /// lacks all of them. Blocks.
    pub fn pending_migrations(path: &Path) -> Result<Vec<String>, OpenError> {
        Self::migrate(path, true)
    }

    /// Brings the schema of the file up to date, making it (mode 0600) when it is missing, and returns the names of the
    /// migrations that were applied. With `dry_run` only says which would be. Blocks.
    pub fn migrate(path: &Path, dry_run: bool) -> Result<Vec<String>, OpenError> {
        let place = Place::new(path, &SqliteOptions::default())?;
        if !dry_run {
            return migrations::prepare(&place).map(|(_, names)| names);
        }
        match migrations::look(path)? {
            Found::Nothing => Ok(migrations::all()),
            Found::Database => {
                let unusable = |reason| OpenError::Unusable {
                    path: path.to_owned(),
                    reason,
                };
                migrations::pending(&place, &mut place.reader().map_err(unusable)?)
            }
        }
    }

    /// Whether both reading and writing work: for health checks. Answers within the busy timeout.
    ///
    /// It writes a page of the file, unless one was written in the last seconds: a full disk and a read-only file let
    /// transactions begin. Once SQLite has found the file damaged, this fails until the file is opened again.
    pub async fn check(&self) -> Result<(), StoreError> {
        if self.threads.damaged.load(Ordering::Relaxed) {
            return Err(failure::corrupt(
                "file",
                "it is damaged: stop the service and restore a backup",
            ));
        }
        self.read(|connection| keys::any(connection).map(|_| ())).await?;
        if self.threads.probed().is_some_and(|at| at.elapsed() < PROBE_PAUSE) {
            return self.write(|_| Ok(())).await;
        }
        self.write(|connection| Ok(connection.batch_execute(PROBE)?)).await?;
        *self.threads.probed() = Some(Instant::now());
        Ok(())
    }

    /// What was written so far.
    pub fn written(&self) -> Written {
        let counters = &self.threads.counters;
        Written {
            jobs: counters.jobs.load(Ordering::Relaxed),
            commits: counters.commits.load(Ordering::Relaxed),
        }
    }

    /// Finishes what was queued, moves the log into the database file and stops the threads. Calls that come later, on
    /// any clone, are refused as unavailable.
    pub async fn close(self) {
        // Joining threads blocks. When the runtime is ending as well, dropping does the same work.
        let _ = tokio::task::spawn_blocking(move || self.threads.stop()).await;
    }

    /// Runs `work` in the writer's transaction and answers after its commit.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    {
        self.call(&self.threads.writes, work).await
    }

    /// Runs `work` in the writer's transaction some time, before whatever is written after this. Nobody waits for it.
    fn write_later<F>(&self, work: F) -> Result<(), StoreError>
    where
        F: FnOnce(&mut SqliteConnection) -> Result<(), Failure> + Send + 'static,
    {
        self.threads.writes.submit(Box::new(Later::new(work)))
    }

    /// Runs `work` on a reader. Statements that must see one state belong into a transaction.
    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    {
        self.call(&self.threads.reads, work).await
    }

    async fn call<T, F>(&self, queue: &Queue, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    {
        traced(failure::STORE, type_name::<F>(), async {
            let _counted = queue.enter();
            let (job, answer) = Call::prepare(work);
            queue.submit(job)?;
            let answer = tokio::time::timeout(self.patience, answer)
                .await
                .map_err(|_| unavailable("it did not answer in time"))?
                .map_err(|_| unavailable("its thread has ended"))?;
            self.threads.note(&answer);
            answer
        })
        .await
    }
}

#[cfg(test)]
mod tests;
