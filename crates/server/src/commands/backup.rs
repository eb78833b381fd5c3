//! Copies of the embedded database, and putting one back.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use informer_oauth_sqlite::Sqlite;
use serde::Serialize;

use crate::{
    commands::confirm::confirm,
    config::Config,
    data_folder::{self, ServeLock},
    output::Output,
};

#[derive(Serialize)]
struct Copied {
    database: String,
    file: String,
}

impl Copied {
    fn new(database: &Path, file: &Path) -> Self {
        Self {
            database: database.display().to_string(),
            file: file.display().to_string(),
        }
    }
}

/// The database file of an embedded installation.
fn database(config: &Config) -> anyhow::Result<&Path> {
    if !config.database.is_embedded() {
        bail!("this is for the embedded database; use pg_dump and pg_restore with Postgres");
    }
    let path = config.database.path();
    if let Some(reason) = data_folder::denied(path) {
        bail!("{reason}");
    }
    Ok(path)
}

pub(crate) fn back_up(config: &Config, file: &Path, out: Output) -> anyhow::Result<ExitCode> {
    let database = database(config)?;
    Sqlite::back_up(database, file)?;
    out.print(&Copied::new(database, file), |copied| {
        format!(
            "{} is a copy of {}. It does not hold the encryption key: keep a copy of that elsewhere.",
            copied.file, copied.database
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn restore(config: &Config, file: &Path, yes: bool, out: Output) -> anyhow::Result<ExitCode> {
    let database = database(config)?;
    data_folder::prepare(&config.database.folder())?;
    let lock = ServeLock::take(database)?;
    let question = format!(
        "Replace {} by {}? What changed since is lost.",
        database.display(),
        file.display()
    );
    if !yes && database.exists() && !confirm(&question)? {
        bail!("nothing was changed");
    }
    Sqlite::restore(file, database)?;
    drop(lock);
    out.print(&Copied::new(database, file), |copied| {
        format!("{} is restored from {}", copied.database, copied.file)
    })?;
    Ok(ExitCode::SUCCESS)
}
