use std::{
    io,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use informer_oauth_ports::HashError;
use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

const PENDING: &str = "informer_oauth_hashing_pending";
const LIMIT: &str = "informer_oauth_hashing_limit";
const JOBS: &str = "informer_oauth_hashing_jobs_total";

type Job = Box<dyn FnOnce() + Send>;

/// How many hashes are made at once, and how many may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolSettings {
    /// Threads, each making one hash at a time.
    pub workers: NonZeroUsize,
    /// Hashes that may wait for a thread; one more is shed.
    pub queue: usize,
}

impl Default for PoolSettings {
    /// Half the cores, so that hashing never starves the rest of the service, and sixteen waiting for each.
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let workers = NonZeroUsize::new(cores / 2).unwrap_or(NonZeroUsize::MIN);
        Self {
            workers,
            queue: workers.get() * 16,
        }
    }
}

/// Describes what [`HashingPool`]s count. Call it once, after installing a recorder and before starting a pool.
pub fn describe_metrics() {
    describe_gauge!(PENDING, Unit::Count, "Hashes that run or wait, by pool.");
    describe_gauge!(
        LIMIT,
        Unit::Count,
        "How many hashes may run or wait, by pool; more are shed."
    );
    describe_counter!(
        JOBS,
        Unit::Count,
        "Hashes asked for, by pool and outcome: accepted, or shed because the queue was full."
    );
}

struct Counters {
    pending: Gauge,
    accepted: Counter,
    shed: Counter,
}

impl Counters {
    fn of(pool: &str, room: usize) -> Self {
        let pool = pool.to_owned();
        // A room that does not fit the 53 bits of a float is none that anybody fills.
        #[expect(clippy::cast_precision_loss, reason = "said above")]
        gauge!(LIMIT, "pool" => pool.clone()).set(room as f64);
        Self {
            pending: gauge!(PENDING, "pool" => pool.clone()),
            accepted: counter!(JOBS, "pool" => pool.clone(), "outcome" => "accepted"),
            shed: counter!(JOBS, "pool" => pool, "outcome" => "shed"),
        }
    }
}

/// Threads for slow hashes, with a bounded queue: more than it holds is refused as [`HashError::Busy`] at once, instead
/// of making everyone wait. Work whose caller has gone away is passed over.
///
/// Dropping the pool ends its threads after what is queued.
pub struct HashingPool {
    jobs: Sender<Job>,
    room: Arc<Semaphore>,
    counters: Counters,
}

/// The right to submit one job.
pub(crate) struct Permit {
    _room: OwnedSemaphorePermit,
    pending: Gauge,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.pending.decrement(1.0);
    }
}

impl HashingPool {
    /// Starts the threads; `name` is theirs, for those who look at the process.
    pub fn start(name: &str, settings: PoolSettings) -> io::Result<Self> {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..settings.workers.get() {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || work(&queue))?;
        }
        let room = settings
            .workers
            .get()
            .saturating_add(settings.queue)
            .min(Semaphore::MAX_PERMITS);
        Ok(Self {
            jobs,
            room: Arc::new(Semaphore::new(room)),
            counters: Counters::of(name, room),
        })
    }

    /// Room for one job; `None` when there is none.
    pub(crate) fn permit(&self) -> Option<Permit> {
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            self.counters.shed.increment(1);
            return None;
        };
        self.counters.accepted.increment(1);
        self.counters.pending.increment(1.0);
        Some(Permit {
            _room: room,
            pending: self.counters.pending.clone(),
        })
    }

    /// Queues a job. It is dropped unrun only if the threads are gone.
    pub(crate) fn submit(&self, permit: Permit, job: impl FnOnce() + Send + 'static) {
        let job: Job = Box::new(move || {
            job();
            drop(permit);
        });
        if self.jobs.send(job).is_err() {
            tracing::error!("the hashing threads have ended");
        }
    }

    /// Runs `work` on a thread of the pool and waits for its answer.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let permit = self.permit().ok_or(HashError::Busy)?;
        let (answer, answered) = oneshot::channel();
        self.submit(permit, move || {
            if !answer.is_closed() {
                // The caller may go away while the work is under way: then nobody wants the answer.
                let _ = answer.send(work());
            }
        });
        answered
            .await
            .map_err(|_| HashError::Failed("the work ended without an answer".to_owned()))
    }
}

/// What a thread does until the pool is dropped.
fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // A panic ends the one job: its permit and its caller's channel are dropped with it.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a hash panicked");
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn pool(workers: usize, queue: usize) -> HashingPool {
        HashingPool::start(
            "test",
            PoolSettings {
                workers: NonZeroUsize::new(workers).unwrap(),
                queue,
            },
        )
        .unwrap()
    }

    #[tokio::test]
    async fn work_is_done_and_answered() {
        assert_eq!(pool(2, 0).run(|| 6 * 7).await, Ok(42));
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_is_shed_at_once_and_room_comes_back() {
        let pool = Arc::new(pool(1, 1));
        let (release, held) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(move || held.recv().is_ok()).await }
        });
        while pool.room.available_permits() == 2 {
            tokio::task::yield_now().await;
        }
        let second = pool.permit().unwrap();
        assert_eq!(pool.run(|| ()).await, Err(HashError::Busy));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        drop(second);
        while pool.room.available_permits() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn a_panic_fails_its_caller_only() {
        let pool = pool(1, 1);
        let panicked: Result<(), HashError> = pool.run(|| panic!("on purpose")).await;
        assert!(matches!(panicked, Err(HashError::Failed(_))));
        assert_eq!(pool.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn work_whose_caller_went_away_is_not_done() {
        let pool = pool(1, 4);
        let (release, held) = mpsc::channel::<()>();
        let (done, was_done) = mpsc::channel::<&str>();
        pool.submit(pool.permit().unwrap(), move || assert_eq!(held.recv(), Ok(())));
        let mut abandoned = Box::pin(pool.run({
            let done = done.clone();
            move || done.send("abandoned")
        }));
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(abandoned.as_mut().poll(context).is_pending())).await;
        assert!(polled, "it waits behind the first");
        drop(abandoned);
        release.send(()).unwrap();
        pool.run(move || done.send("last").unwrap()).await.unwrap();
        assert_eq!(was_done.iter().collect::<Vec<_>>(), ["last"]);
    }
}
