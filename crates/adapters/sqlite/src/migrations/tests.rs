#![expect(clippy::unwrap_used, reason = "tests")]

use diesel::{Connection, connection::SimpleConnection, sql_types::Text};
use tempfile::TempDir;

use super::*;
use crate::{Sqlite, SqliteOptions};

#[derive(QueryableByName, PartialEq, Debug)]
struct Definition {
    #[diesel(sql_type = Text)]
    sql: String,
}

fn definitions(connection: &mut SqliteConnection) -> Vec<Definition> {
    let own =
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name <> '__diesel_schema_migrations' ORDER BY name";
    diesel::sql_query(own).load(connection).unwrap()
}

fn place(folder: &TempDir) -> Place {
    Place::new(&folder.path().join("test.db"), &SqliteOptions::default()).unwrap()
}

#[test]
fn migrations_go_up_and_down_and_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder);
    let mut connection = place.writer().unwrap();
    assert_eq!(apply(&place, &mut connection).unwrap(), all());
    let first = definitions(&mut connection);
    assert!(!first.is_empty());
    connection.revert_all_migrations(MIGRATIONS).unwrap();
    assert_eq!(definitions(&mut connection), []);
    assert_eq!(pending(&place, &mut connection).unwrap(), all());
    assert_eq!(apply(&place, &mut connection).unwrap(), all());
    assert_eq!(definitions(&mut connection), first);
    assert_eq!(apply(&place, &mut connection).unwrap(), Vec::<String>::new());
}

#[test]
fn every_table_is_strict() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder);
    let mut connection = place.writer().unwrap();
    apply(&place, &mut connection).unwrap();
    for Definition { sql } in definitions(&mut connection) {
        assert!(!sql.starts_with("CREATE TABLE") || sql.ends_with("STRICT"), "{sql}");
    }
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder);
    let mut connection = place.writer().unwrap();
    // In the way of a table that the first migration makes late, and marked as this program's own.
    connection
        .batch_execute("CREATE TABLE sessions (x); PRAGMA application_id = 1229930801;")
        .unwrap();
    let before = definitions(&mut connection);
    let failed = apply(&place, &mut connection);
    assert!(matches!(failed, Err(OpenError::Migration { .. })), "{failed:?}");
    assert_eq!(definitions(&mut connection), before);
}

#[test]
fn of_many_that_open_a_new_file_at_once_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    std::thread::scope(|scope| {
        let openers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Sqlite::open(&path, &SqliteOptions::default()).map(drop)))
            .collect();
        for opener in openers {
            opener.join().unwrap().unwrap();
        }
    });
    assert_eq!(Sqlite::pending_migrations(&path).unwrap(), Vec::<String>::new());
}

#[test]
fn a_path_that_looks_like_a_uri_is_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file:a?mode=memory");
    drop(Sqlite::open(&path, &SqliteOptions::default()).unwrap());
    assert!(std::fs::metadata(&path).unwrap().len() > 0);
    let place = Place::new(Path::new("file:x"), &SqliteOptions::default()).unwrap();
    assert!(place.path().is_relative());
    assert!(
        SqliteConnection::establish("file:x?mode=memory").is_ok(),
        "which is why"
    );
}
