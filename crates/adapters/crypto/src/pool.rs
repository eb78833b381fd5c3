use std::{
    io,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use informer_oauth_ports::HashError;
use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
use tokio::sync::oneshot;

use crate::lanes::{Lanes, Turn};

const PENDING: &str = "informer_oauth_hashing_pending";
const LIMIT: &str = "informer_oauth_hashing_limit";
const JOBS: &str = "informer_oauth_hashing_jobs_total";

/// Outcome for a queued job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// A thread is free: do the work.
    Run,
    /// Its place went to a source that had fewer: answer [`HashError::Busy`].
    Shed,
}

type Job = Box<dyn FnOnce(Fate) + Send>;

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

/// Threads for slow hashes, with a bounded queue that sources share fairly. When it is full, the newest job of the source
/// with the most of them makes room for a source with fewer; if there is none, the new job is refused as
/// [`HashError::Busy`] at once. Work whose caller has gone away is passed over.
///
/// Dropping the pool ends its threads after what is queued.
pub struct HashingPool {
    shared: Arc<Shared>,
    counters: Counters,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    room: usize,
}

struct State {
    /// Jobs that run, and places that are taken and not queued yet.
    taken: usize,
    waiting: Lanes<Job>,
    closed: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for one job, given back when dropped.
pub(crate) struct Permit {
    shared: Arc<Shared>,
    pending: Gauge,
    turn: Turn,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.taken = state.taken.saturating_sub(1);
        drop(state);
        self.pending.decrement(1.0);
    }
}

impl HashingPool {
    /// Starts the threads; `name` is theirs, for those who look at the process.
    pub fn start(name: &str, settings: PoolSettings) -> io::Result<Self> {
        let room = settings.workers.get().saturating_add(settings.queue);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                taken: 0,
                waiting: Lanes::default(),
                closed: false,
            }),
            changed: Condvar::new(),
            room,
        });
        let pool = Self {
            shared,
            counters: Counters::of(name, room),
        };
        for _ in 0..settings.workers.get() {
            let shared = Arc::clone(&pool.shared);
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || work(&shared))?;
        }
        Ok(pool)
    }

    /// A place for one job; `None` when there is none.
    pub(crate) fn permit(&self, turn: Turn) -> Option<Permit> {
        let mut state = self.shared.state();
        let mut evicted = None;
        if state.taken + state.waiting.len() >= self.shared.room {
            evicted = state.waiting.make_room(&turn);
            if evicted.is_none() {
                drop(state);
                self.counters.shed.increment(1);
                return None;
            }
        }
        state.taken += 1;
        drop(state);
        if let Some(job) = evicted {
            self.counters.shed.increment(1);
            job(Fate::Shed);
        }
        self.counters.accepted.increment(1);
        self.counters.pending.increment(1.0);
        Some(Permit {
            shared: Arc::clone(&self.shared),
            pending: self.counters.pending.clone(),
            turn,
        })
    }

    /// Queues a job. It is dropped without a fate only if the pool has been dropped.
    pub(crate) fn submit(&self, permit: Permit, job: impl FnOnce(Fate) + Send + 'static) {
        let turn = permit.turn.clone();
        let job: Job = Box::new(move |fate| {
            if fate == Fate::Shed {
                // It was waiting, and so is not among those that are taken.
                permit.shared.state().taken += 1;
            }
            job(fate);
            drop(permit);
        });
        let mut state = self.shared.state();
        // The place moves into the queue; the thread that takes the job out takes it back.
        state.taken = state.taken.saturating_sub(1);
        state.waiting.push(turn, job);
        drop(state);
        self.shared.changed.notify_one();
    }

    /// Runs `work` on a thread of the pool and waits for its answer.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let permit = self.permit(turn).ok_or(HashError::Busy)?;
        let (answer, answered) = oneshot::channel();
        self.submit(permit, move |fate| {
            if answer.is_closed() {
                return;
            }
            // The caller may go away while the work is under way: then nobody wants the answer.
            let _ = answer.send(match fate {
                Fate::Run => Ok(work()),
                Fate::Shed => Err(HashError::Busy),
            });
        });
        answered
            .await
            .map_err(|_| HashError::Failed("the work ended without an answer".to_owned()))?
    }
}

impl Drop for HashingPool {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_all();
    }
}

/// Runs jobs until the pool is dropped and its queue is empty.
fn work(shared: &Shared) {
    loop {
        let mut state = shared.state();
        let job = loop {
            if let Some(job) = state.waiting.pop() {
                state.taken += 1;
                break job;
            }
            if state.closed {
                return;
            }
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        // A panic ends the one job: its permit and its caller's channel are dropped with it.
        if catch_unwind(AssertUnwindSafe(|| job(Fate::Run))).is_err() {
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

    fn turn() -> Turn {
        Turn::Fair("here".to_owned())
    }

    impl HashingPool {
        fn free(&self) -> usize {
            let state = self.shared.state();
            self.shared.room - state.taken - state.waiting.len()
        }
    }

    #[tokio::test]
    async fn work_is_done_and_answered() {
        assert_eq!(pool(2, 0).run(turn(), || 6 * 7).await, Ok(42));
    }

    #[tokio::test]
    async fn a_source_with_many_jobs_gives_way_and_a_known_browser_keeps_a_place() {
        let pool = Arc::new(pool(1, 3));
        let (release, held) = mpsc::channel::<()>();
        pool.submit(pool.permit(turn()).unwrap(), move |_| {
            assert_eq!(held.recv(), Ok(()));
        });
        while pool.shared.state().waiting.len() > 0 {
            tokio::task::yield_now().await;
        }
        let (order, ran) = mpsc::channel();
        let queue = |turn: Turn, name: &'static str| {
            let (pool, order) = (Arc::clone(&pool), order.clone());
            tokio::spawn(async move { pool.run(turn, move || order.send(name).unwrap()).await })
        };
        let from = |place: &str| Turn::Fair(place.to_owned());
        let mut flood = Vec::new();
        for name in ["flood 1", "flood 2", "flood 3"] {
            flood.push(queue(from("flood"), name));
            tokio::task::yield_now().await;
        }
        while pool.free() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(from("flood"), || ()).await, Err(HashError::Busy));
        let honest = queue(from("elsewhere"), "honest");
        assert_eq!(
            flood.pop().unwrap().await.unwrap(),
            Err(HashError::Busy),
            "the newest of the flood"
        );
        let known = queue(Turn::First("ada".to_owned()), "known");
        assert_eq!(flood.pop().unwrap().await.unwrap(), Err(HashError::Busy));
        assert_eq!(pool.free(), 0, "no place is lost");
        release.send(()).unwrap();
        for waiting in [known, honest, flood.pop().unwrap()] {
            assert_eq!(waiting.await.unwrap(), Ok(()));
        }
        assert_eq!(ran.try_iter().collect::<Vec<_>>()[0], "known");
        while pool.free() < 4 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_is_shed_at_once_and_room_comes_back() {
        let pool = Arc::new(pool(1, 1));
        let (release, held) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(turn(), move || held.recv().is_ok()).await }
        });
        while pool.free() == 2 {
            tokio::task::yield_now().await;
        }
        let second = pool.permit(turn()).unwrap();
        assert_eq!(pool.run(turn(), || ()).await, Err(HashError::Busy));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        drop(second);
        while pool.free() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(turn(), || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn a_panic_fails_its_caller_only() {
        let pool = pool(1, 1);
        let panicked: Result<(), HashError> = pool.run(turn(), || panic!("on purpose")).await;
        assert!(matches!(panicked, Err(HashError::Failed(_))));
        assert_eq!(pool.run(turn(), || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn work_whose_caller_went_away_is_not_done() {
        let pool = pool(1, 4);
        let (release, held) = mpsc::channel::<()>();
        let (done, was_done) = mpsc::channel::<&str>();
        pool.submit(pool.permit(turn()).unwrap(), move |_| {
            assert_eq!(held.recv(), Ok(()));
        });
        let mut abandoned = Box::pin(pool.run(turn(), {
            let done = done.clone();
            move || done.send("abandoned")
        }));
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(abandoned.as_mut().poll(context).is_pending())).await;
        assert!(polled, "it waits behind the first");
        drop(abandoned);
        release.send(()).unwrap();
        pool.run(turn(), move || done.send("last").unwrap()).await.unwrap();
        assert_eq!(was_done.iter().collect::<Vec<_>>(), ["last"]);
    }
}
