//! Opening, making and refusing files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use informer_oauth_ports::{ClientSort, ClientStore, PageRequest, UserDirectory};
use informer_oauth_sqlite::{OpenError, Sqlite, SqliteOptions};
use informer_oauth_testkit::values::{a_client, a_plain_profile, a_user};

fn somewhere() -> (PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (folder.path().join("test.db"), folder)
}

fn open(path: &Path) -> Result<Sqlite, OpenError> {
    Sqlite::open(path, &SqliteOptions::default())
}

fn outside(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_and_its_log_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (path, _folder) = somewhere();
    let store = open(&path).unwrap();
    UserDirectory::insert(&store, &a_user("ada")).await.unwrap();
    for file in [
        path.clone(),
        path.with_extension("db-wal"),
        path.with_extension("db-shm"),
    ] {
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            file.display()
        );
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let (path, _folder) = somewhere();
    let store = open(&path).unwrap();
    UserDirectory::insert(&store, &a_user("ada")).await.unwrap();
    store.close().await;
    let store = open(&path).unwrap();
    assert_eq!(UserDirectory::find(&store, "ada").await.unwrap(), Some(a_user("ada")));
    store.check().await.unwrap();
}

#[test]
fn a_dry_run_says_what_is_pending_and_makes_nothing() {
    let (path, _folder) = somewhere();
    let names = Sqlite::migrate(&path, true).unwrap();
    assert_eq!(names.first().map(String::as_str), Some("2026-11-24-000000_initial"));
    assert!(!path.exists());
    assert_eq!(Sqlite::migrate(&path, false).unwrap(), names);
    assert_eq!(Sqlite::pending_migrations(&path).unwrap(), Vec::<String>::new());
    assert_eq!(Sqlite::migrate(&path, false).unwrap(), Vec::<String>::new());
    open(&path).unwrap();
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let (path, _folder) = somewhere();
    for content in ["x", "not a database, though long enough to hold the header of one"] {
        fs::write(&path, content).unwrap();
        assert!(matches!(open(&path), Err(OpenError::NotADatabase(_))));
        assert!(matches!(
            Sqlite::pending_migrations(&path),
            Err(OpenError::NotADatabase(_))
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let (path, _folder) = somewhere();
    outside(&path).batch_execute("CREATE TABLE recipes (name)").unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(open(&path), Err(OpenError::Foreign(_))));
    assert!(matches!(Sqlite::migrate(&path, false), Err(OpenError::Foreign(_))));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_database_is_refused() {
    let (path, _folder) = somewhere();
    drop(open(&path).unwrap());
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let refused = open(&path).unwrap_err();
    assert!(matches!(refused, OpenError::Unusable { .. }), "{refused}");
}

#[test]
fn a_path_that_cannot_be_a_file_is_refused() {
    let (path, folder) = somewhere();
    assert!(matches!(
        open(&path.join("below/nothing.db")),
        Err(OpenError::File { .. })
    ));
    assert!(matches!(open(folder.path()), Err(OpenError::File { .. })));
}

#[tokio::test]
async fn what_is_searched_for_is_text_and_no_pattern() {
    let (path, _folder) = somewhere();
    let store = open(&path).unwrap();
    for (n, name) in (1..).zip(["100 % Wool", "under_score", "back\\slash", "O'Neill", "plain"]) {
        let mut client = a_client(n);
        client.profile = a_plain_profile(name);
        ClientStore::insert(&store, &client).await.unwrap();
    }
    let page = PageRequest { start: 0, limit: 10 };
    for (text, found) in [
        ("%", 1),
        ("_", 1),
        ("\\", 1),
        ("'", 1),
        ("", 5),
        ("WOOL", 1),
        ("p%n", 0),
        ("' OR 1=1 --", 0),
        ("l", 4),
    ] {
        let clients = ClientStore::list(&store, Some(text), ClientSort::Name, false, page)
            .await
            .unwrap();
        assert_eq!((clients.items.len(), clients.total), (found, found as u64), "{text:?}");
    }
}
