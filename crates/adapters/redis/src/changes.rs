//! Notices of changes, over publish and subscribe.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::StreamExt;
use informer_oauth_ports::{Change, ChangeListener, Changes, Entropy, StoreError};
use redis::{RedisResult, Value, aio::PubSub, cmd};
use tokio::{
    sync::{mpsc, oneshot},
    task::AbortHandle,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use crate::{
    Redis,
    message::{self, Origin},
};

/// How many changes may wait to be published. With more, the others are told to forget everything.
const WAITING: usize = 1024;

/// How many changes go in one message.
const TOGETHER: usize = 128;

/// How often a subscription is asked whether it still is one: nothing else would tell, when nothing is published.
const CHECKED_EVERY: Duration = Duration::from_secs(2);

/// How long to wait before trying again, at first and at most.
const RESTS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Tells the other processes of an installation what changed, and hears it from them.
///
/// This process's listeners are told at once, whether Redis is there or not; the others as soon as it is. After a time
/// without subscription listeners are told [`Change::Everything`], since nobody knows what they missed; the same goes to
/// the others after what could not be published. The work is done by two tasks, until this is dropped.
pub struct RedisChanges {
    listeners: Arc<Listeners>,
    waiting: mpsc::Sender<Waiting>,
    overflowed: Arc<AtomicBool>,
    tasks: [AbortHandle; 2],
}

/// What waits for its turn.
enum Waiting {
    Change(Change),
    /// Somebody who wants to know when all that came before was published.
    Asker(oneshot::Sender<()>),
}

#[derive(Default)]
struct Listeners(RwLock<Vec<Arc<dyn ChangeListener>>>);

impl Listeners {
    fn tell(&self, change: Change) {
        // Told outside the lock, so that a listener may add another or publish in its turn.
        let listeners = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        for listener in listeners {
            listener.changed(change);
        }
    }
}

impl RedisChanges {
    pub(crate) fn start(redis: Redis, entropy: &dyn Entropy) -> Self {
        let listeners = Arc::<Listeners>::default();
        let origin = Origin::new(entropy);
        let overflowed = Arc::<AtomicBool>::default();
        let (waiting, turns) = mpsc::channel(WAITING);
        let publisher = Publisher {
            redis: redis.clone(),
            origin: origin.clone(),
            turns,
            overflowed: Arc::clone(&overflowed),
        };
        let subscriber = Subscriber {
            redis,
            origin,
            listeners: Arc::clone(&listeners),
        };
        Self {
            listeners,
            waiting,
            overflowed,
            tasks: [
                tokio::spawn(publisher.run()).abort_handle(),
                tokio::spawn(subscriber.run()).abort_handle(),
            ],
        }
    }
}

#[async_trait]
impl Changes for RedisChanges {
    async fn publish(&self, change: Change) {
        self.listeners.tell(change);
        if self.waiting.try_send(Waiting::Change(change)).is_err() {
            self.overflowed.store(true, Ordering::Release);
        }
    }

    async fn told(&self, patience: Duration) -> bool {
        let (asker, answer) = oneshot::channel();
        let told = async { self.waiting.send(Waiting::Asker(asker)).await.is_ok() && answer.await.is_ok() };
        timeout(patience, told).await.unwrap_or(false)
    }

    fn subscribe(&self, listener: Arc<dyn ChangeListener>) {
        let mut listeners = self.listeners.0.write().unwrap_or_else(PoisonError::into_inner);
        listeners.push(listener);
    }
}

impl Drop for RedisChanges {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl fmt::Debug for RedisChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisChanges").finish_non_exhaustive()
    }
}

struct Publisher {
    redis: Redis,
    origin: Origin,
    turns: mpsc::Receiver<Waiting>,
    overflowed: Arc<AtomicBool>,
}

impl Publisher {
    async fn run(mut self) {
        let mut waiting = Vec::new();
        while self.turns.recv_many(&mut waiting, TOGETHER).await > 0 {
            let (mut changes, mut askers) = (Vec::new(), Vec::new());
            for one in waiting.drain(..) {
                match one {
                    Waiting::Change(change) => changes.push(change),
                    Waiting::Asker(asker) => askers.push(asker),
                }
            }
            if self.overflowed.swap(false, Ordering::AcqRel) {
                changes = vec![Change::Everything];
            }
            let mut rest = Rest::default();
            while let Err(error) = self.publish(&changes).await {
                if rest.is_first() {
                    tracing::warn!(%error, "other processes cannot be told of changes; they will be told to forget everything");
                }
                changes = vec![Change::Everything];
                rest.wait().await;
            }
            for asker in askers {
                // Whoever asked may have stopped waiting.
                let _ = asker.send(());
            }
        }
    }

    async fn publish(&self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut command = cmd("PUBLISH");
        command
            .arg(self.redis.keys.changes())
            .arg(message::write(&self.origin, changes));
        self.redis
            .ask::<Value>("Changes.publish", "answer", command)
            .await
            .map(drop)
    }
}

struct Subscriber {
    redis: Redis,
    origin: Origin,
    listeners: Arc<Listeners>,
}

impl Subscriber {
    async fn run(self) {
        let mut rest = Rest::default();
        for attempt in 0_usize.. {
            match self.subscription(attempt).await {
                Ok(subscription) => {
                    rest = Rest::default();
                    // Whatever happened until now, nobody here heard of it.
                    self.listeners.tell(Change::Everything);
                    self.listen(subscription).await;
                    tracing::warn!("the subscription to changes ended; it is made anew");
                }
                Err(reason) if rest.is_first() => {
                    tracing::warn!(
                        reason,
                        "changes in other processes cannot be heard of; it is tried again"
                    );
                }
                Err(_) => {}
            }
            rest.wait().await;
        }
    }

    async fn subscription(&self, attempt: usize) -> Result<PubSub, String> {
        let channel = self.redis.keys.changes();
        let subscription = self.redis.lanes.connector().subscription(&channel, attempt);
        match timeout(self.redis.timeout, subscription).await {
            Ok(subscription) => subscription.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {:?}", self.redis.timeout)),
        }
    }

    /// Until the subscription ends.
    async fn listen(&self, subscription: PubSub) {
        let (mut asked, mut heard) = subscription.split();
        let mut check = interval(CHECKED_EVERY);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = heard.next() => {
                    let Some(message) = message else { return };
                    for change in message::read(&self.origin, message.get_payload_bytes()) {
                        self.listeners.tell(change);
                    }
                }
                _ = check.tick() => {
                    let answer: RedisResult<Value> = match timeout(self.redis.timeout, asked.ping()).await {
                        Ok(answer) => answer,
                        Err(_) => return,
                    };
                    if answer.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Longer and longer rests.
#[derive(Default)]
struct Rest(Option<Duration>);

impl Rest {
    /// Whether there was none yet.
    fn is_first(&self) -> bool {
        self.0.is_none()
    }

    async fn wait(&mut self) {
        let (first, most) = RESTS;
        let rest = self.0.map_or(first, |last| (last * 2).min(most));
        self.0 = Some(rest);
        sleep(rest).await;
    }
}
