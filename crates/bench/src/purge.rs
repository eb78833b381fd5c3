//! How long refreshes take while a great many expired records are purged, against when nothing is.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::grants::Grants;
use crate::load::Pace;
use crate::measure::{Sample, Side};
use crate::report::{Budget, Comparison, Figures, Finding};
use crate::run::Run;
use crate::seed::{self, Age};
use crate::service::Service;
use crate::statistics::Spread;
use crate::users::Kept;

/// Records that are good, for every one hundred that have expired.
const LIVING_PERCENT: u64 = 10;
const REFRESHED: usize = 1_024;
/// p99 may rise by this.
const PATIENCE: f64 = 2.0;
/// The service looks for what is over once a minute.
const BEGINS_WITHIN: Duration = Duration::from_secs(100);
const ENDS_WITHIN: Duration = Duration::from_secs(600);
/// So many purges, so that both are measured again and again while the machine's speed drifts.
const PORTIONS: u64 = 4;
const PURGED: &str = "informer_oauth_purged_rows_total{kind=\"tokens\"} ";
/// Far less than the service can do: then what is slow is slow because of the purge alone.
const STEADY: u32 = 500;
const PACES: [Pace; 2] = [Pace::PerSecond(STEADY), Pace::Full];

/// Rounds at one pace, before and during the purge of one portion.
#[derive(Default)]
struct Rounds {
    idle: Vec<Sample>,
    purging: Vec<Sample>,
}

pub(crate) fn run(run: &Run<'_>) -> Result<Vec<Comparison>> {
    let expired = run.arguments.expired;
    let mut service = Service::start(run.program, run.stores)?;
    let grants = Grants::new(&service, false)?;
    let kept = Kept::default();
    grants
        .make(&kept, REFRESHED)
        .map_err(|error| service.explained(error))?;
    // The time until the first purge begins anew below.
    service.stop()?;
    seed::records(service.database()?, expired / PORTIONS, Age::Expired);
    seed::records(service.database()?, expired * LIVING_PERCENT / 100, Age::Living);
    seed::settle(service.database()?)?;
    run.settle();
    service.launch()?;
    let mut side = Side {
        name: "refresh".into(),
        addresses: vec![service.address()?],
        meter: service.meter()?,
        users: grants.refreshing(&kept, run.arguments.connections()),
        prepare: Box::new(|| Ok(())),
    };
    side.round(run.lasting(), Pace::Full)?;
    let mut portions = Vec::new();
    for portion in 1..=PORTIONS {
        if portion > 1 {
            seed::records(service.database()?, expired / PORTIONS, Age::Expired);
            run.settle();
        }
        let all = expired / PORTIONS * portion;
        portions.push(until_purged(run, &service, &mut side, all)?);
    }
    let compared = PACES.iter().enumerate().map(|(at, pace)| {
        let portions: Vec<&Rounds> = portions.iter().filter_map(|rounds| rounds.get(at)).collect();
        compared(run, *pace, &portions)
    });
    compared.collect()
}

/// Rounds at every pace until that many records have been purged since the service was started.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
fn until_purged(run: &Run<'_>, service: &Service, side: &mut Side<'_>, all: u64) -> Result<[Rounds; PACES.len()]> {
    let mut rounds: [Rounds; PACES.len()] = Default::default();
    let started = Instant::now();
    let first = service.counter(PURGED)?;
    let (mut before, mut began) = (first, None);
    while before < all as f64 {
        for (pace, rounds) in PACES.iter().zip(&mut rounds) {
            let sample = side
                .round(run.lasting(), *pace)
                .map_err(|error| service.explained(error))?;
            let after = service.counter(PURGED)?;
            match Phase::of(before - first, after - first, all as f64 - first) {
                Phase::Idle => rounds.idle.push(sample),
                Phase::Purging => rounds.purging.push(sample),
                Phase::Between => {}
            }
            if after > before && began.is_none() {
                began = Some(Instant::now());
            }
            before = after;
        }
        match began {
            None => ensure!(started.elapsed() < BEGINS_WITHIN, "nothing is purged"),
            Some(began) => ensure!(
                began.elapsed() < ENDS_WITHIN,
                "only {before:.0} of {all} records were purged"
            ),
        }
    }
    let took = began.map_or(0.0, |began| began.elapsed().as_secs_f64());
    run.say(&format!(
        "{before:.0} records are purged, the last portion in {took:.0} s"
    ));
    Ok(rounds)
}

/// What went on during a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Purging,
    /// The purge began or ended during the round.
    Between,
}

impl Phase {
    /// From how many records had been purged before and after the round, of how many.
    fn of(before: f64, after: f64, all: f64) -> Self {
        if (before <= 0.0 && after <= 0.0) || before >= all {
            Self::Idle
        } else if before > 0.0 && after < all && after > before {
            Self::Purging
        } else {
            Self::Between
        }
    }
}

fn compared(run: &Run<'_>, pace: Pace, portions: &[&Rounds]) -> Result<Comparison> {
    let all = |rounds: fn(&Rounds) -> &Vec<Sample>| portions.iter().copied().flat_map(rounds).cloned().collect();
    let idle = Figures::new("idle", all(|rounds| &rounds.idle))?;
    let purging = Figures::new("purging", all(|rounds| &rounds.purging))?;
    let speed = match pace {
        Pace::Full => "as fast as they are answered".to_owned(),
        Pace::PerSecond(count) => format!("{count} a second"),
    };
    let budget = Some(Budget::AtMost(PATIENCE));
    let findings = [
        by_portion("p99", portions, |sample| sample.p99, budget),
        purging.overall_ratio(&idle, 0.99, budget),
        by_portion("p50", portions, |sample| sample.p50, None),
    ];
    Ok(Comparison {
        title: format!("Purging: refreshes, {speed}"),
        method: format!(
            "The service's own housekeeping removes {} expired records in {PORTIONS} portions, beside a tenth as many good ones, while {} \
             connections refresh {speed}. Rounds of {:.1} s before and during the purge of each portion, which took turns with rounds at \
             the other pace.",
            run.arguments.expired,
            run.arguments.connections(),
            run.lasting().as_secs_f64()
        ),
        findings: findings.into_iter().flatten().collect(),
        sides: vec![idle, purging],
    })
}

/// For each portion, the median while it was purged to the one just before.
fn by_portion(name: &str, portions: &[&Rounds], figure: fn(&Sample) -> f64, budget: Option<Budget>) -> Option<Finding> {
    let median = |samples: &[Sample]| Some(Spread::of(samples.iter().map(figure))?.median);
    let ratios = portions
        .iter()
        .filter_map(|rounds| Some(median(&rounds.purging)? / median(&rounds.idle)?));
    Some(Finding {
        what: format!("{name}: purging a portion to idle before it"),
        spread: Spread::of(ratios)?,
        budget,
    })
}

#[cfg(test)]
mod tests {
    use super::Phase;

    #[test]
    fn a_round_counts_for_what_went_on_all_the_while() {
        for (before, after, phase) in [
            (0.0, 0.0, Phase::Idle),
            (0.0, 500.0, Phase::Between),
            (500.0, 1_000.0, Phase::Purging),
            (1_000.0, 1_000.0, Phase::Between),
            (9_500.0, 10_000.0, Phase::Between),
            (10_000.0, 10_000.0, Phase::Idle),
            (10_000.0, 10_003.0, Phase::Idle),
        ] {
            assert_eq!(Phase::of(before, after, 10_000.0), phase, "{before} {after}");
        }
    }
}
