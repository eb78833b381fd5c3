//! Medians, ranges and ratios of rounds.

use serde::Serialize;

/// A figure over several rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one round; `None` of none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get((values.len() - 1) / 2)?;
        Some(Self {
            median: f64::midpoint(lower, upper),
            min,
            max,
        })
    }

    /// In another unit.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            median: self.median * factor,
            min: self.min * factor,
            max: self.max * factor,
        }
    }
}

/// How one side's figures compare with another's. Rounds that were measured one after the other are compared with each
/// other, because the machine's speed drifts; where their numbers differ, each is compared with the other side's median.
pub(crate) fn ratios(of: &[f64], to: &[f64]) -> Option<Spread> {
    if of.len() == to.len() {
        return Spread::of(of.iter().zip(to).map(|(of, to)| of / to));
    }
    let base = Spread::of(to.iter().copied())?.median;
    Spread::of(of.iter().map(|of| of / base))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_told_in_another_unit() {
        assert_eq!(spread(1.5, 1.0, 2.0).times(8.0), spread(12.0, 8.0, 16.0));
    }

    fn spread(median: f64, min: f64, max: f64) -> Spread {
        Spread { median, min, max }
    }

    #[test]
    fn the_median_is_the_middle_one_or_between_the_middle_two() {
        assert_eq!(Spread::of([3.0, 1.0, 100.0]).unwrap(), spread(3.0, 1.0, 100.0));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0]).unwrap(), spread(3.0, 1.0, 9.0));
        assert_eq!(Spread::of([7.0]).unwrap(), spread(7.0, 7.0, 7.0));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn rounds_are_compared_pair_by_pair_so_that_drift_cancels_out() {
        let (slow_then_fast, twice) = ([100.0, 200.0, 400.0], [200.0, 400.0, 800.0]);
        assert_eq!(ratios(&twice, &slow_then_fast).unwrap(), spread(2.0, 2.0, 2.0));
        assert_eq!(
            ratios(&[10.0, 30.0], &[1.0, 2.0, 9.0]).unwrap(),
            spread(10.0, 5.0, 15.0)
        );
        assert_eq!(ratios(&[], &[]), None);
        assert_eq!(ratios(&[1.0], &[]), None);
    }
}
