//! What was found, and the three forms in which it is told.

mod chart;
mod markdown;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::measure::Sample;
use crate::statistics::{Spread, ratios};

/// Everything a run found.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// The machine, versions and settings: names and values.
    pub(crate) conditions: Vec<(String, String)>,
    pub(crate) comparisons: Vec<Comparison>,
}

/// Sides that were measured in turns.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) title: String,
    /// How it was measured, in sentences.
    pub(crate) method: String,
    pub(crate) sides: Vec<Figures>,
    pub(crate) ratios: Vec<Ratio>,
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

/// How one side compares with another in one figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ratio {
    pub(crate) figure: &'static str,
    pub(crate) of: String,
    pub(crate) to: String,
    pub(crate) spread: Spread,
    pub(crate) budget: Option<Budget>,
}

/// What a ratio or a figure may be.
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
    pub(crate) fn ratio(&self, to: &Self, figure: Figure, budget: Option<Budget>) -> Option<Ratio> {
        Some(Ratio {
            figure: figure.name,
            of: self.name.clone(),
            to: to.name.clone(),
            spread: ratios(&self.values(figure), &to.values(figure))?,
            budget,
        })
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
