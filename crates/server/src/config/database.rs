use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use informer_oauth_domain::secret::Secret;
use informer_oauth_postgres::PostgresOptions;
use serde::{Deserialize, Serialize};

use super::{Location, Problems};

/// `database.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Database {
    /// `sqlite:` and a file, or `postgres://`.
    pub(crate) url: Location,
    /// Connections to Postgres at most.
    pub(crate) pool_size: usize,
    /// How long connecting to Postgres may take.
    pub(crate) connect_timeout_ms: u64,
    /// How long a call may wait until a connection is free.
    pub(crate) wait_timeout_ms: u64,
    /// How long a statement may take.
    pub(crate) statement_timeout_ms: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: Location::from("sqlite:./data/informer-oauth.db"),
            pool_size: 16,
            connect_timeout_ms: 1000,
            wait_timeout_ms: 1000,
            statement_timeout_ms: 1500,
        }
    }
}

impl Database {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.is_embedded() {
            if let Err(message) = self.file() {
                problems.add("database.url", message);
            }
        } else if !self.is_postgres() {
            problems.add("database.url", "must be sqlite: and a file, or postgres://");
        }
        problems.range("database.pool_size", self.pool_size, 1..=1000);
        // With these, and a moment for the answer, a request is not kept longer than two seconds.
        for (key, value) in [
            ("database.connect_timeout_ms", self.connect_timeout_ms),
            ("database.wait_timeout_ms", self.wait_timeout_ms),
            ("database.statement_timeout_ms", self.statement_timeout_ms),
        ] {
            problems.range(key, value, 50..=1700);
        }
    }

    /// Whether the database is a file of this process's own.
    pub(crate) fn is_embedded(&self) -> bool {
        self.url.expose().starts_with("sqlite:")
    }

    /// Whether the database is a Postgres.
    pub(crate) fn is_postgres(&self) -> bool {
        ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| self.url.expose().starts_with(scheme))
    }

    /// The database file. What is wrong is said without the URL.
    fn file(&self) -> Result<&str, &'static str> {
        let rest = self.url.expose().strip_prefix("sqlite:").unwrap_or_default();
        let file = rest.strip_prefix("//").unwrap_or(rest);
        if file.is_empty() || file.ends_with('/') || file.contains(['?', '\0']) || file.starts_with(':') {
            return Err("must name a file after sqlite:");
        }
        Ok(file)
    }

    /// The database file.
    pub(crate) fn path(&self) -> &Path {
        Path::new(self.file().unwrap_or_default())
    }

    /// The folder of the database file.
    pub(crate) fn folder(&self) -> PathBuf {
        match self.path().parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    /// How to use Postgres.
    pub(crate) fn postgres(&self) -> PostgresOptions {
        PostgresOptions {
            url: Secret::new(self.url.expose().to_owned()),
            pool_size: self.pool_size,
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            wait_timeout: Duration::from_millis(self.wait_timeout_ms),
            statement_timeout: Duration::from_millis(self.statement_timeout_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(url: &str) -> Database {
        Database {
            url: Location::from(url),
            ..Database::default()
        }
    }

    #[test]
    fn a_file_is_named_with_and_without_slashes() {
        assert_eq!(database("sqlite:./data/a.db").path(), Path::new("./data/a.db"));
        assert_eq!(database("sqlite:///var/lib/a.db").path(), Path::new("/var/lib/a.db"));
        assert_eq!(database("sqlite:a.db").folder(), Path::new("."));
    }

    #[test]
    fn a_database_is_a_file_or_a_postgres() {
        assert!(database("sqlite:a.db").is_embedded());
        for url in ["postgres://u:hunter2@h/d", "postgresql://h/d?sslmode=verify-full"] {
            let mut problems = Problems::default();
            let database = database(url);
            database.validate(&mut problems);
            assert_eq!(problems, Problems::default());
            assert!(database.is_postgres() && !database.is_embedded());
        }
    }

    #[test]
    fn other_databases_are_refused_without_their_password() {
        for url in [
            "mysql://u:hunter2@h/d",
            "hunter2",
            "postgres:hunter2",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:./data/",
        ] {
            let mut problems = Problems::default();
            database(url).validate(&mut problems);
            assert_eq!(problems.sentences().len(), 1, "{url}");
            assert!(!problems.to_string().contains("hunter2"));
        }
    }
}
