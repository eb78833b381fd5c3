//! Calls to Informer: within a time, tried again where that may help, and not at all while it does not answer anyway.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use informer_oauth_ports::{Entropy, StoreError, traced};
use metrics::{Unit, counter, describe_counter};
use tokio::{
    runtime::Handle,
    time::{Instant as Deadline, sleep, timeout_at},
};

use crate::{
    breaker::Breaker,
    wire::{Answer, Ask, Wire, WireError},
};

/// The name of Informer in errors, traces and health checks.
pub(crate) const STORE: &str = "informer";

const CALLS: &str = "informer_oauth_informer_calls_total";

/// How long to wait before the second and the third attempt, on average: each wait is half as long to half as long again,
/// so that replicas that failed together do not come back together.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(150)];

/// What became of a call, for metrics.
#[derive(Clone, Copy)]
enum Outcome {
    /// An answer came, whatever it says.
    Answered,
    /// None came, or one that a gateway made up.
    Failed,
    /// None came in time.
    TimedOut,
    /// The circuit was open: it was not asked.
    Skipped,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Answered, Self::Failed, Self::TimedOut, Self::Skipped];

    fn count(self, by: u64) {
        let outcome = match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Skipped => "skipped",
        };
        counter!(CALLS, "outcome" => outcome).increment(by);
    }
}

/// Says what the counters of this crate are, to the recorder that is installed.
pub fn describe_metrics() {
    describe_counter!(
        CALLS,
        Unit::Count,
        "Calls to Informer, by outcome; retries of a call are not counted."
    );
    for outcome in Outcome::ALL {
        outcome.count(0);
    }
}

/// Informer as something that can be asked.
#[derive(Clone)]
pub(crate) struct Calls(Arc<Parts>);

struct Parts {
    wire: Wire,
    breaker: Breaker,
    entropy: Arc<dyn Entropy>,
    /// When an answer last came that was not a server's failure.
    answered: Mutex<Option<Instant>>,
    /// Whose tasks move the bytes of every connection: a server has a runtime for each of its threads, and one that ends
    /// takes along the connections that it made, on which other threads' requests may be waiting.
    home: Option<Handle>,
}

impl Calls {
    pub(crate) fn new(wire: Wire, breaker: Breaker, entropy: Arc<dyn Entropy>) -> Self {
        let home = Handle::try_current().ok();
        Self(Arc::new(Parts {
            wire,
            breaker,
            entropy,
            answered: Mutex::default(),
            home,
        }))
    }

    /// Whether an answer came within this time that was not a server's failure.
    pub(crate) fn answered_within(&self, time: Duration) -> bool {
        let answered = *self.0.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.is_some_and(|at| at.elapsed() < time)
    }

    /// Asks, for the port's method `operation`. An answer may have any status but 502, 503 and 504.
    pub(crate) async fn get(
        &self,
        operation: &'static str,
        ask: Ask,
        deadline: Deadline,
    ) -> Result<Answer, StoreError> {
        traced(STORE, operation, async {
            let parts = Arc::clone(&self.0);
            let call = async move { parts.within_time(&ask, deadline).await };
            let task = match &self.0.home {
                Some(home) => home.spawn(call),
                None => tokio::spawn(call),
            };
            task.await
                .unwrap_or_else(|error| Err(unavailable(format_args!("the call has ended: {error}"))))
        })
        .await
    }
}

impl Parts {
    async fn within_time(&self, ask: &Ask, deadline: Deadline) -> Result<Answer, StoreError> {
        let Some(leave) = self.breaker.leave(Instant::now()) else {
            Outcome::Skipped.count(1);
            return Err(unavailable(
                "it has not answered for a while, and is left alone for a second",
            ));
        };
        let Ok(ended) = timeout_at(deadline, self.attempts(ask, deadline)).await else {
            Outcome::TimedOut.count(1);
            leave.failed(Instant::now());
            return Err(unavailable("no answer in time"));
        };
        let outcome = match &ended {
            Ok(_) | Err(WireError::Answer(_)) => Outcome::Answered,
            Err(WireError::Connection(_)) => Outcome::Failed,
        };
        outcome.count(1);
        match ended {
            Err(WireError::Connection(_)) => leave.failed(Instant::now()),
            _ => leave.answered(),
        }
        // A server that fails on everything answers as well.
        if matches!(&ended, Ok(answer) if answer.status < 500) {
            *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        ended.map_err(unavailable)
    }

    /// A GET may be sent as often as one likes. What a gateway says of an Informer that it cannot reach is as good as no
    /// connection; any other status is Informer's word.
    async fn attempts(&self, ask: &Ask, deadline: Deadline) -> Result<Answer, WireError> {
        let mut pauses = PAUSES.iter();
        loop {
            let failure = match self.wire.exchange(ask).await {
                Ok(Answer {
                    status: status @ 502..=504,
                    ..
                }) => WireError::Connection(format!("it answers {status}")),
                Err(WireError::Connection(reason)) => WireError::Connection(reason),
                other => return other,
            };
            let Some(pause) = pauses.next().map(|pause| self.jittered(*pause)) else {
                return Err(failure);
            };
            if Deadline::now() + pause >= deadline {
                return Err(failure);
            }
            sleep(pause).await;
        }
    }

    fn jittered(&self, pause: Duration) -> Duration {
        let mut byte = [0];
        self.entropy.fill(&mut byte);
        pause / 2 + pause * u32::from(byte[0]) / 255
    }
}

pub(crate) fn unavailable(reason: impl fmt::Display) -> StoreError {
    StoreError::Unavailable {
        store: STORE,
        reason: reason.to_string(),
    }
}
