//! The contract of every store port.
#![expect(clippy::unwrap_used, reason = "tests")]

use informer_oauth_sqlite::{Sqlite, SqliteOptions};
use informer_oauth_testkit::{Fixture, contract_suite};
use tempfile::TempDir;

fn throwaway() -> Fixture<Sqlite, TempDir> {
    let folder = tempfile::tempdir().unwrap();
    Fixture::new(
        Sqlite::open(&folder.path().join("test.db"), &SqliteOptions::default()).unwrap(),
        folder,
    )
}

contract_suite!(async || throwaway());
