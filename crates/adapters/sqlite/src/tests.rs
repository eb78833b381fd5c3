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
