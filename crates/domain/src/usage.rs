//! How often tokens were asked for, and what came of it, by day.
//!
//! ```
//! use informer_oauth_domain::usage::GrantOutcome;
//!
//! assert_eq!(GrantOutcome::from_stored("granted"), Some(GrantOutcome::Granted));
//! ```

use crate::{day::Day, grant_type::GrantType};

/// What the token endpoint answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GrantOutcome {
    /// Tokens.
    Granted,
    /// An error that is the request's: a wrong code, a client that may not, too many attempts.
    Refused,
    /// An error that is the service's: a store that is down.
    Failed,
}

impl GrantOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Granted, Self::Refused, Self::Failed];

    /// The word in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// Reads back [`GrantOutcome::as_str`].
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// What is counted together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UsageKey {
    /// When it was answered.
    pub day: Day,
    /// What was asked for.
    pub grant: GrantType,
    /// What was answered.
    pub outcome: GrantOutcome,
}

/// How often something was answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct UsageCount {
    /// What.
    pub key: UsageKey,
    /// How often.
    pub count: u64,
}

/// A day of an installation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayUsage {
    /// Which.
    pub day: Day,
    /// Grants that tokens were issued for: codes that were redeemed.
    pub issued: u64,
    /// Refresh tokens that were traded.
    pub refreshed: u64,
    /// Requests for tokens that were refused, whatever they came with.
    pub refused: u64,
    /// Requests for tokens that the service failed to answer.
    pub failed: u64,
}

impl DayUsage {
    /// A day without anything.
    pub const fn none(day: Day) -> Self {
        Self {
            day,
            issued: 0,
            refreshed: 0,
            refused: 0,
            failed: 0,
        }
    }

    /// Every day from `first` to `last`, in order, with its sums; days without counts are zero, and counts of other days
    /// are passed over.
    pub fn by_day(counts: &[UsageCount], first: Day, last: Day) -> Vec<Self> {
        let mut days: Vec<Self> = first.through(last).map(Self::none).collect();
        for UsageCount { key, count } in counts {
            if let Ok(at) = days.binary_search_by_key(&key.day, |usage| usage.day)
                && let Some(usage) = days.get_mut(at)
            {
                usage.add(*key, *count);
            }
        }
        days
    }

    fn add(&mut self, key: UsageKey, count: u64) {
        let sum = match (key.outcome, key.grant) {
            (GrantOutcome::Granted, GrantType::RefreshToken) => &mut self.refreshed,
            (GrantOutcome::Granted, _) => &mut self.issued,
            (GrantOutcome::Refused, _) => &mut self.refused,
            (GrantOutcome::Failed, _) => &mut self.failed,
        };
        *sum = sum.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_an_unknown_kind_is_another_kind() {
        for outcome in GrantOutcome::ALL {
            assert_eq!(GrantOutcome::from_stored(outcome.as_str()), Some(outcome));
        }
        assert_eq!(GrantOutcome::from_stored(""), None);
    }

    #[test]
    fn the_days_of_a_chart_are_whole_and_each_count_is_in_one_sum() {
        let day = Day::from_number;
        let mut counts = Vec::new();
        for (n, key) in (1..).zip(GrantType::ALL.into_iter().flat_map(|grant| {
            GrantOutcome::ALL.map(|outcome| UsageKey {
                day: day(11),
                grant,
                outcome,
            })
        })) {
            counts.push(UsageCount { key, count: n });
        }
        let outside = |number| UsageCount {
            key: UsageKey {
                day: day(number),
                ..counts[0].key
            },
            count: 1000,
        };
        counts.extend([outside(9), outside(13)]);
        let days = DayUsage::by_day(&counts, day(10), day(12));
        let between = DayUsage {
            day: day(11),
            issued: 1 + 7 + 10,
            refreshed: 4,
            refused: 2 + 5 + 8 + 11,
            failed: 3 + 6 + 9 + 12,
        };
        assert_eq!(days, [DayUsage::none(day(10)), between, DayUsage::none(day(12))]);
        assert_eq!(DayUsage::by_day(&counts, day(12), day(10)), []);
    }
}
