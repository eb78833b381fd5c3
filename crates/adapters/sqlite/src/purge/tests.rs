#![expect(clippy::unwrap_used, reason = "tests")]

use diesel::{QueryableByName, sql_types::Text};
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::TokenStore;
use informer_oauth_testkit::values::{NOW, a_record, moment};

use super::*;
use crate::{SqliteOptions, attempts, codes, devices, sessions, tokens};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

fn open() -> (Sqlite, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("test.db"), &SqliteOptions::default()).unwrap();
    (store, folder)
}

#[tokio::test]
async fn purging_finds_its_rows_by_an_index() {
    let (store, _folder) = open();
    for statement in [
        attempts::PURGE,
        codes::PURGE,
        devices::PURGE,
        sessions::PURGE,
        tokens::PURGE,
    ]
    .into_iter()
    .flatten()
    {
        let plan: Vec<Step> = store
            .read(move |connection| Ok(diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(connection)?))
            .await
            .unwrap();
        assert!(!plan.is_empty());
        for step in plan {
            assert!(!step.detail.starts_with("SCAN"), "{statement}: {}", step.detail);
        }
    }
}

#[tokio::test]
async fn a_large_purge_is_many_jobs_and_keeps_to_its_limit() {
    let (store, _folder) = open();
    for n in 0..250 {
        store.insert(&a_record(n)).await.unwrap();
    }
    let later = Timestamp::from_micros(i64::MAX);
    let before = store.written();
    assert_eq!(TokenStore::purge(&store, later, 240).await.unwrap(), 240);
    assert_eq!(store.written().jobs - before.jobs, 3);
    assert_eq!(TokenStore::purge(&store, NOW, 240).await.unwrap(), 0);
    assert_eq!(TokenStore::purge(&store, later, 240).await.unwrap(), 10);
    assert!(moment(250) > NOW);
}
