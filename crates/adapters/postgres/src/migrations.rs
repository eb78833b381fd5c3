//! Bringing the schema up to date.

use diesel::{
    QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::ConnectError;

/// A change of the schema.
struct Migration {
    /// The name of its folder in `migrations/postgres`: when it was written, and what it does.
    name: &'static str,
    up: &'static str,
}

/// The migration in this folder of `migrations/postgres`.
macro_rules! migration {
    ($name:literal) => {
        Migration {
            name: $name,
            up: include_str!(concat!("../../../../migrations/postgres/", $name, "/up.sql")),
        }
    };
}

/// Every change, oldest first.
const MIGRATIONS: &[Migration] = &[
    migration!("2026-11-24-000000_initial"),
    migration!("2026-11-25-000000_usage"),
    migration!("2026-11-27-000000_secret_labels"),
    migration!("2026-12-01-000100_confidential"),
    migration!("2026-12-01-000200_consent_resources"),
    migration!("2026-12-01-000500_event_request_ids"),
    migration!("2026-12-01-000600_revocations"),
];

impl Migration {
    /// What the database calls it: the digits of its date, as diesel's own tool has it.
    fn version(&self) -> String {
        let (date, _) = self.name.split_once('_').unwrap_or((self.name, ""));
        date.replace('-', "")
    }
}

/// Where diesel's tool keeps what was applied, so that it can be used as well.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
    version varchar(50) PRIMARY KEY NOT NULL,
    run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
)";

/// Of processes that migrate at once, one does; the others wait here for it, each for a minute, and find it done. A
/// change itself must not wait long for a table's lock, behind which every request would queue.
const BEGIN: &str = "SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = '60s';
    SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/informer-oauth/migrate', 0));
    SET LOCAL lock_timeout = '5s';";

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    found: bool,
}

#[derive(QueryableByName)]
struct Encoding {
    #[diesel(sql_type = Text)]
    encoding: String,
}

fn failed(error: diesel::result::Error) -> ConnectError {
    ConnectError::Migration(error.to_string())
}

/// The names of the migrations that the database lacks, oldest first. Reads only. A database that cannot hold every
/// text is refused, and so is one that a newer program changed so that this one cannot work on it.
pub(crate) async fn pending(connection: &mut AsyncPgConnection) -> Result<Vec<&'static str>, ConnectError> {
    Ok(missing(connection)
        .await?
        .into_iter()
        .map(|migration| migration.name)
        .collect())
}

async fn missing(connection: &mut AsyncPgConnection) -> Result<Vec<&'static Migration>, ConnectError> {
    let Encoding { encoding } = diesel::sql_query("SELECT current_setting('server_encoding') AS encoding")
        .get_result(connection)
        .await
        .map_err(failed)?;
    if encoding != "UTF8" {
        return Err(ConnectError::Encoding(encoding));
    }
    let applied = applied(connection).await.map_err(failed)?;
    let unknown: Vec<String> = applied.iter().filter(|version| !is_known(version)).cloned().collect();
    let missing: Vec<&'static Migration> = MIGRATIONS
        .iter()
        .filter(|migration| !applied.contains(&migration.version()))
        .collect();
    if unknown.is_empty() {
        return Ok(missing);
    }
    // A schema that has what this program knows and more is good for it, as long as that was only added.
    let floor = floor(connection).await.map_err(failed)?;
    if !missing.is_empty() || !floor.is_some_and(|version| is_known(&version)) {
        return Err(ConnectError::Newer(unknown));
    }
    tracing::info!(
        changes = unknown.join(", "),
        "a newer version of this program has added to the Postgres schema; this one works on it"
    );
    Ok(missing)
}

fn is_known(version: &str) -> bool {
    MIGRATIONS.iter().any(|migration| migration.version() == version)
}

/// The newest migration that a program must know, if the database says so.
async fn floor(connection: &mut AsyncPgConnection) -> diesel::QueryResult<Option<String>> {
    if !exists(connection, "schema_floor").await? {
        return Ok(None);
    }
    let floor: Vec<Version> = diesel::sql_query("SELECT version FROM schema_floor")
        .load(connection)
        .await?;
    Ok(floor.into_iter().next().map(|row| row.version))
}

/// Whether there is such a table.
async fn exists(connection: &mut AsyncPgConnection, table: &str) -> diesel::QueryResult<bool> {
    // Not `to_regclass`, which may remember that there was no table from before this waited for the one who made it.
    let row: Exists = diesel::sql_query(
        "SELECT EXISTS (SELECT FROM pg_class WHERE relname = $1 AND pg_table_is_visible(oid)) AS found",
    )
    .bind::<Text, _>(table)
    .get_result(connection)
    .await?;
    Ok(row.found)
}

async fn applied(connection: &mut AsyncPgConnection) -> diesel::QueryResult<Vec<String>> {
    if !exists(connection, "__diesel_schema_migrations").await? {
        return Ok(Vec::new());
    }
    let versions: Vec<Version> = diesel::sql_query("SELECT version::text FROM __diesel_schema_migrations ORDER BY 1")
        .load(connection)
        .await?;
    Ok(versions.into_iter().map(|row| row.version).collect())
}

/// Applies what is pending, all or nothing, and returns its names.
pub(crate) async fn apply(connection: &mut AsyncPgConnection) -> Result<Vec<&'static str>, ConnectError> {
    if missing(connection).await?.is_empty() {
        return Ok(Vec::new());
    }
    connection
        .transaction(async |connection| {
            connection.batch_execute(BEGIN).await?;
            let missing = missing(connection).await?;
            connection.batch_execute(TABLE).await?;
            for migration in &missing {
                connection.batch_execute(migration.up).await?;
                diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ($1)")
                    .bind::<Text, _>(migration.version())
                    .execute(connection)
                    .await?;
            }
            Ok(missing.into_iter().map(|migration| migration.name).collect())
        })
        .await
}

#[cfg(test)]
mod tests;
