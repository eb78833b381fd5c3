//! The report as a page to read.

use std::fmt::{self, Display, Write as _};

use super::{Budget, Comparison, Figures, Finding, Footprint, Race, Report};
use crate::statistics::Spread;

pub(super) fn render(report: &Report) -> String {
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = write(report, &mut page);
    page
}

fn write(report: &Report, page: &mut String) -> fmt::Result {
    writeln!(page, "# What was measured\n")?;
    writeln!(
        page,
        "Medians of rounds that took turns, with the least and the most. Absolute figures drift with the machine; ratios within one run hardly do.\n"
    )?;
    writeln!(page, "| | |\n|---|---|")?;
    for (name, value) in &report.conditions {
        writeln!(page, "| {} | {} |", cell(name), cell(value))?;
    }
    for comparison in &report.comparisons {
        write_comparison(comparison, page)?;
    }
    if !report.races.is_empty() {
        write_races(&report.races, page)?;
    }
    if !report.footprints.is_empty() {
        write_footprints(&report.footprints, page)?;
    }
    if !report.comparisons.is_empty() {
        writeln!(page, "\n![A bar for each side's rate](report.svg)")?;
    }
    Ok(())
}

fn write_comparison(comparison: &Comparison, page: &mut String) -> fmt::Result {
    writeln!(page, "\n## {}\n\n{}\n", comparison.title, comparison.method)?;
    writeln!(
        page,
        "| | requests/s | p50 ms | p99 ms | server CPU µs | Postgres CPU µs | Redis CPU µs |\n|---|---|---|---|---|---|---|"
    )?;
    for Figures {
        name,
        rate,
        p50,
        p99,
        cpu,
        postgres_cpu,
        redis_cpu,
        ..
    } in &comparison.sides
    {
        writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} |",
            cell(name),
            Shown(rate, 1.0, 0),
            Shown(p50, 1e-3, 2),
            Shown(p99, 1e-3, 2),
            Shown(cpu, 1.0, 1),
            Maybe(postgres_cpu.as_ref()),
            Maybe(redis_cpu.as_ref()),
        )?;
    }
    let refused: u64 = comparison
        .sides
        .iter()
        .flat_map(|side| &side.rounds)
        .map(|round| round.refused)
        .sum();
    if refused > 0 {
        writeln!(page, "\n{refused} of these requests were answered 503.")?;
    }
    write_findings(&comparison.findings, page)
}

fn write_findings(findings: &[Finding], page: &mut String) -> fmt::Result {
    if !findings.is_empty() {
        writeln!(page, "\n| | | budget |\n|---|---|---|")?;
    }
    for Finding { what, spread, budget } in findings {
        let verdict = verdict(*budget, spread.median);
        writeln!(page, "| {} | {} | {verdict} |", cell(what), Shown(spread, 1.0, 2))?;
    }
    Ok(())
}

fn write_races(races: &[Race], page: &mut String) -> fmt::Result {
    writeln!(
        page,
        "\n## Races\n\nMany uses of one thing at the same moment: how many were answered with tokens.\n"
    )?;
    writeln!(
        page,
        "| | | uses at once | winners each time | together |\n|---|---|---|---|---|"
    )?;
    for Race {
        name,
        what,
        uses,
        winners,
    } in races
    {
        let each: Vec<String> = winners.iter().map(ToString::to_string).collect();
        let (sum, all) = (winners.iter().sum::<usize>(), uses * winners.len());
        writeln!(
            page,
            "| {} | {what} | {uses} | {} | {sum} of {all} |",
            cell(name),
            each.join(" ")
        )?;
    }
    Ok(())
}

fn write_footprints(footprints: &[Footprint], page: &mut String) -> fmt::Result {
    writeln!(page, "\n## Footprint\n")?;
    writeln!(
        page,
        "| | idle MB | at most MB | first answer ms | binary MB |\n|---|---|---|---|---|"
    )?;
    for Footprint {
        name,
        idle,
        loaded,
        start,
        binary,
        ..
    } in footprints
    {
        let binary = binary.map_or_else(|| "–".to_owned(), |megabytes| format!("{megabytes:.1}"));
        let start = Shown(start, 1.0, 0);
        writeln!(
            page,
            "| {} | {idle:.1} | {loaded:.1} | {start} | {binary} |",
            cell(name)
        )?;
    }
    footprints
        .iter()
        .try_for_each(|footprint| write_findings(&footprint.findings, page))
}

/// What the budget is, and whether the value keeps it.
fn verdict(budget: Option<Budget>, value: f64) -> String {
    let Some(budget) = budget else {
        return String::new();
    };
    let (sign, limit) = match budget {
        Budget::AtLeast(least) => ('≥', least),
        Budget::AtMost(most) => ('≤', most),
    };
    let word = if budget.is_kept_by(value) { "kept" } else { "**missed**" };
    format!("{sign} {limit}, {word}")
}

/// A spread in another unit, with so many digits; of one value, that.
struct Shown<'a>(&'a Spread, f64, usize);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(spread, unit, digits) = self;
        let [median, min, max] = [spread.median, spread.min, spread.max].map(|value| value * unit);
        write!(f, "{median:.digits$}")?;
        if min < max {
            write!(f, " ({min:.digits$}–{max:.digits$})")?;
        }
        Ok(())
    }
}

struct Maybe<'a>(Option<&'a Spread>);

impl Display for Maybe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(spread) => Shown(spread, 1.0, 0).fmt(f),
            None => f.write_str("–"),
        }
    }
}

/// Text that stays in its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
