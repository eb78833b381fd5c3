//! What operations cost when there are very many token records and clients, against a few.

use anyhow::Result;

use crate::measure::interleave;
use crate::operations::Operation;
use crate::ours::Ours;
use crate::report::{Budget, CPU, Comparison, Figures, P50, P99, POSTGRES_CPU, RATE};
use crate::run::Run;
use crate::seed::{self, Age};

/// Grants that are refreshed are made in so many portions between the others, so that they are all over the table.
const PORTIONS: u64 = 16;

/// Costs may grow by this from the fewest records to the most.
const FLAT: f64 = 1.3;

/// So many of both, and how many of the records are refreshed in turn.
#[derive(Clone, Copy, Debug)]
struct Size {
    records: u64,
    clients: u64,
    refreshed: u64,
}

const FEW_CLIENTS: u64 = 10;
const MANY_CLIENTS: u64 = 10_000;

impl Size {
    const fn new(records: u64, clients: u64) -> Self {
        let refreshed = records / 4;
        Self {
            records,
            clients,
            refreshed: if refreshed > 4_096 { 4_096 } else { refreshed },
        }
    }

    /// The fewest records with few clients and with many, and the others with many.
    fn all(records: &[u64]) -> Vec<Self> {
        let few = records.first().map(|fewest| Self::new(*fewest, FEW_CLIENTS));
        let many = records.iter().map(|count| Self::new(*count, MANY_CLIENTS));
        few.into_iter().chain(many).collect()
    }

    fn name(self) -> String {
        format!("{} records, {} clients", grouped(self.records), grouped(self.clients))
    }
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(" ")
}

/// Those that ask a store, and the gate, which does so once a second for every token.
const OPERATIONS: [Operation; 4] = [
    Operation::Refresh,
    Operation::Code,
    Operation::Introspect,
    Operation::Gate,
];

pub(crate) fn run(run: &Run<'_>) -> Result<Vec<Comparison>> {
    let mut sizes = Vec::new();
    for size in Size::all(&run.arguments.records) {
        sizes.push((size, furnished(run, size)?));
    }
    OPERATIONS
        .iter()
        .filter(|operation| !run.arguments.quick || **operation == Operation::Refresh)
        .map(|operation| compared(run, *operation, &sizes))
        .collect()
}

fn compared(run: &Run<'_>, operation: Operation, sizes: &[(Size, Ours)]) -> Result<Comparison> {
    run.say(&format!("growth: {}", operation.title()));
    let mut sides = Vec::new();
    for (size, ours) in sizes {
        sides.push(ours.side(&size.name(), operation, run)?);
    }
    run.settle();
    let (rounds, lasting) = run.rounds_of(operation);
    let samples = interleave(&mut sides, rounds, lasting).map_err(|error| {
        sizes
            .iter()
            .fold(error, |error, (_, ours)| ours.service.explained(error))
    })?;
    let figures: Result<Vec<Figures>> = sides
        .iter()
        .zip(samples)
        .map(|(side, samples)| Figures::new(&side.name, samples))
        .collect();
    let figures = figures?;
    let mut findings = Vec::new();
    if let Some((few, others)) = figures.split_first() {
        let flat = Some(Budget::AtMost(FLAT));
        for many in others {
            findings.extend(many.ratio(few, CPU, flat));
            let asks_postgres = matches!(operation, Operation::Refresh | Operation::Code);
            findings.extend(many.ratio(few, POSTGRES_CPU, flat).filter(|_| asks_postgres));
            findings.extend(many.ratio(few, RATE, None));
            findings.extend(many.ratio(few, P50, None));
            findings.extend(many.ratio(few, P99, None));
        }
    }
    Ok(Comparison {
        title: format!("Growth: {}", operation.title()),
        method: format!(
            "{} connections, each asking as fast as it is answered. Each size has a service and a database of its own in the same \
             Postgres; the grants that are refreshed are spread over the whole table and taken in turn.",
            run.arguments.connections()
        ),
        sides: figures,
        findings,
    })
}

fn furnished(run: &Run<'_>, size: Size) -> Result<Ours> {
    let ours = Ours::start(run)?;
    let database = ours.service.database()?;
    seed::clients(database, size.clients.saturating_sub(2));
    for portion in 0..PORTIONS {
        let share = |count: u64| count * (portion + 1) / PORTIONS - count * portion / PORTIONS;
        seed::records(
            database,
            share(size.records.saturating_sub(size.refreshed)),
            Age::Living,
        );
        // Or a commit would wait for all of that to be written.
        run.settle();
        ours.public
            .make(&ours.made, usize::try_from(share(size.refreshed))?)
            .map_err(|error| ours.service.explained(error))?;
    }
    let records = seed::settle(database)?;
    run.say(&format!(
        "{}: {records} are there, {} are refreshed",
        size.name(),
        size.refreshed
    ));
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000), "1 000");
        assert_eq!(grouped(12_345_678), "12 345 678");
    }

    #[test]
    fn what_is_refreshed_is_a_part_of_the_records() {
        for records in [4, 1_000, 1_000_000] {
            let size = Size::new(records, FEW_CLIENTS);
            assert!((1..=records).contains(&size.refreshed), "{size:?}");
        }
    }

    #[test]
    fn the_number_of_clients_changes_by_itself_and_with_the_records() {
        let sizes = Size::all(&[1_000, 100_000]);
        let sizes: Vec<_> = sizes.iter().map(|size| (size.records, size.clients)).collect();
        assert_eq!(sizes, [(1_000, 10), (1_000, 10_000), (100_000, 10_000)]);
    }
}
