//! Measures the service against the budget: `cargo xtask bench`.
//!
//! It asserts that every answer is right, and nothing about time.

mod arguments;
mod browser;
mod compare;
mod footprint;
mod grants;
mod growth;
mod hello;
mod load;
mod machine;
mod measure;
mod nginx;
mod operations;
mod ours;
mod peer;
mod pinning;
mod proc;
mod process;
mod purge;
mod quota;
mod races;
mod replicas;
mod report;
mod run;
mod seed;
mod service;
mod statistics;
mod stores;
mod users;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use crate::arguments::{Arguments, StoresKind, Subject};
use crate::pinning::Pinning;
use crate::report::Report;
use crate::run::Run;
use crate::service::Program;
use crate::stores::Stores;

fn main() -> ExitCode {
    match bench(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Result<()> {
    let binary = service::binary(arguments.binary.as_deref())?;
    let mut conditions = machine::conditions(&binary)?;
    let pinning = Pinning::claim()?;
    let told = [
        (
            "revision",
            machine::said_by("git", &["log", "-1", "--format=%h of %cs"]),
        ),
        ("compiler", machine::said_by("rustc", &["--version"])),
        ("rounds", Some(arguments.described())),
        ("cores used", Some(pinning.described())),
    ];
    conditions.extend(told.into_iter().filter_map(|(name, value)| Some((name.into(), value?))));
    let stores = match arguments.stores {
        StoresKind::Production => Some(Stores::start()?),
        StoresKind::Embedded => None,
    };
    conditions.extend(stores.iter().flat_map(Stores::conditions));
    let program = Program { binary, pinning };
    let run = Run {
        arguments,
        program: &program,
        stores: stores.as_ref(),
    };
    let mut report = Report {
        conditions,
        ..Report::default()
    };
    if arguments.compares() {
        compare::all(&run, &mut report)?;
    }
    if arguments.means(Subject::Nginx) {
        report.comparisons.extend(nginx::run(&run)?);
    }
    if arguments.means(Subject::Growth) {
        report.comparisons.extend(growth::run(&run)?);
    }
    if arguments.means(Subject::Purge) {
        report.comparisons.extend(purge::run(&run)?);
    }
    if arguments.means(Subject::Replicas) {
        report.comparisons.extend(replicas::run(&run)?);
    }
    println!("{}", report.markdown());
    let page = report.write(&arguments.out)?;
    println!("written to {}", page.display());
    Ok(())
}
