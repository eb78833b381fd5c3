use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::Clock;
use time::OffsetDateTime;

/// The system's wall clock: the only place that reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter behind the `Clock` port")]
    fn now(&self) -> Timestamp {
        OffsetDateTime::now_utc().into()
    }
}
