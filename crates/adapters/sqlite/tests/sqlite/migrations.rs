//! The schema: what a file of another version comes to.

use std::path::Path;

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use informer_oauth_ports::{TokenStore, UserDirectory};
use informer_oauth_sqlite::{OpenError, Sqlite, SqliteOptions};
use informer_oauth_testkit::values::{a_record, a_user};

/// A change that no program of this version knows.
const LATER: &str = "29991231000000";

fn open(path: &Path) -> Result<Sqlite, OpenError> {
    Sqlite::open(path, &SqliteOptions::default())
}

fn outside(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

/// Opens a new file and changes it as a later version does.
fn changed_later(path: &Path, change: &str) {
    drop(open(path).unwrap());
    let version = format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{LATER}');");
    outside(path).batch_execute(&(version + change)).unwrap();
}

#[test]
fn a_newer_schema_that_was_only_added_to_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    changed_later(
        &path,
        "CREATE TABLE later (x INTEGER) STRICT; ALTER TABLE users ADD COLUMN later TEXT;
         ALTER TABLE token_records ADD COLUMN later INTEGER NOT NULL DEFAULT 0;",
    );
    for dry_run in [true, false] {
        assert_eq!(Sqlite::migrate(&path, dry_run).unwrap(), Vec::<String>::new());
    }
    informer_oauth_testkit::run(async {
        let store = open(&path).unwrap();
        UserDirectory::insert(&store, &a_user("ada")).await.unwrap();
        assert_eq!(UserDirectory::find(&store, "ada").await.unwrap(), Some(a_user("ada")));
        TokenStore::insert(&store, &a_record(1)).await.unwrap();
        let found = TokenStore::find(&store, a_record(1).id).await.unwrap();
        assert_eq!(found, Some(a_record(1)));
    });
}

#[test]
fn a_newer_schema_that_asks_for_a_newer_program_is_refused_and_named() {
    // What is known of such a schema: it says so itself, it says nothing at all, or a change is missing below it.
    for newer in [
        format!("UPDATE schema_floor SET version = '{LATER}'"),
        "DELETE FROM schema_floor".to_owned(),
        "DROP TABLE schema_floor".to_owned(),
        "DELETE FROM __diesel_schema_migrations WHERE version = '20261125000000'".to_owned(),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        changed_later(&path, &newer);
        for refused in [
            open(&path).unwrap_err(),
            Sqlite::migrate(&path, false).unwrap_err(),
            Sqlite::migrate(&path, true).unwrap_err(),
        ] {
            let message = refused.to_string();
            assert!(matches!(refused, OpenError::Newer { .. }), "{newer}: {message}");
            assert!(
                message.contains("newer version") && message.contains(LATER),
                "{message}"
            );
        }
    }
}
