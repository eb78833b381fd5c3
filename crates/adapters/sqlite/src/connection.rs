//! Where the file is and how connections to it are set up.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_types::Text, sqlite::SqliteConnection,
};

use crate::{OpenError, SqliteOptions, clients};

/// A database file and how to connect to it.
#[derive(Clone)]
pub(crate) struct Place {
    path: PathBuf,
    /// Absolute, so that SQLite cannot take it for a URI.
    name: String,
    busy_timeout: Duration,
    cache_kib: u32,
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

impl Place {
    pub(crate) fn new(path: &Path, options: &SqliteOptions) -> Result<Self, OpenError> {
        let absolute = std::path::absolute(path).map_err(|source| OpenError::File {
            path: path.to_owned(),
            source,
        })?;
        let name = absolute
            .to_str()
            .ok_or_else(|| OpenError::Name(path.to_owned()))?
            .to_owned();
        Ok(Self {
            path: path.to_owned(),
            name,
            busy_timeout: options.busy_timeout,
            cache_kib: options.cache_kib,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn busy_timeout(&self) -> Duration {
        self.busy_timeout
    }

    /// A connection as the writer needs it. A commit is on disk before it is acknowledged: `synchronous = FULL`.
    pub(crate) fn writer(&self) -> Result<SqliteConnection, String> {
        self.connect(
            "PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA wal_autocheckpoint = 1000;
             PRAGMA journal_size_limit = 67108864;",
        )
    }

    /// A connection that cannot write.
    pub(crate) fn reader(&self) -> Result<SqliteConnection, String> {
        self.connect("PRAGMA query_only = ON;")
    }

    fn connect(&self, pragmas: &str) -> Result<SqliteConnection, String> {
        let mut connection = SqliteConnection::establish(&self.name).map_err(|error| error.to_string())?;
        let common = format!(
            "PRAGMA busy_timeout = {};
             PRAGMA trusted_schema = OFF;
             PRAGMA temp_store = MEMORY;
             PRAGMA mmap_size = 0;
             PRAGMA cache_size = -{};",
            self.busy_timeout.as_millis(),
            self.cache_kib
        );
        connection.batch_execute(&common).map_err(|error| error.to_string())?;
        connection.batch_execute(pragmas).map_err(|error| error.to_string())?;
        clients::register_functions(&mut connection).map_err(|error| error.to_string())?;
        Ok(connection)
    }

    /// Switches the file to write-ahead logging, which it remembers.
    pub(crate) fn use_wal(&self, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        let failed = |reason: String| OpenError::Unusable {
            path: self.path.clone(),
            reason,
        };
        let mode: JournalMode = diesel::sql_query("PRAGMA journal_mode = WAL")
            .get_result(connection)
            .map_err(|error| failed(error.to_string()))?;
        if mode.journal_mode == "wal" {
            Ok(())
        } else {
            Err(failed(format!(
                "its file system allows journal mode {} only, not WAL",
                mode.journal_mode
            )))
        }
    }
}
