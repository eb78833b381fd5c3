//! Databases of a throwaway Postgres.

use std::{
    env,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process::{Command, Stdio},
};

use super::postgres::{ThrowawayPostgres, locked, random};

impl ThrowawayPostgres {
    /// An empty database, for as long as the value lives.
    pub fn database(&self) -> ThrowawayDatabase {
        self.make_database("template0")
    }

    /// A copy of a database that `prepare` has filled, given its URL; it does so once for all tests of a server that give
    /// the same `recipe`.
    pub async fn copy_of(&self, recipe: &str, prepare: impl AsyncFnOnce(&str)) -> ThrowawayDatabase {
        let mut hasher = DefaultHasher::new();
        recipe.hash(&mut hasher);
        let template = format!("recipe_{:016x}", hasher.finish());
        let lock = env::temp_dir().join(format!("informer-oauth-{template}.lock"));
        {
            let _preparing = locked(&lock);
            let known = format!("SELECT count(*) FROM pg_database WHERE datname = '{template}'");
            if self.sql("postgres", &known) == "0" {
                let database = self.database();
                prepare(&database.url()).await;
                // Whoever prepared it is gone, but the server may not have noticed yet.
                self.administer(&format!(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{}'",
                    database.name
                ));
                self.administer(&format!("ALTER DATABASE {} RENAME TO {template}", database.name));
            }
        }
        self.make_database(&template)
    }

    fn make_database(&self, template: &str) -> ThrowawayDatabase {
        let name = format!("test_{:016x}", random());
        self.administer(&format!("CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'"));
        ThrowawayDatabase {
            name,
            server: self.clone(),
        }
    }
}

/// Runs a statement by the program psql.
pub(super) fn run(psql: &Path, url: &str, statement: &str) -> Result<String, String> {
    let mut psql = Command::new(psql);
    psql.args([
        "--no-psqlrc",
        "--quiet",
        "--tuples-only",
        "--no-align",
        "--set=ON_ERROR_STOP=1",
    ]);
    psql.args(["--dbname", url, "--command", statement]);
    psql.env("PGCONNECT_TIMEOUT", "5").stdin(Stdio::null());
    let output = psql.output().map_err(|error| format!("psql: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }
}

/// A database of one test; dropping it removes it.
#[derive(Debug)]
pub struct ThrowawayDatabase {
    name: String,
    server: ThrowawayPostgres,
}

impl ThrowawayDatabase {
    /// Where it is.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Runs a statement in it; see [`ThrowawayPostgres::sql`].
    ///
    /// # Panics
    ///
    /// When it fails.
    pub fn sql(&self, statement: &str) -> String {
        self.server.sql(&self.name, statement)
    }

    /// Its server.
    pub fn server(&self) -> &ThrowawayPostgres {
        &self.server
    }
}

impl Drop for ThrowawayDatabase {
    fn drop(&mut self) {
        // It was renamed, or its server is gone: then there is nothing to remove.
        let _ = self
            .server
            .try_sql(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
