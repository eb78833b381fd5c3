//! Databases with the schema in them.

use std::{fs, path::Path, time::Duration};

use informer_oauth_domain::secret::Secret;
use informer_oauth_postgres::{Postgres, PostgresOptions};
use informer_oauth_testkit::servers::{ThrowawayDatabase, ThrowawayPostgres};

/// The defaults for a URL.
pub(crate) fn options(url: &str) -> PostgresOptions {
    PostgresOptions::new(Secret::new(url.to_owned()))
}

/// Options for a URL with which a busy machine fails no test that is not about time.
pub(crate) fn patient(url: &str) -> PostgresOptions {
    let time = Duration::from_secs(20);
    PostgresOptions {
        connect_timeout: time,
        wait_timeout: time,
        statement_timeout: time,
        ..options(url)
    }
}

/// A database of the server's, migrated.
pub(crate) async fn migrated(server: &ThrowawayPostgres) -> ThrowawayDatabase {
    let migrate = async |url: &str| {
        Postgres::migrate(&patient(url), false).await.unwrap();
    };
    server.copy_of(&schema("up.sql"), migrate).await
}

/// The migrations one after the other: going up, oldest first; going down, newest first.
pub(crate) fn schema(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations/postgres");
    let mut migrations: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    migrations.sort_unstable();
    if file == "down.sql" {
        migrations.reverse();
    }
    let read = |migration: &std::path::PathBuf| fs::read_to_string(migration.join(file)).unwrap();
    migrations.iter().map(read).collect()
}

/// A pool on a database of the server that the tests share.
pub(crate) async fn throwaway() -> (Postgres, ThrowawayDatabase) {
    let database = migrated(&ThrowawayPostgres::shared()).await;
    let store = Postgres::connect(&patient(&database.url())).await.unwrap();
    (store, database)
}
