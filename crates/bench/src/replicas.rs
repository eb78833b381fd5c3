//! Two replicas on the same stores, against one.

use anyhow::Result;

use crate::measure::interleave;
use crate::operations::Operation;
use crate::ours::Ours;
use crate::quota::Quota;
use crate::report::{Budget, CPU, Comparison, Figures, RATE};
use crate::run::Run;

/// Where each of them has as much of a processor as one alone, two answer so many times as much, if the stores are not the limit.
const TWICE: Budget = Budget::AtLeast(1.7);
/// What a request costs does not grow by there being two.
const SAME: Budget = Budget::AtMost(1.3);

/// Where there is no core for each, each gets so much of one, in percent: two of them and what asks for their sake leave some idle.
const PART: u32 = 30;

/// Operations that ask the stores in different ways: for every request, and hardly ever.
const OPERATIONS: [Operation; 2] = [Operation::Refresh, Operation::Introspect];

/// How it is seen to that each replica has as much as one alone.
enum Apart {
    /// By cores.
    Cores,
    /// By quotas: held until all is measured.
    Parts { _quotas: Vec<Quota> },
    /// It is not.
    No,
}

impl Apart {
    fn of(run: &Run<'_>, sides: &[&Ours]) -> Result<Self> {
        if run.program.pinning.has_room_for_two() {
            return Ok(Self::Cores);
        }
        let mut quotas = Vec::new();
        for service in sides.iter().flat_map(|side| side.services()) {
            let pid = service.pid()?;
            let Some(quota) = Quota::of_core(&pid.to_string(), PART) else {
                return Ok(Self::No);
            };
            quota.hold(pid)?;
            quotas.push(quota);
        }
        Ok(Self::Parts { _quotas: quotas })
    }

    fn method(&self) -> String {
        match self {
            Self::Cores => "Each replica has a core of its own.".into(),
            Self::Parts { .. } => format!(
                "There are too few cores for each replica to have one of its own: each gets {PART} % of the same one, and so does the \
                 one alone, which all three are held to by control groups."
            ),
            Self::No => {
                "The replicas share a core, for there are too few for each to have one of its own: the rate tells nothing, the cost does."
                    .into()
            }
        }
    }
}

pub(crate) fn run(run: &Run<'_>) -> Result<Vec<Comparison>> {
    let one = Ours::start(run)?;
    let mut two = Ours::start(run)?;
    two.add_replica()?;
    let apart = Apart::of(run, &[&one, &two])?;
    let mut comparisons = Vec::new();
    for operation in OPERATIONS {
        run.say(&format!("two replicas: {}", operation.title()));
        let mut sides = [
            one.side("one", operation, run)?,
            two.side("two replicas", operation, run)?,
        ];
        let samples =
            interleave(&mut sides, run.rounds(), run.lasting()).map_err(|error| two.service.explained(error))?;
        let figures: Result<Vec<Figures>> = ["one", "two replicas"]
            .into_iter()
            .zip(samples)
            .map(|(name, samples)| Figures::new(name, samples))
            .collect();
        let figures = figures?;
        let [one, two] = figures.as_slice() else { continue };
        let twice = match (&apart, operation) {
            // A core each is more than one core of Postgres has rotations for.
            (Apart::Cores, Operation::Refresh) | (Apart::No, _) => None,
            (Apart::Cores | Apart::Parts { .. }, _) => Some(TWICE),
        };
        let findings = [two.ratio(one, RATE, twice), two.ratio(one, CPU, Some(SAME))];
        let findings = findings.into_iter().flatten().collect();
        comparisons.push(Comparison {
            title: format!("Two replicas: {}", operation.title()),
            method: apart.method(),
            sides: figures,
            findings,
        });
    }
    Ok(comparisons)
}
