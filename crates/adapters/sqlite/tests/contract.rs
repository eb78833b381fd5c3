//! The contract of every store port.
#![expect(clippy::unwrap_used, reason = "tests")]

use informer_oauth_sqlite::{Sqlite, SqliteOptions};
use informer_oauth_testkit::{Fixture, contract_suite};
use tempfile::TempDir;

fn throwaway(options: &SqliteOptions) -> Fixture<Sqlite, TempDir> {
    let folder = tempfile::tempdir().unwrap();
    Fixture::new(Sqlite::open(&folder.path().join("test.db"), options).unwrap(), folder)
}

contract_suite!(async || throwaway(&SqliteOptions::default()));

/// As one that is alone with its file.
mod remembering {
    use informer_oauth_testkit::contract_suite;

    use super::{SqliteOptions, throwaway};

    contract_suite!(async || {
        throwaway(&SqliteOptions {
            remembered: 1000,
            ..SqliteOptions::default()
        })
    });
}
