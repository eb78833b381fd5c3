//! Bringing the schema up to date.

use std::{
    error::Error,
    fs::{File, OpenOptions},
    io::{self, Read},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use diesel::{
    QueryableByName, RunQueryDsl,
    migration::{Migration, MigrationSource, MigrationVersion},
    sql_types::{BigInt, Integer, Text},
    sqlite::{Sqlite as Backend, SqliteConnection},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{OpenError, connection::Place, failure::is_busy};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../../migrations/sqlite");

/// What the first migration sets as `application_id`.
const APPLICATION_ID: i32 = 0x494f_4131;

/// The first bytes of every SQLite 3 file.
const HEADER: &[u8; 16] = b"SQLite format 3\0";

type Boxed = Box<dyn Error + Send + Sync>;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct ApplicationId {
    #[diesel(sql_type = Integer)]
    application_id: i32,
}

/// What is at a path.
pub(crate) enum Found {
    /// No file, or an empty one.
    Nothing,
    /// A SQLite file.
    Database,
}

/// Looks at a file without changing anything.
pub(crate) fn look(path: &Path) -> Result<Found, OpenError> {
    let file_error = |source| OpenError::File {
        path: path.to_owned(),
        source,
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(file_error(error)),
    };
    let mut start = Vec::with_capacity(HEADER.len());
    file.by_ref()
        .take(HEADER.len() as u64)
        .read_to_end(&mut start)
        .map_err(file_error)?;
    match start.as_slice() {
        [] => Ok(Found::Nothing),
        start if start == HEADER => Ok(Found::Database),
        _ => Err(OpenError::NotADatabase(path.to_owned())),
    }
}

/// Makes the file if there is none, readable and writable for its owner alone. SQLite gives its log the same mode.
fn create(path: &Path) -> Result<(), OpenError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match path.metadata() {
            // SQLite would make the file it leads to, for everybody to read.
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Err(OpenError::File {
                path: path.to_owned(),
                source: io::Error::other("it is a symbolic link to a file that does not exist"),
            }),
            _ => Ok(()),
        },
        Err(source) => Err(OpenError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The migrations that a database lacks, oldest first. Reads only. A database that is another program's is refused, and
/// so is one that a newer version of this program changed so that this one cannot work on it.
pub(crate) fn pending(place: &Place, connection: &mut SqliteConnection) -> Result<Vec<String>, OpenError> {
    let unusable = |error: Boxed| OpenError::Unusable {
        path: place.path().to_owned(),
        reason: error.to_string(),
    };
    if is_foreign(connection).map_err(unusable)? {
        return Err(OpenError::Foreign(place.path().to_owned()));
    }
    let applied = applied(connection).map_err(unusable)?;
    let known: Vec<Box<dyn Migration<Backend>>> = MIGRATIONS.migrations().map_err(unusable)?;
    let is_known =
        |version: &MigrationVersion<'_>| known.iter().any(|migration| migration.name().version() == *version);
    let unknown: Vec<String> = applied
        .iter()
        .filter(|version| !is_known(version))
        .map(ToString::to_string)
        .collect();
    let mut missing: Vec<String> = known
        .iter()
        .filter(|migration| !applied.contains(&migration.name().version()))
        .map(|migration| migration.name().to_string())
        .collect();
    missing.sort_unstable();
    if unknown.is_empty() {
        return Ok(missing);
    }
    // A schema that has what this program knows and more is good for it, as long as that was only added.
    let floor = floor(connection).map_err(unusable)?;
    if !missing.is_empty() || !floor.is_some_and(|version| is_known(&version.into())) {
        return Err(OpenError::Newer {
            path: place.path().to_owned(),
            migrations: unknown,
        });
    }
    tracing::info!(
        changes = unknown.join(", "),
        "a newer version of this program has added to the schema; this one works on it"
    );
    Ok(missing)
}

/// The newest migration that a program must know, if the database says so.
fn floor(connection: &mut SqliteConnection) -> Result<Option<String>, Boxed> {
    if !exists(connection, "schema_floor")? {
        return Ok(None);
    }
    let floor: Vec<Version> = diesel::sql_query("SELECT version FROM schema_floor").load(connection)?;
    Ok(floor.into_iter().next().map(|row| row.version))
}

/// Whether there is such a table.
fn exists(connection: &mut SqliteConnection, table: &str) -> Result<bool, Boxed> {
    let tables: Count = diesel::sql_query("SELECT count(*) AS count FROM sqlite_schema WHERE name = ?1")
        .bind::<Text, _>(table)
        .get_result(connection)?;
    Ok(tables.count > 0)
}

/// Applies what is pending, all or nothing, and returns its names. Of processes that do so at once, one does it and the
/// others find it done.
fn apply(place: &Place, connection: &mut SqliteConnection) -> Result<Vec<String>, OpenError> {
    let mut names = Vec::new();
    connection
        .immediate_transaction(|connection| -> Result<(), Boxed> {
            names = pending(place, connection)?;
            connection.run_pending_migrations(MIGRATIONS)?;
            Ok(())
        })
        .map_err(|error| OpenError::Migration {
            path: place.path().to_owned(),
            reason: error.to_string(),
        })?;
    Ok(names)
}

/// Makes a connection to write with, to a file that is there, has the newest schema and uses write-ahead logging.
/// Returns the names of the migrations that it took.
///
/// SQLite does not wait for other processes when it switches a file's journal mode, so that is tried again here.
pub(crate) fn prepare(place: &Place) -> Result<(SqliteConnection, Vec<String>), OpenError> {
    if let Found::Nothing = look(place.path())? {
        create(place.path())?;
    }
    let start = Instant::now();
    loop {
        match prepare_now(place) {
            Err(OpenError::Unusable { reason, .. } | OpenError::Migration { reason, .. })
                if is_busy(&reason) && start.elapsed() < place.busy_timeout() =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            outcome => return outcome,
        }
    }
}

fn prepare_now(place: &Place) -> Result<(SqliteConnection, Vec<String>), OpenError> {
    let mut connection = place.writer().map_err(|reason| OpenError::Unusable {
        path: place.path().to_owned(),
        reason,
    })?;
    // A file that is refused is left as it is.
    let missing = pending(place, &mut connection)?;
    place.use_wal(&mut connection)?;
    // Last, since what was applied would be forgotten with a later failure.
    let names = if missing.is_empty() {
        missing
    } else {
        apply(place, &mut connection)?
    };
    Ok((connection, names))
}

/// The names of all migrations.
pub(crate) fn all() -> Vec<String> {
    let migrations: Result<Vec<Box<dyn Migration<Backend>>>, _> = MIGRATIONS.migrations();
    let mut names: Vec<String> = migrations
        .into_iter()
        .flatten()
        .map(|migration| migration.name().to_string())
        .collect();
    names.sort_unstable();
    names
}

/// Tables of the schema's bookkeeping alone belong to anybody.
fn is_foreign(connection: &mut SqliteConnection) -> Result<bool, Boxed> {
    let tables = "SELECT count(*) AS count FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                  AND name <> '__diesel_schema_migrations'";
    let tables: Count = diesel::sql_query(tables).get_result(connection)?;
    let id: ApplicationId = diesel::sql_query("PRAGMA application_id").get_result(connection)?;
    Ok(tables.count > 0 && id.application_id != APPLICATION_ID)
}

fn applied(connection: &mut SqliteConnection) -> Result<Vec<MigrationVersion<'static>>, Boxed> {
    // Asking the harness creates its table, and this must not write.
    if exists(connection, "__diesel_schema_migrations")? {
        connection.applied_migrations()
    } else {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests;
