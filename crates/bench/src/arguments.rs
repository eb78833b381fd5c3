//! The command line of `cargo xtask bench`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measures the service: figures in turns, answers checked, a report in target/bench
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
pub(crate) struct Arguments {
    /// Only these; everything when absent
    #[arg(long, value_enum, num_args = 1.., value_delimiter = ',', value_name = "WHAT")]
    pub(crate) only: Vec<Subject>,
    /// Where the service keeps its data
    #[arg(long, value_enum, default_value_t = StoresKind::Production)]
    pub(crate) stores: StoresKind,
    /// Fewer and shorter rounds
    #[arg(long)]
    pub(crate) quick: bool,
    /// Rounds of each side
    #[arg(long)]
    pub(crate) rounds: Option<usize>,
    /// Length of a round
    #[arg(long)]
    pub(crate) seconds: Option<f64>,
    /// Connections, each with one virtual user
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1000))]
    connections: u16,
    /// How many token records `growth` compares, the fewest first
    #[arg(long, num_args = 1.., value_delimiter = ',', default_values_t = [1_000, 1_000_000], value_name = "COUNT")]
    pub(crate) records: Vec<u64>,
    /// How many expired token records `purge` has removed
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT")]
    pub(crate) expired: u64,
    /// The service's binary; by default the one that was built beside this one
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
    /// Where the report goes
    #[arg(long, default_value = "target/bench", value_name = "FOLDER")]
    pub(crate) out: PathBuf,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// What a refresh costs with a million token records, against a thousand
    Growth,
    /// How long a refresh takes while a million expired records are purged
    Purge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoresKind {
    /// SQLite in the service's folder
    Embedded,
    /// Postgres and Redis
    Production,
}

impl Arguments {
    pub(crate) fn connections(&self) -> usize {
        usize::from(self.connections)
    }

    /// Whether this is to be measured.
    pub(crate) fn means(&self, subject: Subject) -> bool {
        self.only.is_empty() || self.only.contains(&subject)
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 3 } else { 7 }).max(1)
    }

    pub(crate) fn lasting(&self) -> Duration {
        let seconds = self.seconds.unwrap_or(if self.quick { 1.0 } else { 3.0 });
        Duration::from_secs_f64(seconds.clamp(0.05, 600.0))
    }
}
