//! The project's own commands: `cargo xtask test`, `bench`, `screenshots`, `with-servers`, `layers`.

mod apt;
mod bench;
mod graph;
mod layers;
mod plan;
mod process;
mod programs;
mod report;
mod screenshots;
mod servers;
mod suites;
mod summary;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use cargo_metadata::{Metadata, MetadataCommand};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tests, provisioning and the checks of this workspace")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what is missing, then runs every check and every test, and prints what ran
    Test {
        /// Only these parts, for instance `--only fmt clippy`; all of them when absent
        #[arg(long, value_enum, num_args = 1.., value_delimiter = ',', value_name = "PART")]
        only: Vec<plan::Part>,
    },
    /// Measures the release build against the budget, itself and a peer
    #[command(disable_help_flag = true)]
    Bench {
        /// For instance `--quick --only growth`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
        options: Vec<OsString>,
    },
    /// Takes the pictures of the pages that the documentation shows, and narrow and dark ones to look at
    ///
    /// Builds the service, fills a throwaway one and opens it in Chromium. The pictures go to docs/images, the others to
    /// target/screenshots.
    Screenshots,
    /// Runs one command with a throwaway Postgres and Redis, as `test` has them for its tests
    WithServers {
        /// For instance `cargo nextest run -p CRATE`
        #[arg(
            required = true,
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "COMMAND"
        )]
        command: Vec<OsString>,
    },
    /// Fails when a crate depends on one its layer may not see
    Layers,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything asked for holds.
fn run() -> Result<bool> {
    let arguments = Arguments::parse();
    let metadata = metadata()?;
    match arguments.command {
        Command::Test { only } => Ok(plan::run(&metadata, &only)),
        Command::Bench { options } => bench::run(&metadata, &options),
        Command::Screenshots => screenshots::run(&metadata).map(|()| true),
        Command::WithServers { command } => plan::with_servers(&command),
        Command::Layers => {
            let verdict = layers::check(&graph::Graph::read(&metadata)?)?;
            println!("{verdict}");
            Ok(true)
        }
    }
}

fn metadata() -> Result<Metadata> {
    // The manifest is found from this crate, so that the command works in every folder of the workspace.
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .exec()
        .context("cargo metadata")
}
