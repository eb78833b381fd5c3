//! What was found, and the three forms in which it is told.

mod chart;
mod markdown;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::load::Histogram;
use crate::measure::{Sample, micros};
use crate::statistics::{Spread, ratios};

/// Everything a run found.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// The machine, versions and settings: names and values.
    pub(crate) conditions: Vec<(String, String)>,
    pub(crate) comparisons: Vec<Comparison>,
    pub(crate) races: Vec<Race>,
    pub(crate) footprints: Vec<Footprint>,
}

/// Sides that were measured in turns.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) title: String,
    /// How it was measured, in sentences.
    pub(crate) method: String,
    pub(crate) sides: Vec<Figures>,
    pub(crate) findings: Vec<Finding>,
}

/// What was measured on one side.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) name: String,
    pub(crate) rounds: Vec<Sample>,
    pub(crate) rate: Spread,
    pub(crate) p50: Spread,
    pub(crate) p99: Spread,
    pub(crate) cpu: Spread,
    pub(crate) postgres_cpu: Option<Spread>,
    pub(crate) redis_cpu: Option<Spread>,
}

/// A figure or a ratio of two, and what the budget says of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) what: String,
    pub(crate) spread: Spread,
    pub(crate) budget: Option<Budget>,
}

/// What became of many uses at once of one code or token.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Race {
    pub(crate) name: String,
    pub(crate) what: &'static str,
    /// Uses at once.
    pub(crate) uses: usize,
    /// How many were answered with tokens, each time.
    pub(crate) winners: Vec<usize>,
}

/// What a process takes up.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Footprint {
    pub(crate) name: String,
    /// MB of memory, before and at most during the run.
    pub(crate) idle: f64,
    pub(crate) loaded: f64,
    /// Milliseconds from its start until it answered.
    pub(crate) start: Spread,
    /// MB of its binary.
    pub(crate) binary: Option<f64>,
    pub(crate) findings: Vec<Finding>,
}

/// What a figure or a ratio may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Budget {
    AtLeast(f64),
    AtMost(f64),
}

impl Budget {
    pub(crate) fn is_kept_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

/// One figure of a round, and what it is called.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&Sample) -> Option<f64>,
}

pub(crate) const RATE: Figure = Figure {
    name: "requests per second",
    of: |sample| Some(sample.rate),
};
pub(crate) const P50: Figure = Figure {
    name: "p50",
    of: |sample| Some(sample.p50),
};
pub(crate) const P99: Figure = Figure {
    name: "p99",
    of: |sample| Some(sample.p99),
};
pub(crate) const CPU: Figure = Figure {
    name: "server CPU per request",
    of: |sample| Some(sample.cpu),
};
pub(crate) const POSTGRES_CPU: Figure = Figure {
    name: "Postgres CPU per request",
    of: |sample| sample.postgres_cpu,
};

impl Figures {
    /// Of at least one round.
    pub(crate) fn new(name: &str, rounds: Vec<Sample>) -> Result<Self> {
        let spread = |figure: fn(&Sample) -> Option<f64>| Spread::of(rounds.iter().filter_map(figure));
        let some = |figure| spread(figure).with_context(|| format!("{name}: no round"));
        Ok(Self {
            name: name.to_owned(),
            rate: some(RATE.of)?,
            p50: some(P50.of)?,
            p99: some(P99.of)?,
            cpu: some(CPU.of)?,
            postgres_cpu: spread(POSTGRES_CPU.of),
            redis_cpu: spread(|sample| sample.redis_cpu),
            rounds,
        })
    }

    fn values(&self, figure: Figure) -> Vec<f64> {
        self.rounds.iter().filter_map(figure.of).collect()
    }

    /// How this side compares with another; `None` where a side has no such figure.
    pub(crate) fn ratio(&self, to: &Self, figure: Figure, budget: Option<Budget>) -> Option<Finding> {
        Some(Finding {
            what: format!("{}: {} to {}", figure.name, self.name, to.name),
            spread: ratios(&self.values(figure), &to.values(figure))?,
            budget,
        })
    }

    /// What `share` of the requests of all rounds together took at most, in microseconds.
    pub(crate) fn overall(&self, share: f64) -> f64 {
        let mut all = Histogram::default();
        for round in &self.rounds {
            all.add(&round.latencies);
        }
        micros(all.quantile(share))
    }

    /// How that compares with another side.
    pub(crate) fn overall_ratio(&self, to: &Self, share: f64, budget: Option<Budget>) -> Option<Finding> {
        Some(Finding {
            what: format!(
                "p{:.0} of all rounds together: {} to {}",
                share * 100.0,
                self.name,
                to.name
            ),
            spread: Spread::of([self.overall(share) / to.overall(share)])?,
            budget,
        })
    }
}

impl Footprint {
    /// Holds it against the budget.
    pub(crate) fn judged(mut self, budgets: [(&str, Budget); 4]) -> Self {
        let values = [
            Spread::of([self.idle]),
            Spread::of([self.loaded]),
            Some(self.start),
            Spread::of(self.binary),
        ];
        let findings = budgets.into_iter().zip(values).filter_map(|((what, budget), spread)| {
            Some(Finding {
                what: what.to_owned(),
                spread: spread?,
                budget: Some(budget),
            })
        });
        self.findings = findings.collect();
        self
    }
}

impl Report {
    /// Writes `report.md`, `report.json` and the charts; the path of the first.
    pub(crate) fn write(&self, folder: &Path) -> Result<PathBuf> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
            Ok::<_, anyhow::Error>(path)
        };
        write("report.json", serde_json::to_string_pretty(self)? + "\n")?;
        write("report.svg", chart::draw(self))?;
        write("report.md", self.markdown())
    }

    pub(crate) fn markdown(&self) -> String {
        markdown::render(self)
    }
}

#[cfg(test)]
mod tests;
