use std::process::ExitCode;

use informer_oauth_postgres::Postgres;
use informer_oauth_sqlite::Sqlite;
use serde::Serialize;

use crate::{config::Config, data_folder, output::Output};

#[derive(Serialize)]
struct Migrated {
    dry_run: bool,
    migrations: Vec<String>,
}

pub(crate) async fn run(config: &Config, dry_run: bool, out: Output) -> anyhow::Result<ExitCode> {
    let migrations = if config.database.is_embedded() {
        if !dry_run {
            data_folder::prepare(&config.database.folder())?;
        }
        Sqlite::migrate(config.database.path(), dry_run)?
    } else {
        Postgres::migrate(&config.database.postgres(), dry_run).await?
    };
    out.print(&Migrated { dry_run, migrations }, |migrated| {
        let done = if migrated.dry_run { "would apply" } else { "applied" };
        match migrated.migrations.as_slice() {
            [] => "the schema is up to date".into(),
            names => names
                .iter()
                .map(|name| format!("{done} {name}\n"))
                .collect::<Vec<_>>()
                .concat(),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
