//! Points in time, to the microsecond.
//!
//! ```
//! use std::time::Duration;
//! use informer_oauth_domain::timestamp::Timestamp;
//!
//! let at = Timestamp::parse("2026-11-23T05:15:43Z")?;
//! assert_eq!((at + Duration::from_secs(60)).to_string(), "2026-11-23T05:16:43.000Z");
//! # Ok::<(), informer_oauth_domain::timestamp::InvalidTimestamp>(())
//! ```

use std::{fmt, ops::Add, time::Duration};

use thiserror::Error;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A point in time, UTC, in whole microseconds: the resolution every store keeps, so that what is read back equals what
/// was written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text or number that is no point in time between the years 0000 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("not a point in time (RFC 3339)")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From seconds since 1970, the unit of JWT's `iat` and `exp` (RFC 7519 §2).
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        u64::try_from(self.0.saturating_sub(earlier.0)).map_or(Duration::ZERO, Duration::from_micros)
    }

    /// This point less `duration`, at the least the earliest there is.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// Reads RFC 3339 with any offset and precision; digits below a microsecond are dropped.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(Self::from)
            .map_err(|_| InvalidTimestamp)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl From<OffsetDateTime> for Timestamp {
    fn from(at: OffsetDateTime) -> Self {
        Self(i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

/// RFC 3339, UTC, with milliseconds: `2026-11-23T05:15:43.120Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(at) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000) else {
            return f.write_str("9999-12-31T23:59:59.999Z");
        };
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.millisecond()
        )
    }
}

/// As [`Display`](fmt::Display), with microseconds, so that a failing comparison shows what differs.
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_string();
        let whole = text.split('.').next().unwrap_or_default();
        write!(f, "{whole}.{:06}Z", self.0.rem_euclid(1_000_000))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn is_written_in_utc_with_milliseconds() {
        let at = Timestamp::parse("2026-11-23T07:15:43.1209999+02:00").unwrap();
        assert_eq!(at.to_string(), "2026-11-23T05:15:43.120Z");
        assert_eq!(at.as_micros() % 1_000_000, 120_999);
        assert_eq!(format!("{at:?}"), "2026-11-23T05:15:43.120999Z");
    }

    #[test]
    fn arithmetic_saturates_instead_of_overflowing() {
        let far = Timestamp::from_micros(i64::MAX) + Duration::from_secs(1);
        assert_eq!(far.as_micros(), i64::MAX);
        assert_eq!(far.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::EPOCH.since(far), Duration::ZERO);
    }

    #[test]
    fn before_the_epoch_seconds_round_down() {
        assert_eq!(Timestamp::from_micros(-1).as_seconds(), -1);
    }
}
