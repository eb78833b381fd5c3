//! A server that is down, frozen or slow: said in time, and survived.

use std::{
    thread,
    time::{Duration, Instant},
};

use informer_oauth_domain::token_record::{RevocationReason, Rotation};
use informer_oauth_ports::{Probe, StoreError, TokenFilter, TokenStore};
use informer_oauth_postgres::{ConnectError, Postgres};
use informer_oauth_testkit::{
    at_once, run,
    servers::{ThrowawayDatabase, ThrowawayPostgres},
    values::{a_record, a_rotation, moment, record_id},
};

use crate::support::{migrated, options, throwaway};

/// What a request is kept waiting at most.
const LIMIT: Duration = Duration::from_secs(2);

async fn with_a_record(server: &ThrowawayPostgres) -> (Postgres, ThrowawayDatabase) {
    let database = migrated(server).await;
    let mut options = options(&database.url());
    options.pool_size = 4;
    let store = Postgres::connect(&options).await.unwrap();
    store.insert(&a_record(1)).await.unwrap();
    // So that every place of the pool has a connection.
    at_once(8, async |_| store.find(record_id(1)).await.unwrap());
    (store, database)
}

/// Makes calls of several kinds at once, and sees every one refused in time.
fn all_are_refused_in_time(store: &Postgres) {
    at_once(12, async |n| {
        let start = Instant::now();
        let outcome = match n % 4 {
            0 => store.find(record_id(1)).await.map(drop),
            1 => Probe::check(store).await,
            2 => {
                let filter = TokenFilter::default();
                let revoked = store.revoke_all(&filter, RevocationReason::User, moment(1)).await;
                revoked.map(drop)
            }
            _ => store.try_exclusive("purge").await.map(drop),
        };
        let took = start.elapsed();
        assert!(
            matches!(outcome, Err(StoreError::Unavailable { .. })),
            "{n}: {outcome:?}"
        );
        assert!(took < LIMIT, "{n}: {took:?}");
    });
}

/// The pool is whole again: as many calls as it has places, and more, are answered.
async fn all_are_answered(store: &Postgres) {
    let start = Instant::now();
    while let Err(error) = Probe::check(store).await {
        assert!(start.elapsed() < LIMIT, "it does not recover: {error}");
    }
    for _ in 0..3 {
        at_once(12, async |_| assert!(store.find(record_id(1)).await.unwrap().is_some()));
    }
    let state = store.pool_state();
    assert!(state.open <= 4 && state.waiting == 0, "{state:?}");
}

#[test]
fn a_frozen_server_is_unavailable_in_time_and_used_again_when_it_goes_on() {
    run(async {
        let server = ThrowawayPostgres::start();
        let (store, database) = with_a_record(&server).await;
        for _ in 0..2 {
            server.freeze();
            for _ in 0..2 {
                all_are_refused_in_time(&store);
            }
            let connecting = Instant::now();
            let refused = Postgres::connect(&options(&database.url())).await;
            assert!(matches!(refused, Err(ConnectError::Unreachable(_))));
            assert!(connecting.elapsed() < LIMIT);
            server.thaw();
            all_are_answered(&store).await;
        }
    });
}

#[test]
fn a_server_that_is_down_is_unavailable_and_used_again_when_it_is_back() {
    run(async {
        let server = ThrowawayPostgres::start();
        let (store, _database) = with_a_record(&server).await;
        for end in [ThrowawayPostgres::stop, ThrowawayPostgres::crash] {
            end(&server);
            for _ in 0..2 {
                all_are_refused_in_time(&store);
            }
            server.restart();
            all_are_answered(&store).await;
        }
    });
}

#[test]
fn what_was_acknowledged_is_there_after_a_crash() {
    run(async {
        let server = ThrowawayPostgres::start();
        let (store, _database) = with_a_record(&server).await;
        let mut record = a_record(1);
        for n in 0..20 {
            match store
                .rotate(&a_rotation(&record, 100 + n, moment(10 + n)))
                .await
                .unwrap()
            {
                Rotation::Rotated(rotated) => record = rotated,
                other => panic!("{other:?}"),
            }
        }
        server.crash();
        server.restart();
        all_are_answered(&store).await;
        assert_eq!(store.find(record.id).await.unwrap(), Some(record));
    });
}

#[test]
fn a_connection_that_the_server_closed_is_replaced_without_a_failure() {
    run(async {
        let server = ThrowawayPostgres::start();
        let (store, database) = with_a_record(&server).await;
        let closed = database.sql(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'informer-oauth'",
        );
        assert_eq!(closed, "4");
        tokio::time::sleep(Duration::from_millis(100)).await;
        at_once(12, async |_| assert!(store.find(record_id(1)).await.unwrap().is_some()));
    });
}

/// Locks every token record for so long, and returns when they are locked.
async fn lock(database: &ThrowawayDatabase, time: Duration) -> thread::JoinHandle<()> {
    let (server, name) = (database.server().clone(), database.sql("SELECT current_database()"));
    let statement = format!(
        "BEGIN; SELECT 1 FROM token_records FOR UPDATE; SELECT pg_sleep({}); COMMIT",
        time.as_secs_f64()
    );
    let locking = thread::spawn(move || drop(server.sql(&name, &statement)));
    let sleeping =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while database.sql(sleeping) != "1" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    locking
}

#[test]
fn waiting_for_a_lock_and_for_a_connection_ends_in_time() {
    run(async {
        let (_, database) = throwaway().await;
        let mut options = options(&database.url());
        options.pool_size = 2;
        let store = Postgres::connect(&options).await.unwrap();
        let record = a_record(1);
        store.insert(&record).await.unwrap();
        let locking = lock(&database, Duration::from_secs(3)).await;
        at_once(8, async |n| {
            let start = Instant::now();
            let outcome = store.rotate(&a_rotation(&record, 10 + n as u64, moment(2))).await;
            assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
            assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
        });
        locking.join().unwrap();
        let rotated = store.rotate(&a_rotation(&record, 20, moment(3))).await.unwrap();
        assert!(
            matches!(rotated, Rotation::Rotated(_)),
            "no refused call did it after all: {rotated:?}"
        );
    });
}

#[test]
fn a_caller_who_goes_away_leaves_the_work_and_the_connection_whole() {
    run(async {
        let (_, database) = throwaway().await;
        let mut options = options(&database.url());
        options.pool_size = 1;
        let store = Postgres::connect(&options).await.unwrap();
        let record = a_record(1);
        store.insert(&record).await.unwrap();
        let sessions = || {
            database.sql(
                "SELECT pid FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'informer-oauth'",
            )
        };
        let before = sessions();

        let locking = lock(&database, Duration::from_millis(700)).await;
        let request = a_rotation(&record, 10, moment(2));
        let away = tokio::time::timeout(Duration::from_millis(100), store.rotate(&request)).await;
        assert!(away.is_err(), "it waits for the lock");
        locking.join().unwrap();

        let found = store.find(record.id).await.unwrap().unwrap();
        assert_eq!(found.refresh.unwrap().generation, 1);
        assert_eq!(sessions(), before);
    });
}

#[test]
fn a_server_that_cannot_be_written_to_is_not_ready() {
    run(async {
        let (_, database) = throwaway().await;
        let name = database.sql("SELECT current_database()");
        database.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
        let store = Postgres::connect(&options(&database.url())).await.unwrap();
        assert!(matches!(
            Probe::check(&store).await,
            Err(StoreError::Unavailable { .. })
        ));
    });
}
