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

/// As after a restart: what is short-lived is in the file and nowhere else.
mod remembering_nothing {
    use informer_oauth_testkit::contract_suite;

    use super::{SqliteOptions, throwaway};

    contract_suite!(async || {
        throwaway(&SqliteOptions {
            remembered: 0,
            ..SqliteOptions::default()
        })
    });
}
