#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use super::{Sqlite, SqliteOptions};

fn impatient(folder: &std::path::Path) -> Sqlite {
    let options = SqliteOptions {
        readers: 1,
        busy_timeout: Duration::ZERO,
        ..SqliteOptions::default()
    };
    Sqlite::open(&folder.join("test.db"), &options).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_an_answer_in_time_is_unavailable_and_a_change_that_had_not_begun_never_happens() {
    let folder = tempfile::tempdir().unwrap();
    let store = impatient(folder.path());
    let (release, held) = mpsc::channel::<()>();
    let writer = store.clone();
    let stuck = tokio::spawn(async move {
        let wait = move |_: &mut _| {
            let _ = held.recv();
            Ok(())
        };
        writer.write(wait).await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;

    let happened = Arc::new(AtomicBool::new(false));
    let mark = Arc::clone(&happened);
    let started = Instant::now();
    let refused = store
        .write(move |_| {
            mark.store(true, Ordering::Relaxed);
            Ok(())
        })
        .await;
    assert!(
        refused.is_err() && started.elapsed() < Duration::from_secs(1),
        "{refused:?}"
    );
    assert!(stuck.await.unwrap().is_err());

    release.send(()).unwrap();
    store.write(|_| Ok(())).await.unwrap();
    assert!(
        !happened.load(Ordering::Relaxed),
        "its caller was told that it had failed"
    );
}

#[tokio::test]
async fn a_health_check_writes_a_page_and_not_at_every_call() {
    let folder = tempfile::tempdir().unwrap();
    let store = impatient(folder.path());
    let log = || std::fs::metadata(folder.path().join("test.db-wal")).map_or(0, |log| log.len());
    let before = log();
    store.check().await.unwrap();
    let after = log();
    assert!(after > before, "{after} after {before}: nothing was written");
    store.check().await.unwrap();
    assert_eq!(log(), after, "probes that follow closely write nothing");
}

#[tokio::test]
async fn a_damaged_file_is_not_ready_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = impatient(folder.path());
    store.check().await.unwrap();
    let damage = || super::failure::corrupt("file", "database disk image is malformed").into();
    let met: Result<(), _> = store.read(move |_| Err(damage())).await;
    assert!(met.is_err());
    assert!(store.check().await.unwrap_err().to_string().contains("damaged"));
}
