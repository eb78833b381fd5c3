//! What is remembered of a file, and what is found in it by the next process.
#![expect(clippy::unwrap_used, reason = "tests")]

use informer_oauth_domain::{
    code::CodeRedemption,
    device::{DeviceDecision, DevicePoll},
    token_record::Insertion,
};
use informer_oauth_ports::{CodeStore, DeviceStore, TokenStore};
use informer_oauth_sqlite::{Sqlite, SqliteOptions};
use informer_oauth_testkit::values::{
    NOW, UNLIMITED, a_code, a_device_presentation, a_device_request, a_presentation, a_record, seconds,
};
use tempfile::TempDir;

fn open(folder: &TempDir) -> Sqlite {
    let options = SqliteOptions {
        remembered: 10,
        ..SqliteOptions::default()
    };
    Sqlite::open(&folder.path().join("test.db"), &options).unwrap()
}

async fn restart(store: Sqlite, folder: &TempDir) -> Sqlite {
    store.close().await;
    open(folder)
}

#[tokio::test]
async fn a_code_is_redeemed_once_whichever_process_does_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    let (code, other) = (a_code(1), a_code(2));
    let redeem = async |store: &Sqlite, code| {
        let (digest, presented) = (&a_code(code).digest, a_presentation(&a_code(code)));
        store.redeem(digest, &presented, NOW).await.unwrap()
    };
    CodeStore::insert(&store, &code).await.unwrap();
    CodeStore::insert(&store, &other).await.unwrap();

    assert_eq!(redeem(&store, 1).await, CodeRedemption::Redeemed(code.clone()));
    // The record is written after the mark, or with it: when this has been answered, both are there for good.
    assert_eq!(
        TokenStore::insert(&store, &a_record(1)).await.unwrap(),
        Insertion::Inserted
    );
    assert_eq!(redeem(&store, 1).await, CodeRedemption::Replayed(code.clone()));

    store = restart(store, &folder).await;
    assert_eq!(redeem(&store, 1).await, CodeRedemption::Replayed(code));
    assert_eq!(redeem(&store, 2).await, CodeRedemption::Redeemed(other.clone()));
    store = restart(store, &folder).await;
    assert_eq!(redeem(&store, 2).await, CodeRedemption::Replayed(other));
}

#[tokio::test]
async fn the_mark_of_a_code_is_committed_no_later_than_what_is_written_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let code = a_code(1);
    CodeStore::insert(&store, &code).await.unwrap();
    store.redeem(&code.digest, &a_presentation(&code), NOW).await.unwrap();
    TokenStore::insert(&store, &a_record(1)).await.unwrap();

    // What another connection sees is committed.
    let beside = open(&folder);
    let again = beside.redeem(&code.digest, &a_presentation(&code), NOW).await.unwrap();
    assert_eq!(again, CodeRedemption::Replayed(code));
}

#[tokio::test]
async fn a_device_that_waits_costs_no_write_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    let request = a_device_request(1);
    let poll = async |store: &Sqlite, after| {
        let presented = a_device_presentation(&request);
        let now = request.issued_at + seconds(after);
        store.poll(&request.device_code, &presented, now).await.unwrap()
    };
    DeviceStore::insert(&store, &request, UNLIMITED, request.issued_at)
        .await
        .unwrap();
    let before = store.written();
    assert_eq!(poll(&store, 5).await, DevicePoll::Pending);
    assert_eq!(poll(&store, 6).await, DevicePoll::SlowDown(seconds(10)));
    assert_eq!(store.written(), before, "a poll that decides nothing writes nothing");

    store = restart(store, &folder).await;
    assert_eq!(poll(&store, 7).await, DevicePoll::Pending, "its pace is forgotten");
    assert_eq!(
        poll(&store, 8).await,
        DevicePoll::SlowDown(seconds(10)),
        "and counted again"
    );
    let approval = request.approval("anna", request.scope).unwrap();
    let now = request.issued_at + seconds(9);
    let decided = store.decide(&request.user_code, &approval, now).await.unwrap();
    assert!(matches!(decided, DeviceDecision::Decided(_)), "{decided:?}");
    let granted = poll(&store, 10).await;
    assert!(matches!(granted, DevicePoll::Granted(_)), "{granted:?}");
    assert_eq!(poll(&store, 11).await, DevicePoll::Redeemed);
}
