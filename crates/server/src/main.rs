//! `informer-oauth`: one binary that serves, and that manages what it serves from.

mod cli;
mod clock;
mod commands;
mod config;
mod data_folder;
mod installation;
mod interruption;
mod logs;
mod outbound;
mod output;
mod serve;
mod stores;
mod telemetry;
mod text;

use std::{env, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Parser as _;
use informer_oauth_application::error::ManagementError;

use crate::{
    cli::{Cli, Command},
    config::{Loaded, Problems, Sources},
    logs::LogHealth,
    output::{Misuse, Output},
    telemetry::Traces,
};

/// The command was given something that cannot be.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            for line in format!("{error:#}").lines() {
                eprintln!("error: {line}");
            }
            if is_misuse(&error) {
                ExitCode::from(MISUSED)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn is_misuse(error: &anyhow::Error) -> bool {
    error.is::<Misuse>()
        || error.is::<Problems>()
        || matches!(
            error.downcast_ref::<ManagementError>(),
            Some(ManagementError::InvalidClient(_) | ManagementError::InvalidValue { .. })
        )
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let sources = Sources {
        file: cli.settings.config.clone(),
        folder: env::current_dir().context("the working folder")?,
        environment: env::vars_os().collect(),
        flags: cli.settings.flags(),
    };
    let loaded = config::load(&sources)?;
    let out = Output::new(cli.settings.output);
    let command = cli.command.unwrap_or(Command::Serve { migrate: false });
    let serving = matches!(command, Command::Serve { .. });
    let traces = if serving {
        Traces::start(&loaded.config.telemetry)?
    } else {
        None
    };
    let log = logs::start(&loaded.config.log, serving, traces.as_ref());
    for warning in &loaded.warnings {
        if serving {
            tracing::warn!("{warning}");
        } else {
            eprintln!("warning: {warning}");
        }
    }
    let ended = dispatch(command, &loaded, out, log.health);
    if let Some(traces) = traces {
        traces.finish();
    }
    drop(log.guard);
    ended
}

fn dispatch(command: Command, loaded: &Loaded, out: Output, log: LogHealth) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve { migrate } => wait(serve::serve(&loaded.config, migrate, log)),
        Command::Migrate { dry_run } => wait(commands::migrate::run(&loaded.config, dry_run, out)),
        Command::Backup { file } => commands::backup::back_up(&loaded.config, &file, out),
        Command::Restore { file, yes } => commands::backup::restore(&loaded.config, &file, yes, out),
        Command::User(command) => wait(commands::user::run(&loaded.config, command, out)),
        Command::Client(command) => wait(commands::client::run(&loaded.config, command, out)),
        Command::Keys(command) => wait(commands::keys::run(&loaded.config, command, out)),
        Command::Gate(command) => commands::gate::run(&loaded.config, command, out),
        Command::Config(command) => commands::config::run(loaded, &command, out),
        Command::Login(flags) => wait(commands::login::run(&loaded.config, flags, out)),
        Command::Tour => wait(commands::tour::run(out)),
        Command::Doctor { session } => wait(doctor(loaded, session, out)),
        Command::Health { live } => commands::health::run(&loaded.config, live, out),
    }
}

async fn doctor(loaded: &Loaded, session: Option<PathBuf>, out: Output) -> anyhow::Result<ExitCode> {
    commands::doctor::run(loaded, session.as_deref(), out).await
}

/// Runs on this thread; `serve` starts its workers itself.
fn wait<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}
