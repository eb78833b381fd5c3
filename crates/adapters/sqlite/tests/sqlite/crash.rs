//! `kill -9` at any point.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    thread,
    time::Duration,
};

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::Text};
use informer_oauth_domain::token_record::Rotation;
use informer_oauth_ports::TokenStore;
use informer_oauth_sqlite::{Sqlite, SqliteOptions};
use informer_oauth_testkit::values::{NOW, a_record, a_rotation, moment, record_id, token_id};

use crate::child;

const FAMILIES: u64 = 8;
const ROUNDS: u64 = 8;
/// What a family may be ahead of its acknowledgements when it is looked at: one rotation a kill.
const KILLS_BETWEEN_CHECKS: u64 = 2;

/// The number of a family's refresh token after so many rotations.
const fn token(family: u64, generation: u64) -> u64 {
    if generation == 0 {
        family
    } else {
        family * 10_000_000 + generation
    }
}

#[test]
#[ignore = "runs in a process of its own, from the test below"]
fn rotates_until_it_is_killed() {
    let store = Sqlite::open(&child::file(), &SqliteOptions::default()).unwrap();
    informer_oauth_testkit::run(async {
        let families: Vec<_> = (1..=FAMILIES)
            .map(|family| tokio::spawn(rotate_on_and_on(store.clone(), family)))
            .collect();
        for family in families {
            family.await.unwrap();
        }
    });
}

async fn rotate_on_and_on(store: Sqlite, family: u64) {
    store.insert(&a_record(family)).await.unwrap();
    let mut record = store.find(record_id(family)).await.unwrap().unwrap();
    loop {
        let generation = u64::from(record.refresh.as_ref().unwrap().generation) + 1;
        let request = a_rotation(&record, token(family, generation), moment(generation));
        match store.rotate(&request).await.unwrap() {
            Rotation::Rotated(rotated) => record = rotated,
            other => panic!("{other:?}"),
        }
        child::say(&[family, generation]);
    }
}

#[test]
fn what_was_acknowledged_is_there_after_kill_9_and_each_family_has_one_live_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let mut acknowledged: BTreeMap<u64, u64> = BTreeMap::new();
    let chance = RandomState::new();
    for round in 0..ROUNDS {
        let process = child::start("crash::rotates_until_it_is_killed", &path);
        let first = process.said.recv().unwrap();
        thread::sleep(Duration::from_micros(chance.hash_one(round) % 250_000));
        let said = process.kill();
        for numbers in std::iter::once(first).chain(said) {
            acknowledged.insert(numbers[0], numbers[1]);
        }
        // In between the next process finds the file just as the killed one left it.
        if round % KILLS_BETWEEN_CHECKS == KILLS_BETWEEN_CHECKS - 1 {
            check(&path, &acknowledged);
        }
    }
    assert_eq!(acknowledged.len() as u64, FAMILIES);
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

fn check(path: &std::path::Path, acknowledged: &BTreeMap<u64, u64>) {
    let store = Sqlite::open(path, &SqliteOptions::default()).unwrap();
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let verdict: Verdict = diesel::sql_query("PRAGMA integrity_check")
        .get_result(&mut connection)
        .unwrap();
    assert_eq!(verdict.integrity_check, "ok");
    informer_oauth_testkit::run(async move {
        for (&family, &generation) in acknowledged {
            let record = store.find(record_id(family)).await.unwrap().unwrap();
            let refresh = record.refresh.clone().unwrap();
            let stored = u64::from(refresh.generation);
            assert!(record.is_live(NOW));
            // The last rotation before each kill may have been written and not acknowledged.
            assert!(
                (generation..=generation + KILLS_BETWEEN_CHECKS).contains(&stored),
                "family {family}: {generation} -> {stored}"
            );
            assert_eq!(refresh.current, token_id(token(family, stored)));
            assert_eq!(refresh.current_issued_at, moment(stored));
            assert_eq!(refresh.previous.unwrap().token_id, token_id(token(family, stored - 1)));
        }
        store.close().await;
    });
}
