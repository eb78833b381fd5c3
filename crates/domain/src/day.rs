//! Days, UTC.
//!
//! ```
//! use informer_oauth_domain::{day::Day, timestamp::Timestamp};
//!
//! let day = Day::of(Timestamp::parse("2026-11-23T23:59:59.999999Z")?);
//! assert_eq!(day.to_string(), "2026-11-23");
//! assert_eq!(day.plus(1).start().to_string(), "2026-11-24T00:00:00.000Z");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::timestamp::Timestamp;

const MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// A day, from midnight UTC to midnight UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// A text that is no day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("not a day (RFC 3339 full-date, such as 2026-11-23)")]
pub struct InvalidDay;

impl Day {
    /// The day in which a point in time lies.
    pub fn of(at: Timestamp) -> Self {
        // Every quotient fits; if it did not, the far end of time would be the next best answer.
        Self(i32::try_from(at.as_micros().div_euclid(MICROS)).unwrap_or(i32::MAX))
    }

    /// From the number of days since 1970-01-01.
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// How many days after 1970-01-01 it is.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        Timestamp::from_micros(i64::from(self.0).saturating_mul(MICROS))
    }

    /// The day so many days later.
    pub const fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add_unsigned(days))
    }

    /// The day so many days earlier.
    pub const fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub_unsigned(days))
    }

    /// This day and those after it, up to and with `last`; none when `last` is earlier.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> {
        (self.0..=last.0).map(Self)
    }
}

/// RFC 3339's full-date: `2026-11-23`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.start().to_string();
        f.write_str(start.split_once('T').map_or(start.as_str(), |(day, _)| day))
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Day {
    type Err = InvalidDay;

    /// Reads what [`Day`]'s `Display` writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let start = Timestamp::parse(&format!("{text}T00:00:00Z")).map_err(|_| InvalidDay)?;
        let day = Self::of(start);
        if day.to_string() == text {
            Ok(day)
        } else {
            Err(InvalidDay)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_and_ends_a_microsecond_before_the_next() {
        for number in [-1, 0, 1, 20_780] {
            let day = Day::from_number(number);
            assert_eq!(Day::of(day.start()), day);
            let last = Timestamp::from_micros(day.plus(1).start().as_micros() - 1);
            assert_eq!(Day::of(last), day);
        }
    }

    #[test]
    fn the_ends_of_time_are_days_too() {
        for micros in [i64::MIN, i64::MAX] {
            let at = Timestamp::from_micros(micros);
            assert!(Day::of(at).start() <= at || micros < 0);
        }
        assert_eq!(Day::from_number(i32::MAX).plus(1), Day::from_number(i32::MAX));
        assert_eq!(Day::from_number(i32::MIN).minus(1), Day::from_number(i32::MIN));
    }

    #[test]
    fn days_are_counted_through_the_end_of_a_february() {
        let days: Vec<String> = Day::from_number(21_242)
            .through(Day::from_number(21_245))
            .map(|day| day.to_string())
            .collect();
        assert_eq!(days, ["2028-02-28", "2028-02-29", "2028-03-01", "2028-03-02"]);
        assert_eq!(Day::from_number(2).through(Day::from_number(1)).count(), 0);
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let day = Day::from_number(20_780);
        assert_eq!(day.to_string(), "2026-11-23");
        assert_eq!("2026-11-23".parse(), Ok(day));
        for bad in [
            "",
            "2026-11-31",
            "2026-1-1",
            "2026-11-23T00:00:00Z",
            "2026-11-23 ",
            "20261123",
            "+2026-11-23",
        ] {
            assert_eq!(bad.parse::<Day>(), Err(InvalidDay), "{bad}");
        }
    }
}
