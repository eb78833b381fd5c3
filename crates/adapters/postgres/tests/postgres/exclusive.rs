//! Work that one replica does at a time.

use std::time::Duration;

use informer_oauth_postgres::Postgres;
use informer_oauth_testkit::{at_once, run, servers::ThrowawayPostgres};

use crate::support::{migrated, patient, throwaway};

#[test]
fn a_turn_is_had_by_one_at_a_time() {
    run(async {
        let (one, database) = throwaway().await;
        let other = Postgres::connect(&patient(&database.url())).await.unwrap();
        let turn = one.try_exclusive("purge").await.unwrap().unwrap();
        assert!(turn.is_held());
        assert!(other.try_exclusive("purge").await.unwrap().is_none());
        assert!(
            one.try_exclusive("purge").await.unwrap().is_none(),
            "nor twice by one process"
        );
        let another = other.try_exclusive("rotate keys").await.unwrap();
        assert!(another.is_some(), "other work has its own turns");
        turn.release().await;
        assert!(other.try_exclusive("purge").await.unwrap().is_some());
    });
}

#[test]
fn of_many_who_ask_at_once_one_gets_the_turn() {
    run(async {
        let (store, _database) = throwaway().await;
        let turns = at_once(10, async |_| store.try_exclusive("purge").await.unwrap());
        assert_eq!(turns.iter().flatten().count(), 1);
    });
}

#[test]
fn a_turn_ends_with_whoever_had_it() {
    run(async {
        let (store, _database) = throwaway().await;
        drop(store.try_exclusive("purge").await.unwrap().unwrap());
        let again = async {
            while store.try_exclusive("purge").await.unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), again).await.unwrap();
    });
}

#[test]
fn a_turn_whose_session_has_broken_says_so() {
    run(async {
        let server = ThrowawayPostgres::start();
        let database = migrated(&server).await;
        let store = Postgres::connect(&patient(&database.url())).await.unwrap();
        let turn = store.try_exclusive("purge").await.unwrap().unwrap();
        server.crash();
        let told = async {
            while turn.is_held() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), told).await.unwrap();
        server.restart();
        assert!(store.try_exclusive("purge").await.unwrap().is_some());
    });
}
