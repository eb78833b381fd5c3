//! Insertions that wait at the same moment: each is answered as it is alone.

use std::{
    thread,
    time::{Duration, Instant},
};

use futures_util::{FutureExt as _, future::join_all};
use informer_oauth_domain::token_record::{Insertion, RevocationReason, TokenRecord};
use informer_oauth_ports::{StoreError, TokenStore};
use informer_oauth_postgres::Postgres;
use informer_oauth_testkit::{
    at_once, run,
    servers::ThrowawayDatabase,
    values::{a_lasting_record, a_record, moment, record_id},
};
use tokio::runtime::Handle;

use crate::support::{patient, throwaway};

const CALLERS: usize = 50;

/// A record of somebody's.
fn of(username: &str, n: u64) -> TokenRecord {
    TokenRecord {
        username: username.to_owned(),
        ..a_record(n)
    }
}

#[test]
fn of_those_with_one_id_one_is_inserted() {
    run(async {
        let (store, _database) = throwaway().await;
        // Each id five times.
        let record = |n: usize| of(&format!("user {n}"), n as u64 % 10);
        let outcomes = at_once(CALLERS, async |n| TokenStore::insert(&store, &record(n)).await.unwrap());
        for id in 0..10 {
            let (winners, others): (Vec<_>, Vec<_>) = (id..CALLERS)
                .step_by(10)
                .partition(|n| outcomes[*n] == Insertion::Inserted);
            assert_eq!(winners.len(), 1, "{outcomes:?}");
            assert!(others.iter().all(|n| outcomes[*n] == Insertion::Exists), "{outcomes:?}");
            assert_eq!(
                store.find(record_id(id as u64)).await.unwrap(),
                Some(record(winners[0]))
            );
        }
    });
}

#[test]
fn each_is_judged_by_what_is_in_its_way() {
    run(async {
        let (store, _database) = throwaway().await;
        let reason = RevocationReason::CodeReplay;
        for n in (0..CALLERS as u64).step_by(5) {
            store.bar(&a_record(n), reason, moment(1)).await.unwrap();
            TokenStore::insert(&store, &a_record(n + 1)).await.unwrap();
            TokenStore::insert(&store, &a_record(n + 2)).await.unwrap();
            store.revoke(record_id(n + 2), None, reason, moment(1)).await.unwrap();
        }
        // Some have what others lack.
        let record = |n: usize| {
            if n.is_multiple_of(2) {
                a_record(n as u64)
            } else {
                a_lasting_record(n as u64)
            }
        };
        let outcomes = at_once(CALLERS, async |n| TokenStore::insert(&store, &record(n)).await.unwrap());
        for (n, outcome) in outcomes.into_iter().enumerate() {
            let expected = match n % 5 {
                0 => Insertion::Barred,
                1 | 2 => Insertion::Exists,
                _ => Insertion::Inserted,
            };
            assert_eq!(outcome, expected, "{n}");
            if outcome == Insertion::Inserted {
                assert_eq!(store.find(record_id(n as u64)).await.unwrap(), Some(record(n)));
            }
        }
    });
}

/// A text that does not get much shorter by compression, of ASCII letters, digits and signs.
fn incompressible(length: usize) -> String {
    let mut state = 1_u32;
    let characters = (0..length).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'!' + u8::try_from((state >> 16) % 90).unwrap())
    });
    characters.collect()
}

#[test]
fn what_cannot_be_stored_fails_alone() {
    run(async {
        let (store, database) = throwaway().await;
        database.sql("ALTER TABLE token_records ADD CHECK (username <> 'nobody')");
        let long = incompressible(8000);
        let outcomes = at_once(CALLERS, async |n| {
            let name = match n {
                10 => "nobody",
                20 => "a\0b",
                30 => &long,
                _ => "ada",
            };
            TokenStore::insert(&store, &of(name, n as u64)).await
        });
        for (n, outcome) in outcomes.into_iter().enumerate() {
            match n {
                10 => assert!(matches!(outcome, Err(StoreError::Corrupt { .. })), "{outcome:?}"),
                20 | 30 => assert!(outcome.is_err(), "{n}: {outcome:?}"),
                _ => assert_eq!(outcome.unwrap(), Insertion::Inserted, "{n}"),
            }
        }
        assert_eq!(database.sql("SELECT count(*) FROM token_records"), "47");
    });
}

#[test]
fn replicas_that_insert_the_same_in_opposite_orders_do_not_wait_in_a_circle() {
    const ROUNDS: u64 = 10;
    run(async {
        let (one, database) = throwaway().await;
        let other = Postgres::connect(&patient(&database.url())).await.unwrap();
        for round in 0..ROUNDS {
            let ids = round * CALLERS as u64..(round + 1) * CALLERS as u64;
            // Each replica is asked by one thread, so that they wait in the order in which they are asked for.
            let outcomes = at_once(2, async |replica| {
                let store = [&one, &other][replica];
                let mut records: Vec<_> = ids.clone().map(a_record).collect();
                if replica == 1 {
                    records.reverse();
                }
                let mut outcomes = join_all(records.iter().map(|record| TokenStore::insert(store, record))).await;
                if replica == 1 {
                    outcomes.reverse();
                }
                outcomes
            });
            for (one, other) in outcomes[0].iter().zip(&outcomes[1]) {
                let both = [one.as_ref().unwrap(), other.as_ref().unwrap()];
                let won = both.iter().filter(|outcome| ***outcome == Insertion::Inserted).count();
                assert_eq!(won, 1, "{both:?}");
            }
        }
    });
}

/// How many insertions wait for a lock.
fn waiting(database: &ThrowawayDatabase) -> String {
    database.sql(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'INSERT%' AND wait_event_type = 'Lock'",
    )
}

/// Waits, until it is so.
#[track_caller]
fn becomes(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn what_a_caller_went_away_from_is_inserted_if_it_was_begun() {
    run(async {
        let (store, database) = throwaway().await;
        let records: Vec<_> = (0..4).map(a_record).collect();
        let begin = |n: usize| {
            let mut insertion = TokenStore::insert(&store, &records[n]);
            // Polled once: the rest is up to the pool's tasks.
            assert!((&mut insertion).now_or_never().is_none());
            insertion
        };
        thread::scope(|scope| {
            // Insertions wait until there is another table.
            let holder = scope.spawn(|| {
                database.sql(
                    "BEGIN; LOCK TABLE token_records IN EXCLUSIVE MODE;
                     DO $$ BEGIN FOR n IN 1..1000 LOOP
                         EXIT WHEN EXISTS (SELECT FROM pg_class WHERE relname = 'go_on');
                         PERFORM pg_sleep(0.01);
                     END LOOP; END $$;
                     COMMIT",
                )
            });
            let holds = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'token_records'::regclass AND granted
                 AND mode = 'ExclusiveLock')";
            becomes(|| database.sql(holds) == "t");
            let first = begin(0);
            becomes(|| waiting(&database) == "1");
            let second = begin(1);
            becomes(|| waiting(&database) == "2");
            let (third, last) = (begin(2), begin(3));
            drop((first, second, third));
            database.sql("CREATE TABLE go_on ()");
            let last = tokio::task::block_in_place(|| Handle::current().block_on(last));
            assert_eq!(last.unwrap(), Insertion::Inserted);
            holder.join().unwrap();
        });
        becomes(|| database.sql("SELECT count(*) FROM token_records") == "3");
        assert_eq!(store.find(records[2].id).await.unwrap(), None);
    });
}
