//! How long refreshes take while a great many expired records are purged, against when nothing is.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::grants::Grants;
use crate::load::Pace;
use crate::measure::{Sample, Side};
use crate::report::{Budget, Comparison, Figures, P50, P99};
use crate::run::Run;
use crate::seed::{self, Age};
use crate::service::Service;
use crate::users::Kept;

/// Records that are good, for every one hundred that have expired.
const LIVING_PERCENT: u64 = 10;
const REFRESHED: usize = 1_024;
/// p99 may rise by this.
const PATIENCE: f64 = 2.0;
/// The service looks for what is over once a minute.
const BEGINS_WITHIN: Duration = Duration::from_secs(100);
const ENDS_WITHIN: Duration = Duration::from_secs(600);
/// Rounds after the purge.
const AFTERWARDS: usize = 8;
const PURGED: &str = "informer_oauth_purged_rows_total{kind=\"tokens\"} ";
/// Far less than the service can do: then what is slow is slow because of the purge alone.
const STEADY: u32 = 500;

/// Rounds at one pace.
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
    seed::records(service.database()?, expired, Age::Expired);
    seed::records(service.database()?, expired * LIVING_PERCENT / 100, Age::Living);
    seed::settle(service.database()?)?;
    run.settle();
    service.launch()?;

    let paces = [Pace::PerSecond(STEADY), Pace::Full];
    let mut rounds = [Rounds::default(), Rounds::default()];
    let mut side = Side {
        name: "refresh".into(),
        addresses: vec![service.address()?],
        meter: service.meter()?,
        users: grants.refreshing(&kept, run.arguments.connections()),
        prepare: Box::new(|| Ok(())),
    };
    side.round(run.lasting(), Pace::Full)?;

    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
    let all = expired as f64;
    let started = Instant::now();
    let (mut began, mut over) = (None, 0);
    let mut before = service.counter(PURGED)?;
    while over < AFTERWARDS {
        for (pace, rounds) in paces.iter().zip(&mut rounds) {
            let sample = side
                .round(run.lasting(), *pace)
                .map_err(|error| service.explained(error))?;
            let purged = service.counter(PURGED)?;
            let phase = Phase::of(before, purged, all);
            before = purged;
            match phase {
                Phase::Idle => rounds.idle.push(sample),
                Phase::Purging => rounds.purging.push(sample),
                Phase::Between => {}
            }
            if purged > 0.0 && began.is_none() {
                run.say(&format!(
                    "the purge began after {:.0} s",
                    started.elapsed().as_secs_f64()
                ));
                began = Some(Instant::now());
            }
        }
        match began {
            None => ensure!(started.elapsed() < BEGINS_WITHIN, "nothing is purged"),
            Some(_) if before >= all => over += 1,
            Some(began) if began.elapsed() > ENDS_WITHIN => bail!("only {before:.0} of {expired} records were purged"),
            Some(_) => {}
        }
    }
    let took = began.map_or(0.0, |began| began.elapsed().as_secs_f64());
    run.say(&format!("purged and measured afterwards in {took:.0} s"));
    paces
        .into_iter()
        .zip(rounds)
        .map(|(pace, rounds)| compared(run, pace, rounds))
        .collect()
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

fn compared(run: &Run<'_>, pace: Pace, rounds: Rounds) -> Result<Comparison> {
    let idle = Figures::new("idle", rounds.idle)?;
    let purging = Figures::new("purging", rounds.purging)?;
    let speed = match pace {
        Pace::Full => "as fast as they are answered".to_owned(),
        Pace::PerSecond(count) => format!("{count} a second"),
    };
    let budget = Some(Budget::AtMost(PATIENCE));
    let findings = [
        purging.ratio(&idle, P99, budget),
        purging.overall_ratio(&idle, 0.99, budget),
        purging.ratio(&idle, P50, None),
    ];
    Ok(Comparison {
        title: format!("Purging: refreshes, {speed}"),
        method: format!(
            "The service's own housekeeping removes {} expired records beside a tenth as many good ones, while {} connections refresh \
             {speed}. Rounds of {:.1} s before, during and after the purge, which took turns with rounds at the other pace.",
            run.arguments.expired,
            run.arguments.connections(),
            run.lasting().as_secs_f64()
        ),
        findings: findings.into_iter().flatten().collect(),
        sides: vec![idle, purging],
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
