//! The command line of `cargo xtask bench`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::operations::Operation;

/// Measures the service: figures in turns, answers checked, a report in target/bench
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
pub(crate) struct Arguments {
    /// Only these; else everything, and with --quick or on embedded stores what takes seconds
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
    /// How many token records `growth` compares, the fewest first; ten million take half an hour to make
    #[arg(long, num_args = 1.., value_delimiter = ',', default_values_t = [1_000, 100_000, 1_000_000], value_name = "COUNT")]
    pub(crate) records: Vec<u64>,
    /// How many expired token records `purge` has removed
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT")]
    pub(crate) expired: u64,
    /// Without node-oidc-provider
    #[arg(long)]
    pub(crate) no_peer: bool,
    /// What access tokens of node-oidc-provider are
    #[arg(long, value_enum, default_value_t = PeerTokens::Opaque)]
    pub(crate) peer_tokens: PeerTokens,
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
    /// Refresh with rotation, public client
    Refresh,
    /// Code and PKCE exchange
    Code,
    /// Refresh with rotation, confidential client
    Confidential,
    /// Introspection
    Introspect,
    /// The gate
    Gate,
    /// Device poll, pending
    Device,
    /// The public keys
    Jwks,
    /// The metadata
    Metadata,
    /// 20 uses at once of one code and of one refresh token
    Races,
    /// Memory, start, size
    Footprint,
    /// The gate behind nginx
    Nginx,
    /// What operations cost with a million token records, against a thousand
    Growth,
    /// How long a refresh takes while a million expired records are purged
    Purge,
    /// Two replicas against one
    Replicas,
}

impl Subject {
    pub(crate) const fn of(operation: Operation) -> Self {
        match operation {
            Operation::Refresh => Self::Refresh,
            Operation::Code => Self::Code,
            Operation::Confidential => Self::Confidential,
            Operation::Introspect => Self::Introspect,
            Operation::Gate => Self::Gate,
            Operation::Device => Self::Device,
            Operation::Jwks => Self::Jwks,
            Operation::Metadata => Self::Metadata,
        }
    }

    /// Whether it takes minutes, and Postgres.
    const fn is_long(self) -> bool {
        matches!(self, Self::Growth | Self::Purge | Self::Replicas)
    }
}

/// What access tokens of the peer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PeerTokens {
    /// Random and looked up, its default
    Opaque,
    /// JWTs signed with ES256, which it does not introspect
    Jwt,
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
        if self.only.is_empty() {
            return !subject.is_long() || (!self.quick && self.stores == StoresKind::Production);
        }
        self.only.contains(&subject)
    }

    /// Whether any of the operations is, or what comes with them.
    pub(crate) fn compares(&self) -> bool {
        let others = [Subject::Races, Subject::Footprint];
        let operations = Operation::ALL.map(Subject::of);
        operations.iter().chain(&others).any(|subject| self.means(*subject))
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 3 } else { 7 }).max(1)
    }

    /// How it is measured, in a word.
    pub(crate) fn described(&self) -> String {
        format!(
            "{} of {:.1} s for each side, {} connections, {} stores",
            self.rounds(),
            self.lasting().as_secs_f64(),
            self.connections,
            match self.stores {
                StoresKind::Embedded => "embedded",
                StoresKind::Production => "production",
            }
        )
    }

    pub(crate) fn lasting(&self) -> Duration {
        let seconds = self.seconds.unwrap_or(if self.quick { 1.0 } else { 3.0 });
        Duration::from_secs_f64(seconds.clamp(0.05, 600.0))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Arguments {
        Arguments::try_parse_from(std::iter::once("bench").chain(line.split_whitespace())).unwrap()
    }

    #[test]
    fn without_a_wish_all_is_measured_that_there_is_time_for() {
        for (line, growth) in [("", true), ("--quick", false), ("--stores embedded", false)] {
            let arguments = arguments(line);
            assert!(
                arguments.means(Subject::Refresh) && arguments.means(Subject::Races),
                "{line}"
            );
            assert_eq!(arguments.means(Subject::Growth), growth, "{line}");
        }
    }

    #[test]
    fn with_a_wish_only_that_is() {
        let wish = arguments("--quick --only growth purge");
        assert!(wish.means(Subject::Purge) && !wish.means(Subject::Jwks) && !wish.compares());
        assert!(arguments("--only gate").compares());
        assert!(arguments("--only footprint").compares());
    }

    #[test]
    fn rounds_are_as_many_and_as_long_as_said() {
        let quick = arguments("--quick --rounds 2");
        assert_eq!((quick.rounds(), quick.lasting()), (2, Duration::from_secs(1)));
        assert_eq!(
            quick.described(),
            "2 of 1.0 s for each side, 32 connections, production stores"
        );
        assert_eq!(
            arguments("--seconds 0.5 --rounds 0").lasting(),
            Duration::from_millis(500)
        );
        assert_eq!(arguments("--rounds 0").rounds(), 1);
        assert!(Arguments::try_parse_from(["bench", "--connections", "0"]).is_err());
    }
}
