//! What a refresh costs when there are very many token records and clients, against a few.

use anyhow::Result;

use crate::grants::Grants;
use crate::measure::{Side, interleave};
use crate::report::{Budget, CPU, Comparison, Figures, P50, P99, POSTGRES_CPU, RATE};
use crate::run::Run;
use crate::seed::{self, Age};
use crate::service::Service;
use crate::users::Kept;

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

impl Size {
    fn new(records: u64) -> Self {
        Self {
            records,
            clients: if records > 1_000 { 10_000 } else { 10 },
            refreshed: (records / 4).min(4_096),
        }
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

pub(crate) fn run(run: &Run<'_>) -> Result<Comparison> {
    let mut services = Vec::new();
    for records in &run.arguments.records {
        services.push(furnished(run, Size::new(*records))?);
    }
    let mut sides = Vec::new();
    for (size, service, grants, kept) in &services {
        run.say(&format!("{}: {} of them are refreshed", size.name(), size.refreshed));
        sides.push(Side {
            name: size.name(),
            address: service.address()?,
            meter: service.meter()?,
            users: grants.refreshing(kept, run.arguments.connections()),
            prepare: Box::new(|| Ok(())),
        });
    }
    run.settle();
    let samples = interleave(&mut sides, run.rounds(), run.lasting()).map_err(|error| {
        services
            .iter()
            .fold(error, |error, (_, service, ..)| service.explained(error))
    })?;
    let figures: Result<Vec<Figures>> = sides
        .iter()
        .zip(samples)
        .map(|(side, samples)| Figures::new(&side.name, samples))
        .collect();
    let figures = figures?;
    for (_, service, ..) in &services {
        service.check_log()?;
    }
    let mut ratios = Vec::new();
    if let Some((few, others)) = figures.split_first() {
        for many in others {
            let flat = Some(Budget::AtMost(FLAT));
            ratios.extend(many.ratio(few, CPU, flat));
            ratios.extend(many.ratio(few, POSTGRES_CPU, flat));
            ratios.extend(many.ratio(few, RATE, None));
            ratios.extend(many.ratio(few, P50, None));
            ratios.extend(many.ratio(few, P99, None));
        }
    }
    Ok(Comparison {
        title: "Growth: refresh with rotation, public client".into(),
        method: format!(
            "{} connections, each refreshing as fast as it is answered. Each size has a service and a database of its own in the same \
             Postgres; the grants that are refreshed are spread over the whole table and taken in turn.",
            run.arguments.connections()
        ),
        sides: figures,
        ratios,
    })
}

fn furnished(run: &Run<'_>, size: Size) -> Result<(Size, Service, Grants, Kept)> {
    let service = Service::start(run.program, run.stores)?;
    let database = service.database()?;
    let grants = Grants::new(&service, false)?;
    seed::clients(database, size.clients.saturating_sub(1));
    let kept = Kept::default();
    for portion in 0..PORTIONS {
        let share = |count: u64| count * (portion + 1) / PORTIONS - count * portion / PORTIONS;
        seed::records(
            database,
            share(size.records.saturating_sub(size.refreshed)),
            Age::Living,
        );
        // Or a commit would wait for all of that to be written.
        run.settle();
        grants
            .make(&kept, usize::try_from(share(size.refreshed))?)
            .map_err(|error| service.explained(error))?;
    }
    let records = seed::settle(database)?;
    run.say(&format!("{records} records are there"));
    Ok((size, service, grants, kept))
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
            let size = Size::new(records);
            assert!((1..=records).contains(&size.refreshed), "{size:?}");
        }
        assert_eq!((Size::new(1_000).clients, Size::new(100_000).clients), (10, 10_000));
    }
}
