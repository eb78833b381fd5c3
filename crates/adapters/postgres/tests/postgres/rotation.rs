//! Rotations from several replicas, and what one costs.

use futures_util::future::join_all;
use informer_oauth_domain::{id::ClientRef, token_record::Rotation};
use informer_oauth_ports::{ClientStore, TokenStore};
use informer_oauth_postgres::Postgres;
use informer_oauth_testkit::{
    at_once, run,
    servers::{ThrowawayDatabase, ThrowawayPostgres},
    values::{a_client, a_record, a_rotation, a_secret, client_uid, moment},
};

use crate::support::{migrated, patient, throwaway};

#[test]
fn of_rotations_through_two_replicas_one_wins() {
    run(async {
        let (one, database) = throwaway().await;
        let other = Postgres::connect(&patient(&database.url())).await.unwrap();
        for round in 0..5 {
            let record = a_record(round);
            TokenStore::insert(&one, &record).await.unwrap();
            let outcomes = at_once(50, async |n| {
                let replica = if n % 2 == 0 { &one } else { &other };
                let request = a_rotation(&record, 1000 + n as u64, moment(100));
                replica.rotate(&request).await.unwrap()
            });
            let count = |wanted: fn(&Rotation) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count();
            assert_eq!(count(|outcome| matches!(outcome, Rotation::Rotated(_))), 1);
            assert_eq!(count(|outcome| matches!(outcome, Rotation::Reused { first: true })), 1);
            assert_eq!(
                count(|outcome| matches!(outcome, Rotation::Reused { first: false })),
                48
            );
        }
    });
}

#[test]
fn of_many_rotations_that_go_together_at_two_replicas_one_of_each_record_wins() {
    const RECORDS: u64 = 20;
    run(async {
        let (one, database) = throwaway().await;
        let other = Postgres::connect(&patient(&database.url())).await.unwrap();
        for round in 1..=10 {
            let records: Vec<_> = (0..RECORDS).map(|n| a_record(100 * round + n)).collect();
            for record in &records {
                TokenStore::insert(&one, record).await.unwrap();
            }
            let outcomes = at_once(2, async |replica| {
                let request = |(n, record)| a_rotation(record, (10 * round + replica as u64) * 100 + n, moment(round));
                let mut requests: Vec<_> = (0..).zip(&records).map(request).collect();
                if replica == 1 {
                    requests.reverse();
                }
                let mut outcomes = join_all(requests.iter().map(|it| [&one, &other][replica].rotate(it))).await;
                if replica == 1 {
                    outcomes.reverse();
                }
                outcomes
            });
            for ((n, one), other) in (0..).zip(&outcomes[0]).zip(&outcomes[1]) {
                let (one, other) = (one.as_ref().unwrap(), other.as_ref().unwrap());
                let ((Rotation::Rotated(rotated), Rotation::Reused { first: true })
                | (Rotation::Reused { first: true }, Rotation::Rotated(rotated))) = (one, other)
                else {
                    panic!("{round} {n}: {one:?} {other:?}");
                };
                assert_eq!(rotated.refresh.as_ref().unwrap().generation, 1);
            }
        }
    });
}

/// The statements that a database has run since they were last counted, each with how often.
fn statements(database: &ThrowawayDatabase) -> Vec<(u64, String)> {
    let counted = database.sql(
        "SELECT calls, regexp_replace(query, '\\s+', ' ', 'g') FROM pg_stat_statements
         WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND query NOT LIKE '%pg_stat_statements%'",
    );
    database.sql("SELECT FROM pg_stat_statements_reset()");
    let lines = counted.lines().map(|line| {
        let (calls, query) = line.split_once('|').unwrap();
        (calls.parse().unwrap(), query.to_owned())
    });
    lines.collect()
}

#[test]
fn the_requests_that_are_made_often_cost_one_statement_each() {
    run(async {
        let server = ThrowawayPostgres::start_with(&[("shared_preload_libraries", "pg_stat_statements")], &[]);
        let database = migrated(&server).await;
        database.sql("CREATE EXTENSION pg_stat_statements");
        let store = Postgres::connect(&patient(&database.url())).await.unwrap();
        ClientStore::insert(&store, &a_client(1)).await.unwrap();
        for n in [1, 2] {
            store.insert_secret(&a_secret(1, n), None).await.unwrap();
        }
        let mut record = a_record(1);
        TokenStore::insert(&store, &record).await.unwrap();
        statements(&database);

        for n in 0..100 {
            let request = a_rotation(&record, 1000 + n, moment(100 + n));
            match store.rotate(&request).await.unwrap() {
                Rotation::Rotated(rotated) => record = rotated,
                other => panic!("{other:?}"),
            }
        }
        let rotated = statements(&database);
        assert_eq!(rotated.len(), 1, "{rotated:?}");
        // Also one alone goes as several do: that statement is kept prepared.
        assert!(
            rotated[0].0 == 100 && rotated[0].1.starts_with("WITH held AS"),
            "{rotated:?}"
        );

        for n in 0..10 {
            TokenStore::insert(&store, &a_record(10 + n)).await.unwrap();
        }
        let inserted = statements(&database);
        assert_eq!(inserted.len(), 1, "{inserted:?}");
        assert!(
            inserted[0].0 == 10 && inserted[0].1.starts_with("INSERT"),
            "{inserted:?}"
        );

        for _ in 0..10 {
            let registration = store.registration(ClientRef::Uid(client_uid(1))).await.unwrap();
            assert_eq!(registration.unwrap().secrets.len(), 2);
        }
        let read = statements(&database);
        assert_eq!(read.len(), 1, "{read:?}");
        assert!(read[0].0 == 10 && read[0].1.starts_with("SELECT"), "{read:?}");
    });
}
