//! Reports about the log itself: lines that were lost, and errors of the HTTP parser that were not logged one by one.

use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::rt::time::sleep;
use metrics::{Unit, counter, describe_counter};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_appender::non_blocking::ErrorCounter;
use tracing_subscriber::layer::{Context, Layer};

const LOST: &str = "informer_oauth_log_lines_lost_total";
const MALFORMED: &str = "informer_oauth_malformed_requests_total";

/// Time between two looks at the counts.
const EVERY: Duration = Duration::from_secs(1);

/// Looks from one line about malformed requests to the next.
const MALFORMED_EVERY: u32 = 10;

/// Describes the metrics of the log, and begins them at zero.
pub(crate) fn describe_metrics() {
    describe_counter!(LOST, Unit::Count, "Log lines lost because standard error was not read.");
    describe_counter!(MALFORMED, Unit::Count, "Requests refused because they are not HTTP.");
    for name in [LOST, MALFORMED] {
        counter!(name).increment(0);
    }
}

/// Counts the errors that the HTTP parser logs for each malformed request.
#[derive(Clone, Default)]
pub(super) struct Malformed(Arc<Counts>);

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    last: Mutex<String>,
}

impl<S: Subscriber> Layer<S> for Malformed {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        // Another thread that is just noting its error does as well.
        if let Ok(mut last) = self.0.last.try_lock() {
            last.clear();
            event.record(&mut Message(&mut last));
        }
    }
}

struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            *self.0 = format!("{value:?}");
        }
    }
}

/// What there is to report.
pub(crate) struct LogHealth {
    pub(super) lost: ErrorCounter,
    pub(super) malformed: Malformed,
}

impl LogHealth {
    /// Reports until it is aborted.
    pub(crate) async fn report(self) {
        let (mut counted, mut told, mut looks) = (0, 0, MALFORMED_EVERY);
        loop {
            sleep(EVERY).await;
            let lost = self.lost.dropped_lines();
            counter!(LOST).increment((lost - counted) as u64);
            // The line itself may be lost as long as nobody reads: then it is written again.
            if lost == counted && lost > told {
                tracing::warn!(lines = lost - told, "log lines were lost: standard error was not read");
                told = lost;
            }
            counted = lost;
            looks = looks.saturating_add(1);
            let malformed = self.malformed.0.requests.load(Ordering::Relaxed);
            if malformed > 0 && looks >= MALFORMED_EVERY {
                looks = 0;
                self.malformed.0.requests.fetch_sub(malformed, Ordering::Relaxed);
                counter!(MALFORMED).increment(malformed);
                let last = mem::take(&mut *self.malformed.0.last.lock().unwrap_or_else(PoisonError::into_inner));
                tracing::warn!(requests = malformed, last, "malformed requests were refused");
            }
        }
    }
}
