//! Calls from other runtimes than the one that the pool was opened in, as a server's threads make them.

use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use informer_oauth_domain::token_record::RevocationReason;
use informer_oauth_ports::{Probe, TokenStore};
use informer_oauth_postgres::Postgres;
use informer_oauth_testkit::{
    servers::{ThrowawayDatabase, ThrowawayPostgres},
    values::{a_record, moment, record_id},
};
use tokio::runtime::{Builder, Runtime};

use crate::support::{migrated, patient};

/// A pool, the runtime that it was opened in, and one that will end before.
fn start() -> (Postgres, ThrowawayDatabase, Runtime, Runtime) {
    let home = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (home, other) = (home.unwrap(), Builder::new_current_thread().enable_all().build());
    let (store, database) = home.block_on(async {
        let database = migrated(&ThrowawayPostgres::shared()).await;
        let store = Postgres::connect(&patient(&database.url())).await.unwrap();
        (store, database)
    });
    (store, database, home, other.unwrap())
}

fn connections(database: &ThrowawayDatabase) -> Vec<String> {
    let found = database.sql(
        "SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'informer-oauth'",
    );
    found.lines().map(str::to_owned).collect()
}

#[test]
fn a_connection_outlives_the_runtime_of_the_call_that_it_was_made_for() {
    let (store, database, home, other) = start();
    other.block_on(Probe::check(&store)).unwrap();
    // Opening the pool made a connection of its own, which the server may see for a moment yet.
    let started = Instant::now();
    while connections(&database).len() > 1 {
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    let before = connections(&database);
    drop(other);
    home.block_on(Probe::check(&store)).unwrap();
    assert_eq!(connections(&database), before);
}

#[test]
fn a_call_whose_caller_goes_away_with_its_runtime_is_finished() {
    let (store, _database, home, other) = start();
    let record = a_record(1);
    other.block_on(async {
        let bar = store.bar(&record, RevocationReason::User, moment(1));
        // Polled once: the rest is up to the other runtime.
        assert!(bar.now_or_never().is_none());
    });
    drop(other);
    let found = async {
        while store.find(record_id(1)).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = home.block_on(async { tokio::time::timeout(Duration::from_secs(10), found).await });
    assert!(found.is_ok());
}
