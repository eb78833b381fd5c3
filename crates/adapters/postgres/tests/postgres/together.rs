//! Rotations, and insertions, that wait at the same moment.

use std::{
    thread,
    time::{Duration, Instant},
};

use informer_oauth_domain::token_record::{
    Insertion, Revocation, RevocationReason, Rotation, RotationRequest, TokenRecord,
};
use informer_oauth_ports::{StoreError, TokenStore};
use informer_oauth_postgres::Postgres;
use informer_oauth_testkit::{
    at_once, run,
    servers::ThrowawayPostgres,
    values::{a_record, a_rotation, moment, record_id},
};

use crate::support::{migrated, options, patient, throwaway};

const CALLERS: u64 = 50;

async fn with_records(store: &Postgres) -> Vec<TokenRecord> {
    let records: Vec<_> = (0..CALLERS).map(a_record).collect();
    for record in &records {
        TokenStore::insert(store, record).await.unwrap();
    }
    records
}

/// What callers, each a thread, get who rotate at the same moment.
fn rotate_at_once(store: &Postgres, requests: &[RotationRequest]) -> Vec<Rotation> {
    at_once(requests.len(), async |n| store.rotate(&requests[n]).await.unwrap())
}

#[test]
fn each_gets_its_own_and_there_are_fewer_statements_than_calls() {
    const ROUNDS: u64 = 10;
    run(async {
        let server = ThrowawayPostgres::start_with(&[("shared_preload_libraries", "pg_stat_statements")], &[]);
        let database = migrated(&server).await;
        database.sql("CREATE EXTENSION pg_stat_statements");
        let store = Postgres::connect(&patient(&database.url())).await.unwrap();
        let mut records = with_records(&store).await;
        for round in 1..=ROUNDS {
            let request = |(n, record)| a_rotation(record, round * CALLERS + n, moment(round));
            let requests: Vec<_> = (0..).zip(&records).map(request).collect();
            for ((record, request), outcome) in records.iter_mut().zip(&requests).zip(rotate_at_once(&store, &requests))
            {
                let (rotated, expected) = record.clone().rotate(request);
                assert_eq!(outcome, expected);
                *record = rotated;
            }
        }
        for record in &records {
            assert_eq!(store.find(record.id).await.unwrap().as_ref(), Some(record));
        }
        at_once(usize::try_from(ROUNDS * CALLERS).unwrap(), async |n| {
            let record = a_record(1000 + n as u64);
            assert_eq!(TokenStore::insert(&store, &record).await.unwrap(), Insertion::Inserted);
            assert_eq!(store.find(record.id).await.unwrap(), Some(record));
        });
        let counted = |like: &str| -> u64 {
            let counted = database.sql(&format!(
                "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '{like}'"
            ));
            counted.parse().unwrap()
        };
        let (alone, together) = (counted("UPDATE \"token_records\"%"), counted("WITH held AS%"));
        assert!(
            together > 0 && alone + together < ROUNDS * CALLERS / 2,
            "{alone} {together}"
        );
        let (alone, together) = (
            counted("INSERT INTO \"token_records\"%") - CALLERS,
            counted("INSERT INTO token_records (%"),
        );
        assert!(
            together > 0 && alone + together < ROUNDS * CALLERS / 2,
            "{alone} {together}"
        );
    });
}

#[test]
fn each_is_judged_as_it_is_alone() {
    run(async {
        let (store, _database) = throwaway().await;
        for record in with_records(&store).await {
            store.rotate(&a_rotation(&record, 100, moment(1))).await.unwrap();
        }
        let now = moment(10);
        let revoked = Revocation {
            at: moment(2),
            reason: RevocationReason::User,
        };
        let mut requests = Vec::new();
        let mut expected = Vec::new();
        for n in 0..CALLERS {
            let mut record = store.find(record_id(n)).await.unwrap().unwrap();
            let mut request = a_rotation(&record, 1000 + n, now);
            match n % 5 {
                0 => {
                    let previous = record.refresh.as_ref().unwrap().previous.as_ref().unwrap();
                    request.presented = previous.token_id;
                }
                1 => {
                    store.revoke(record.id, None, revoked.reason, revoked.at).await.unwrap();
                    record.revoked = Some(revoked);
                }
                2 => request.now = record.expires_at.unwrap(),
                3 => request.record = record_id(9000 + n),
                _ => {}
            }
            expected.push(if n % 5 == 3 {
                Rotation::Unknown
            } else {
                record.rotate(&request).1
            });
            requests.push(request);
        }
        assert_eq!(rotate_at_once(&store, &requests), expected);
    });
}

#[test]
fn of_those_with_one_token_one_is_rotated() {
    run(async {
        let (store, _database) = throwaway().await;
        let records = with_records(&store).await;
        // Each token five times.
        let requests: Vec<_> = (0..CALLERS)
            .map(|n| a_rotation(&records[usize::try_from(n % 10).unwrap()], 1000 + n, moment(10)))
            .collect();
        let outcomes = rotate_at_once(&store, &requests);
        for record in &records[..10] {
            let of_record = |outcome: fn(&Rotation) -> bool| {
                let all = requests.iter().zip(&outcomes);
                all.filter(|(request, got)| request.record == record.id && outcome(got))
                    .count()
            };
            assert_eq!(of_record(|got| matches!(got, Rotation::Rotated(_))), 1, "{outcomes:?}");
            assert_eq!(of_record(|got| matches!(got, Rotation::Reused { first: true })), 1);
            assert_eq!(of_record(|got| matches!(got, Rotation::Reused { first: false })), 3);
        }
    });
}

#[test]
fn what_another_holds_keeps_nobody_else_waiting() {
    const HELD: Duration = Duration::from_secs(2);
    run(async {
        let (store, database) = throwaway().await;
        let records = with_records(&store).await;
        let requests: Vec<_> = (0..)
            .zip(&records)
            .map(|(n, record)| a_rotation(record, 1000 + n, moment(10)))
            .collect();
        let held = records[0].id;
        thread::scope(|scope| {
            let holder = scope.spawn(|| {
                database.sql(&format!(
                    "BEGIN; SELECT FROM token_records WHERE id = '{}' FOR UPDATE; SELECT pg_sleep({}); COMMIT",
                    held.uuid(),
                    HELD.as_secs()
                ))
            });
            let holds =
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
            while database.sql(holds) == "0" {}
            let started = Instant::now();
            let took = at_once(requests.len(), async |n| {
                let outcome = store.rotate(&requests[n]).await.unwrap();
                assert!(matches!(outcome, Rotation::Rotated(_)), "{n}: {outcome:?}");
                started.elapsed()
            });
            let first_of_all = took[0].saturating_sub(HELD / 8);
            assert!(took[1..].iter().all(|took| *took < first_of_all), "{took:?}");
            holder.join().unwrap();
        });
    });
}

#[test]
fn none_waits_longer_than_a_call_may_take() {
    run(async {
        let server = ThrowawayPostgres::start();
        let database = migrated(&server).await;
        let store = Postgres::connect(&options(&database.url())).await.unwrap();
        let records = with_records(&store).await;
        let requests: Vec<_> = (0..)
            .zip(&records)
            .map(|(n, record)| a_rotation(record, 1000 + n, moment(10)))
            .collect();
        server.freeze();
        at_once(requests.len(), async |n| {
            let started = Instant::now();
            let refused = store.rotate(&requests[n]).await;
            assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
            assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        });
        server.thaw();
        let started = Instant::now();
        while store.find(record_id(0)).await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(2));
        }
        let record = a_record(CALLERS);
        TokenStore::insert(&store, &record).await.unwrap();
        let rotated = store.rotate(&a_rotation(&record, 5000, moment(20))).await.unwrap();
        assert!(matches!(rotated, Rotation::Rotated(_)), "{rotated:?}");
    });
}
