//! Many records: what is read, written and waited for.

use std::time::Duration;

use futures_util::future::join_all;
use informer_oauth_domain::{
    timestamp::Timestamp,
    token_record::{Insertion, RevocationReason, Rotation, TokenRecord},
};
use informer_oauth_ports::{ClientDeletion, ClientStore, PageRequest, TokenFilter, TokenStore};
use informer_oauth_postgres::Postgres;
use informer_oauth_testkit::{
    run,
    servers::{ThrowawayDatabase, ThrowawayPostgres},
    values::{GRANT_LIFETIME, a_client, a_record, a_rotation, client_id, client_uid, moment},
};

use crate::support::{migrated, patient, throwaway};

/// Adds so many grants of a client, in a thousand users' names, half of them without expiry.
fn furnish(database: &ThrowawayDatabase, client: u64, count: u32) {
    let (uid, id) = (client_uid(client), client_id(client));
    let (made, expires) = (moment(0).as_micros(), (moment(0) + GRANT_LIFETIME).as_micros());
    database.sql(&format!(
        "INSERT INTO token_records (id, client_uid, client_id, username, scope, audience, created_at, expires_at)
         SELECT gen_random_uuid(), '{uid}', '{id}', 'user' || n % 1000, 'read:profile', 'urn:example:a', {made} + n,
                CASE WHEN n % 2 = 0 THEN {expires} + n END
         FROM generate_series(1, {count}) AS n"
    ));
}

/// What the statistics say of the token records' table.
async fn statistics(store: Postgres, database: &ThrowawayDatabase, column: &str) -> u64 {
    ended(store, database).await;
    let read = format!("SELECT {column} FROM pg_stat_user_tables WHERE relname = 'token_records'");
    database.sql(&read).parse().unwrap()
}

/// Waits for the sessions to end, which is when they add to the statistics.
async fn ended(store: Postgres, database: &ThrowawayDatabase) {
    store.close();
    let sessions =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    while database.sql(sessions) != "0" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Rotates all of them at the same moment, and looks one up.
async fn rotate(store: &Postgres, records: &mut [TokenRecord], round: u64) {
    let requests: Vec<_> = (0..)
        .zip(&*records)
        .map(|(n, record)| a_rotation(record, 1000 + 10 * round + n, moment(round)))
        .collect();
    let rotated = join_all(requests.iter().map(|request| store.rotate(request))).await;
    for (record, rotated) in records.iter_mut().zip(rotated) {
        match rotated.unwrap() {
            Rotation::Rotated(rotated) => *record = rotated,
            other => panic!("{other:?}"),
        }
    }
    store.find(records[0].id).await.unwrap();
}

#[test]
fn nothing_reads_the_whole_table_of_records() {
    run(async {
        let (store, database) = throwaway().await;
        for client in 1..=4 {
            furnish(&database, client, 5_000);
        }
        database.sql("VACUUM ANALYZE token_records");
        let before = statistics(store, &database, "seq_scan").await;

        let store = Postgres::connect(&patient(&database.url())).await.unwrap();
        let later = moment(0) + GRANT_LIFETIME;
        let page = PageRequest { start: 0, limit: 20 };
        // A statement may be planned anew after it was run five times.
        for _ in 0..8 {
            let record = a_record(1);
            TokenStore::insert(&store, &record).await.unwrap();
            store.rotate(&a_rotation(&record, 2, moment(3))).await.unwrap();
            store.rotate(&a_rotation(&record, 4, moment(5))).await.unwrap();
            store.touch(record.id, moment(6)).await.unwrap();
            store.find(record.id).await.unwrap();
            store.oldest_unexpiring().await.unwrap();
            for (client, username) in [(Some(client_uid(1)), None), (None, Some("user7".to_owned()))] {
                let filter = TokenFilter { client, username };
                assert_eq!(
                    TokenStore::list(&store, &filter, page, moment(1))
                        .await
                        .unwrap()
                        .items
                        .len(),
                    20
                );
            }
            let filter = TokenFilter {
                client: Some(client_uid(9)),
                username: None,
            };
            store
                .revoke_all(&filter, RevocationReason::User, moment(7))
                .await
                .unwrap();
            assert_eq!(store.purge(later + Duration::from_micros(40), 5).await.unwrap(), 5);
        }
        assert_eq!(statistics(store, &database, "seq_scan").await, before);
    });
}

#[test]
fn plans_that_were_made_when_the_table_was_small_read_none_that_is_large() {
    run(async {
        let (store, database) = throwaway().await;
        let mut records: Vec<_> = (0..8).map(a_record).collect();
        for record in &records {
            TokenStore::insert(&store, record).await.unwrap();
        }
        database.sql("VACUUM ANALYZE token_records");
        for round in 0..20 {
            rotate(&store, &mut records, round).await;
        }
        furnish(&database, 1, 5_000);
        for round in 20..30 {
            rotate(&store, &mut records, round).await;
        }
        let read = statistics(store.clone(), &database, "seq_tup_read").await;
        assert!(read < 5_000, "{read}");
    });
}

#[test]
fn a_table_of_which_the_server_knows_nothing_yet_is_not_read_as_a_whole_either() {
    run(async {
        let (store, database) = throwaway().await;
        database.sql("ALTER TABLE token_records SET (autovacuum_enabled = false)");
        let mut records: Vec<_> = (0..8).map(a_record).collect();
        for record in &records {
            TokenStore::insert(&store, record).await.unwrap();
        }
        for round in 0..20 {
            rotate(&store, &mut records, round).await;
            if round == 10 {
                furnish(&database, 1, 1_000);
            }
        }
        ended(store, &database).await;
        let by_others = database.sql(
            "SELECT sum(idx_scan) FROM pg_stat_user_indexes
             WHERE relname = 'token_records' AND indexrelname <> 'token_records_pkey'",
        );
        assert_eq!(by_others, "0");
    });
}

#[test]
fn what_goes_together_is_planned_seldom() {
    const ROUNDS: u64 = 60;
    run(async {
        let server = ThrowawayPostgres::start_with(&[("shared_preload_libraries", "pg_stat_statements")], &[]);
        let database = migrated(&server).await;
        furnish(&database, 1, 20_000);
        database.sql("VACUUM ANALYZE token_records");
        database.sql("CREATE EXTENSION pg_stat_statements");
        let name = database.sql("SELECT current_database()");
        database.sql(&format!(
            "ALTER DATABASE {name} SET pg_stat_statements.track_planning = on"
        ));
        let mut options = patient(&database.url());
        options.pool_size = 1;
        let store = Postgres::connect(&options).await.unwrap();
        for round in 0..ROUNDS {
            // As few as waiting callers may be.
            let records: Vec<_> = (0..6).map(|n| a_record(round * 10 + n)).collect();
            let inserted = join_all(records.iter().map(|record| TokenStore::insert(&store, record))).await;
            assert!(
                inserted
                    .iter()
                    .all(|outcome| *outcome.as_ref().unwrap() == Insertion::Inserted)
            );
            let requests: Vec<_> = records
                .iter()
                .map(|record| a_rotation(record, round, moment(round)))
                .collect();
            let rotated = join_all(requests.iter().map(|request| store.rotate(request))).await;
            assert!(
                rotated
                    .iter()
                    .all(|outcome| matches!(outcome, Ok(Rotation::Rotated(_))))
            );
        }
        for like in ["INSERT INTO token_records (%", "WITH held AS%"] {
            let counted = |column: &str| -> u64 {
                let counted = database.sql(&format!(
                    "SELECT sum({column}) FROM pg_stat_statements WHERE query LIKE '{like}'"
                ));
                counted.parse().unwrap()
            };
            let (calls, plans) = (counted("calls"), counted("plans"));
            assert!(
                calls >= ROUNDS / 2 && plans <= 10,
                "{like}: {plans} plans for {calls} calls"
            );
        }
    });
}

#[test]
fn a_rotation_writes_no_index_but_for_want_of_room() {
    run(async {
        let (store, database) = throwaway().await;
        let mut record = a_record(1);
        TokenStore::insert(&store, &record).await.unwrap();
        for n in 0..200 {
            match store.rotate(&a_rotation(&record, 1000 + n, moment(n))).await.unwrap() {
                Rotation::Rotated(rotated) => record = rotated,
                other => panic!("{other:?}"),
            }
        }
        // Now and then a page has no room until what another session may still see is gone.
        let with_index = statistics(store, &database, "n_tup_upd - n_tup_hot_upd").await;
        assert!(with_index <= 20, "{with_index} of 200");
    });
}

#[test]
fn many_records_are_revoked_in_the_time_that_it_takes() {
    run(async {
        let (_, database) = throwaway().await;
        furnish(&database, 1, 40_000);
        furnish(&database, 2, 40_000);
        let mut options = patient(&database.url());
        options.statement_timeout = Duration::from_millis(50);
        let store = Postgres::connect(&options).await.unwrap();
        let filter = TokenFilter {
            client: Some(client_uid(1)),
            username: None,
        };
        let revoked = store
            .revoke_all(&filter, RevocationReason::User, moment(1))
            .await
            .unwrap();
        assert_eq!(revoked, 40_000);
        ClientStore::insert(&store, &a_client(2)).await.unwrap();
        assert_eq!(
            store.delete(client_uid(2), moment(1)).await.unwrap(),
            ClientDeletion::Deleted { revoked: 40_000 }
        );
    });
}

#[test]
fn revocations_of_the_same_records_in_different_orders_do_not_deadlock() {
    run(async {
        let (store, database) = throwaway().await;
        for round in 1..=5 {
            furnish(&database, round, 2_000);
            // Both mean every one of them, and find them by different indexes.
            let by_client = TokenFilter {
                client: Some(client_uid(round)),
                username: None,
            };
            let everybody = TokenFilter::default();
            let revoke = async |filter: &TokenFilter| {
                store
                    .revoke_all(filter, RevocationReason::User, moment(1))
                    .await
                    .unwrap()
            };
            let revoked = tokio::join!(
                revoke(&by_client),
                revoke(&everybody),
                revoke(&by_client),
                revoke(&everybody)
            );
            assert_eq!(revoked.0 + revoked.1 + revoked.2 + revoked.3, 2_000);
            // The next round's records are no newer.
            database.sql("DELETE FROM revocations");
        }
    });
}

#[test]
fn a_large_purge_keeps_to_its_limit_and_passes_over_what_is_locked() {
    run(async {
        let (store, database) = throwaway().await;
        furnish(&database, 1, 3_000);
        let later = Timestamp::from_micros(i64::MAX);
        assert_eq!(store.purge(later, 1_200).await.unwrap(), 1_200);

        let locking = std::thread::spawn({
            let (server, name) = (database.server().clone(), database.sql("SELECT current_database()"));
            move || {
                let lock = "BEGIN; SELECT id FROM token_records ORDER BY expires_at LIMIT 100 FOR UPDATE; \
                            SELECT pg_sleep(1.2); COMMIT";
                server.sql(&name, lock)
            }
        });
        let sleeping =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        while database.sql(sleeping) != "1" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(
            store.purge(later, 1_000).await.unwrap(),
            200,
            "of the 300 that expire a hundred are locked"
        );
        locking.join().unwrap();
        assert_eq!(store.purge(later, 1_000).await.unwrap(), 100);
        assert_eq!(database.sql("SELECT count(*) FROM token_records"), "1500");
    });
}
