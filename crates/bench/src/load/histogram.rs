//! Durations, counted in buckets that are never wider than a hundredth of what they hold.

use std::time::Duration;

/// Each power of two is cut into so many buckets.
const PARTS: u64 = 128;
const PART_BITS: u32 = PARTS.trailing_zeros();

/// A histogram of durations, to a nanosecond below 128 ns and to 0.8 % above.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    longest: u64,
}

impl Histogram {
    pub(crate) fn record(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let at = bucket(nanos);
        if self.buckets.len() <= at {
            self.buckets.resize(at + 1, 0);
        }
        if let Some(bucket) = self.buckets.get_mut(at) {
            *bucket += 1;
        }
        self.count += 1;
        self.longest = self.longest.max(nanos);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.longest = self.longest.max(other.longest);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest)
    }

    /// What `share` of all durations do not exceed, for instance the median for 0.5; zero when nothing was recorded.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank among far fewer than 2^52"
    )]
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(last_of(at).min(self.longest));
            }
        }
        self.longest()
    }
}

/// The bucket of a duration.
fn bucket(nanos: u64) -> usize {
    let Some(shift) = (u64::BITS - nanos.leading_zeros()).checked_sub(PART_BITS + 1) else {
        return usize::try_from(nanos).unwrap_or(usize::MAX);
    };
    // The leading bit of what is left says nothing: it is in the shift already.
    let part = (nanos >> shift) - PARTS;
    usize::try_from(PARTS + u64::from(shift) * PARTS + part).unwrap_or(usize::MAX)
}

/// The longest duration of a bucket.
fn last_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < PARTS {
        return bucket;
    }
    let (shift, part) = ((bucket - PARTS) / PARTS, (bucket - PARTS) % PARTS);
    let last = (u128::from(PARTS + part + 1) << shift) - 1;
    u64::try_from(last).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(values: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.record(Duration::from_micros(value));
        }
        histogram
    }

    #[track_caller]
    fn near(found: Duration, micros: u64) {
        let (found, wanted) = (
            found.as_secs_f64() * 1e6,
            Duration::from_micros(micros).as_secs_f64() * 1e6,
        );
        assert!((found / wanted - 1.0).abs() < 0.01, "{found} is not about {wanted}");
    }

    #[test]
    fn every_duration_is_in_a_bucket_that_is_hardly_longer() {
        for nanos in (0..2_000).chain([1 << 20, (1 << 40) - 1, 1 << 40, u64::MAX / 3, u64::MAX]) {
            let last = last_of(bucket(nanos));
            assert!(last >= nanos, "{nanos} {last}");
            assert!(last - nanos <= nanos / 100, "{nanos} {last}");
            assert!(nanos == 0 || last_of(bucket(nanos - 1)) <= last);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let histogram = micros((1..=1_000).rev());
        assert_eq!(histogram.count(), 1_000);
        near(histogram.quantile(0.5), 500);
        near(histogram.quantile(0.99), 990);
        near(histogram.quantile(1.0), 1_000);
        assert_eq!(histogram.longest(), Duration::from_millis(1));
        near(histogram.quantile(0.0), 1);
    }

    #[test]
    fn the_hundredth_slow_one_is_the_99th_percentile_of_a_hundred_only_from_two_on() {
        let mostly = |slow: usize| micros(std::iter::repeat_n(10, 100 - slow).chain(std::iter::repeat_n(5_000, slow)));
        near(mostly(1).quantile(0.99), 10);
        near(mostly(2).quantile(0.99), 5_000);
    }

    #[test]
    fn two_together_are_as_if_recorded_in_one() {
        let mut all = micros([5]);
        all.add(&micros([7, 900]));
        all.add(&Histogram::default());
        assert_eq!(all.count(), 3);
        near(all.quantile(0.5), 7);
        assert_eq!(all.longest(), Duration::from_micros(900));
    }

    #[test]
    fn nothing_recorded_is_zero() {
        assert_eq!(Histogram::default().quantile(0.99), Duration::ZERO);
    }
}
