//! The report as a page to read.

use std::fmt::{self, Display, Write as _};

use super::{Budget, Comparison, Figures, Ratio, Report};
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
            Shown(cpu, 1.0, 0),
            Maybe(postgres_cpu.as_ref()),
            Maybe(redis_cpu.as_ref()),
        )?;
    }
    if !comparison.ratios.is_empty() {
        writeln!(page, "\n| ratio | | budget |\n|---|---|---|")?;
    }
    for ratio in &comparison.ratios {
        let Ratio {
            figure,
            of,
            to,
            spread,
            budget,
        } = ratio;
        writeln!(
            page,
            "| {figure}: {} to {} | {} | {} |",
            cell(of),
            cell(to),
            Shown(spread, 1.0, 2),
            verdict(*budget, spread.median)
        )?;
    }
    Ok(())
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

/// A spread in another unit, with so many digits.
struct Shown<'a>(&'a Spread, f64, usize);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(spread, unit, digits) = self;
        let [median, min, max] = [spread.median, spread.min, spread.max].map(|value| value * unit);
        write!(f, "{median:.digits$} ({min:.digits$}–{max:.digits$})")
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
