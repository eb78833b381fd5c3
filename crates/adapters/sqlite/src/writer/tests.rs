#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    future::Future,
    path::PathBuf,
    sync::mpsc,
    time::{Duration, Instant},
};

use diesel::{Connection, QueryableByName, RunQueryDsl, sql_types::BigInt};
use informer_oauth_domain::token_record::Rotation;
use informer_oauth_ports::{ClientStore, Icon, StoreError, TokenStore, UserDirectory, UserInsertion};
use informer_oauth_testkit::values::{a_client, a_record, a_rotation, a_user, an_icon, client_uid, moment};
use tokio::task::JoinHandle;

use super::*;
use crate::{Sqlite, SqliteOptions, failure::Failure};

struct Opened {
    store: Sqlite,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

/// Options with a patience that a busy machine does not exhaust.
fn patient() -> SqliteOptions {
    SqliteOptions {
        busy_timeout: Duration::from_secs(30),
        ..SqliteOptions::default()
    }
}

fn open(options: SqliteOptions) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    Opened {
        store: Sqlite::open(&path, &options).unwrap(),
        path,
        _folder: folder,
    }
}

impl Opened {
    /// A connection apart from the store's.
    fn outside(&self) -> SqliteConnection {
        SqliteConnection::establish(self.path.to_str().unwrap()).unwrap()
    }

    fn users_outside(&self) -> i64 {
        count(&mut self.outside(), "users")
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn count(connection: &mut SqliteConnection, table: &str) -> i64 {
    let rows: Count = diesel::sql_query(format!("SELECT count(*) AS count FROM {table}"))
        .get_result(connection)
        .unwrap();
    rows.count
}

/// A job that holds the writer until told otherwise.
struct Held {
    release: mpsc::Sender<()>,
    job: JoinHandle<Result<(), StoreError>>,
}

impl Held {
    /// Queues the job and, when nothing is before it, waits until it runs.
    async fn start(store: &Sqlite, runs_at_once: bool) -> Self {
        let (release, released) = mpsc::channel();
        let (started, starts) = tokio::sync::oneshot::channel();
        let job = queue(store, move |_| {
            let _ = started.send(());
            released.recv().unwrap();
            Ok(())
        })
        .await;
        if runs_at_once {
            starts.await.unwrap();
        }
        Self { release, job }
    }

    async fn end(self) {
        self.release.send(()).unwrap();
        self.job.await.unwrap().unwrap();
    }
}

/// Queues a job without waiting for its answer.
async fn queue<T: Send + 'static>(
    store: &Sqlite,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
) -> JoinHandle<Result<T, StoreError>> {
    let store = store.clone();
    spawn(async move { store.write(work).await }).await
}

/// Starts a call and lets it get as far as the queue: on this one thread, one turn is enough.
async fn spawn<T: Send + 'static>(call: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let task = tokio::spawn(call);
    tokio::task::yield_now().await;
    task
}

async fn queue_user(store: &Sqlite, name: &str) -> JoinHandle<Result<UserInsertion, StoreError>> {
    let (store, user) = (store.clone(), a_user(name));
    spawn(async move { UserDirectory::insert(&store, &user).await }).await
}

fn is_unavailable<T: std::fmt::Debug>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable { store: "sqlite", .. }))
}

#[tokio::test]
async fn a_write_is_answered_after_the_commit_that_it_shares_and_not_before() {
    let opened = open(patient());
    let first = Held::start(&opened.store, true).await;
    let insertion = queue_user(&opened.store, "ada").await;
    let second = Held::start(&opened.store, false).await;
    first.end().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!insertion.is_finished(), "its batch is not committed yet");
    assert_eq!(opened.users_outside(), 0);
    second.end().await;
    assert_eq!(insertion.await.unwrap().unwrap(), UserInsertion::Inserted);
    assert_eq!(opened.users_outside(), 1);
}

#[tokio::test]
async fn concurrent_rotations_share_a_commit() {
    let opened = open(patient());
    for n in 0..50 {
        TokenStore::insert(&opened.store, &a_record(n)).await.unwrap();
    }
    let before = opened.store.written();
    let held = Held::start(&opened.store, true).await;
    let mut rotations = Vec::new();
    for n in 0..50 {
        let (store, request) = (opened.store.clone(), a_rotation(&a_record(n), 1000 + n, moment(60)));
        rotations.push(spawn(async move { TokenStore::rotate(&store, &request).await }).await);
    }
    held.end().await;
    for rotation in rotations {
        assert!(matches!(rotation.await.unwrap().unwrap(), Rotation::Rotated(_)));
    }
    let after = opened.store.written();
    assert_eq!(after.jobs - before.jobs, 51);
    assert_eq!(after.commits - before.commits, 2);
}

#[tokio::test]
async fn a_batch_has_a_bound() {
    let opened = open(SqliteOptions { batch: 4, ..patient() });
    let held = Held::start(&opened.store, true).await;
    let mut jobs = Vec::new();
    for _ in 0..10 {
        jobs.push(queue(&opened.store, |_| Ok(())).await);
    }
    held.end().await;
    for job in jobs {
        job.await.unwrap().unwrap();
    }
    assert_eq!(opened.store.written().commits, 1 + 3);
}

#[tokio::test]
async fn a_job_that_fails_or_panics_is_undone_and_disturbs_no_other() {
    let opened = open(patient());
    let held = Held::start(&opened.store, true).await;
    let before = queue_user(&opened.store, "before").await;
    let failing = queue(&opened.store, |connection| {
        diesel::sql_query("DELETE FROM users").execute(connection)?;
        diesel::sql_query("INSERT INTO attempts VALUES ('key', 0, 0)").execute(connection)?;
        Ok(())
    })
    .await;
    let panicking = queue(&opened.store, |connection| -> Result<(), Failure> {
        diesel::sql_query("DELETE FROM users").execute(connection)?;
        panic!("as a test");
    })
    .await;
    let after = queue_user(&opened.store, "after").await;
    held.end().await;
    assert_eq!(before.await.unwrap().unwrap(), UserInsertion::Inserted);
    assert!(
        matches!(failing.await.unwrap(), Err(StoreError::Corrupt { .. })),
        "a CHECK refused it"
    );
    assert!(is_unavailable(&panicking.await.unwrap()));
    assert_eq!(after.await.unwrap().unwrap(), UserInsertion::Inserted);
    assert_eq!(opened.users_outside(), 2);
    assert_eq!(opened.store.written().commits, 2);
}

#[tokio::test]
async fn a_reader_that_panics_goes_on_reading() {
    let opened = open(SqliteOptions {
        readers: 1,
        ..patient()
    });
    let panicked: Result<(), StoreError> = opened.store.read(|_| panic!("as a test")).await;
    assert!(is_unavailable(&panicked));
    opened.store.check().await.unwrap();
}

#[tokio::test]
async fn when_the_commit_fails_nobody_is_told_that_a_write_happened() {
    let opened = open(patient());
    let held = Held::start(&opened.store, true).await;
    let innocent = queue_user(&opened.store, "ada").await;
    // A deferred foreign key is checked by COMMIT.
    let culprit = queue(&opened.store, |connection| {
        connection.batch_execute(
            "PRAGMA defer_foreign_keys = ON;
             INSERT INTO client_icons VALUES (zeroblob(16), 'image/png', x'00', zeroblob(32));",
        )?;
        Ok(())
    })
    .await;
    held.end().await;
    assert!(is_unavailable(&innocent.await.unwrap()));
    assert!(is_unavailable(&culprit.await.unwrap()));
    assert_eq!(opened.users_outside(), 0);
    assert_eq!(
        UserDirectory::insert(&opened.store, &a_user("ada")).await.unwrap(),
        UserInsertion::Inserted
    );
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_answered_and_ends_when_there_is_room() {
    let opened = open(patient());
    ClientStore::insert(&opened.store, &a_client(1)).await.unwrap();
    // SQLite raises the bound to the size that the file has.
    opened
        .store
        .write(|connection| Ok(connection.batch_execute("PRAGMA max_page_count = 1")?))
        .await
        .unwrap();
    let held = Held::start(&opened.store, true).await;
    let small = queue_user(&opened.store, "ada").await;
    let store = opened.store.clone();
    let large = spawn(async move {
        let icon = Icon {
            bytes: vec![0; 200_000],
            ..an_icon(1)
        };
        store.set_icon(client_uid(1), Some(&icon)).await
    })
    .await;
    held.end().await;
    let small = small.await.unwrap();
    assert_eq!(opened.users_outside(), i64::from(small.is_ok()));
    assert!(is_unavailable(&large.await.unwrap()));
    assert_eq!(ClientStore::icon(&opened.store, client_uid(1)).await.unwrap(), None);

    opened
        .store
        .write(|connection| Ok(connection.batch_execute("PRAGMA max_page_count = 100000")?))
        .await
        .unwrap();
    assert!(opened.store.set_icon(client_uid(1), Some(&an_icon(1))).await.unwrap());
}

#[tokio::test]
async fn a_full_queue_is_refused_at_once() {
    let opened = open(SqliteOptions { queue: 2, ..patient() });
    let held = Held::start(&opened.store, true).await;
    let waiting = [
        queue(&opened.store, |_| Ok(())).await,
        queue(&opened.store, |_| Ok(())).await,
    ];
    assert!(is_unavailable(&opened.store.write(|_| Ok(())).await));
    held.end().await;
    for job in waiting {
        job.await.unwrap().unwrap();
    }
    opened.store.write(|_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn another_writer_that_does_not_finish_is_waited_for_within_bounds() {
    let opened = open(SqliteOptions::default());
    let mut other = opened.outside();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    let early = queue_user(&opened.store, "early").await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let late = queue_user(&opened.store, "late").await;
    assert!(is_unavailable(&early.await.unwrap()));
    assert!(is_unavailable(&late.await.unwrap()));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(
        is_unavailable(&opened.store.check().await),
        "a store that cannot write is not well"
    );
    other.batch_execute("COMMIT").unwrap();
    opened.store.check().await.unwrap();
}

#[tokio::test]
async fn another_writer_that_finishes_is_not_noticed() {
    let opened = open(patient());
    let mut other = opened.outside();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let insertion = queue_user(&opened.store, "ada").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(insertion.await.unwrap().unwrap(), UserInsertion::Inserted);
}

#[tokio::test]
async fn closing_finishes_what_was_queued_and_refuses_what_comes_later() {
    let opened = open(patient());
    let held = Held::start(&opened.store, true).await;
    let insertion = queue_user(&opened.store, "ada").await;
    let closing = spawn(opened.store.clone().close()).await;
    held.end().await;
    assert_eq!(insertion.await.unwrap().unwrap(), UserInsertion::Inserted);
    closing.await.unwrap();
    assert!(is_unavailable(&opened.store.check().await));
    assert!(
        !opened.path.with_extension("db-wal").exists(),
        "the log is part of the file now"
    );
}

#[tokio::test]
async fn dropping_the_last_handle_leaves_a_file_that_is_whole_by_itself() {
    let opened = open(patient());
    UserDirectory::insert(&opened.store, &a_user("ada")).await.unwrap();
    let Opened { store, path, _folder } = opened;
    drop(store.clone());
    assert!(path.with_extension("db-wal").exists(), "another handle is left");
    drop(store);
    assert!(!path.with_extension("db-wal").exists());
    assert_eq!(
        count(
            &mut SqliteConnection::establish(path.to_str().unwrap()).unwrap(),
            "users"
        ),
        1
    );
}
