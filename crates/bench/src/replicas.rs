//! Two replicas on the same stores, against one.

use anyhow::Result;

use crate::measure::interleave;
use crate::operations::Operation;
use crate::ours::Ours;
use crate::report::{Budget, CPU, Comparison, Figures, RATE};
use crate::run::Run;

/// With a core for each of them, two answer so many times as much as one, where the stores are not the limit.
const TWICE: Budget = Budget::AtLeast(1.7);
/// On one core they answer as much as one: what a request costs does not grow by there being two.
const SAME: Budget = Budget::AtMost(1.3);

/// Operations that ask the stores in different ways: for every request, and hardly ever.
const OPERATIONS: [Operation; 2] = [Operation::Refresh, Operation::Introspect];

pub(crate) fn run(run: &Run<'_>) -> Result<Vec<Comparison>> {
    let one = Ours::start(run)?;
    let mut two = Ours::start(run)?;
    two.add_replica()?;
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
        let apart = run.program.pinning.has_room_for_two();
        let findings = [
            two.ratio(
                one,
                RATE,
                (apart && operation == Operation::Introspect).then_some(TWICE),
            ),
            two.ratio(one, CPU, Some(SAME)),
        ];
        let findings = findings.into_iter().flatten().collect();
        comparisons.push(Comparison {
            title: format!("Two replicas: {}", operation.title()),
            method: if apart {
                "Each replica has a core of its own.".into()
            } else {
                "The replicas share a core, for there are too few for each to have one of its own: the rate tells nothing, the cost does."
                    .into()
            },
            sides: figures,
            findings,
        });
    }
    Ok(comparisons)
}
