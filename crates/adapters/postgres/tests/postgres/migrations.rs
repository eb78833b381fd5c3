//! The schema: up, down, several at once, and what is refused.

use informer_oauth_ports::{TokenStore, UserDirectory};
use informer_oauth_postgres::{ConnectError, Postgres};
use informer_oauth_testkit::{
    run,
    servers::{ThrowawayDatabase, ThrowawayPostgres},
    values::{a_record, a_user},
};

use crate::support::{patient, schema};

const VERSIONS: &str = "SELECT string_agg(version, ',' ORDER BY version) FROM __diesel_schema_migrations";

/// Every column, constraint and index of the schema.
fn definitions(database: &ThrowawayDatabase) -> String {
    database.sql(
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' ||
                coalesce(collation_name, '')
         FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'
         UNION SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
         FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '__diesel_schema_migrations'
         UNION SELECT indexdef FROM pg_indexes
         WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations'
         ORDER BY 1",
    )
}

#[test]
fn migrations_go_up_and_down_and_up_again() {
    run(async {
        let database = ThrowawayPostgres::shared().database();
        let options = patient(&database.url());
        let pending = Postgres::pending_migrations(&options).await.unwrap();
        assert!(!pending.is_empty());
        assert_eq!(definitions(&database), "", "looking changes nothing");
        assert_eq!(Postgres::migrate(&options, false).await.unwrap(), pending);
        let first = definitions(&database);
        assert!(first.contains("token_records"));
        assert_eq!(Postgres::migrate(&options, false).await.unwrap(), Vec::<String>::new());

        database.sql(&schema("down.sql"));
        database.sql("DELETE FROM __diesel_schema_migrations");
        assert_eq!(definitions(&database), "");
        assert_eq!(Postgres::pending_migrations(&options).await.unwrap(), pending);
        assert_eq!(Postgres::migrate(&options, false).await.unwrap(), pending);
        assert_eq!(definitions(&database), first);
    });
}

#[test]
fn of_many_that_migrate_at_once_one_does_and_all_succeed() {
    run(async {
        for _ in 0..4 {
            let database = ThrowawayPostgres::shared().database();
            let migrating: Vec<_> = (0..8)
                .map(|_| {
                    let options = patient(&database.url());
                    tokio::spawn(async move { Postgres::migrate(&options, false).await })
                })
                .collect();
            let mut did = 0;
            for outcome in migrating {
                did += usize::from(!outcome.await.unwrap().unwrap().is_empty());
            }
            assert_eq!(did, 1);
            Postgres::connect(&patient(&database.url())).await.unwrap();
        }
    });
}

#[test]
fn an_older_schema_is_refused_and_left_as_it_is() {
    run(async {
        let database = ThrowawayPostgres::shared().database();
        let options = patient(&database.url());
        let pending = Postgres::pending_migrations(&options).await.unwrap();
        let refused = Postgres::connect(&options).await.unwrap_err();
        assert!(matches!(&refused, ConnectError::Older(lacking) if *lacking == pending));
        assert!(refused.to_string().contains("informer-oauth migrate"), "{refused}");
        assert_eq!(definitions(&database), "");
    });
}

/// A change that no program of this version knows.
const LATER: &str = "29990101000000";

fn changed_later(database: &ThrowawayDatabase) {
    database.sql(&format!(
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('{LATER}')"
    ));
}

#[test]
fn a_newer_schema_that_was_only_added_to_is_used() {
    run(async {
        let database = ThrowawayPostgres::shared().database();
        let options = patient(&database.url());
        Postgres::migrate(&options, false).await.unwrap();
        database.sql(
            "CREATE TABLE later (x integer); ALTER TABLE users ADD COLUMN later text;
             ALTER TABLE token_records ADD COLUMN later integer NOT NULL DEFAULT 0",
        );
        changed_later(&database);
        let before = database.sql(VERSIONS);
        for dry_run in [true, false] {
            assert_eq!(
                Postgres::migrate(&options, dry_run).await.unwrap(),
                Vec::<String>::new()
            );
        }
        let store = Postgres::connect(&options).await.unwrap();
        UserDirectory::insert(&store, &a_user("ada")).await.unwrap();
        assert_eq!(UserDirectory::find(&store, "ada").await.unwrap(), Some(a_user("ada")));
        TokenStore::insert(&store, &a_record(1)).await.unwrap();
        assert_eq!(
            TokenStore::find(&store, a_record(1).id).await.unwrap(),
            Some(a_record(1))
        );
        assert_eq!(database.sql(VERSIONS), before);
    });
}

#[test]
fn a_newer_schema_that_asks_for_a_newer_program_is_refused_and_left_as_it_is() {
    run(async {
        // What is known of such a schema: it says so itself, it says nothing at all, or a change is missing below it.
        for newer in [
            format!("UPDATE schema_floor SET version = '{LATER}'"),
            "DELETE FROM schema_floor".to_owned(),
            "DROP TABLE schema_floor".to_owned(),
            "DELETE FROM __diesel_schema_migrations WHERE version = '20261125000000'".to_owned(),
        ] {
            let database = ThrowawayPostgres::shared().database();
            let options = patient(&database.url());
            Postgres::migrate(&options, false).await.unwrap();
            changed_later(&database);
            database.sql(&newer);
            let before = (database.sql(VERSIONS), definitions(&database));
            for refused in [
                Postgres::connect(&options).await.map(|_| ()),
                Postgres::migrate(&options, false).await.map(|_| ()),
                Postgres::migrate(&options, true).await.map(|_| ()),
            ] {
                let refused = refused.unwrap_err();
                assert!(
                    matches!(&refused, ConnectError::Newer(unknown) if unknown == &[LATER]),
                    "{newer}: {refused}"
                );
                assert!(refused.to_string().contains("newer version"), "{refused}");
            }
            assert_eq!((database.sql(VERSIONS), definitions(&database)), before);
        }
    });
}

#[test]
fn the_floor_of_the_schema_is_a_change_that_this_program_knows() {
    run(async {
        let database = ThrowawayPostgres::shared().database();
        let options = patient(&database.url());
        Postgres::migrate(&options, false).await.unwrap();
        let known = database.sql("SELECT count(*) FROM schema_floor JOIN __diesel_schema_migrations USING (version)");
        assert_eq!(
            (
                known.as_str(),
                database.sql("SELECT count(*) FROM schema_floor").as_str()
            ),
            ("1", "1")
        );
    });
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    run(async {
        let database = ThrowawayPostgres::shared().database();
        // In the way of a table that the first migration makes last.
        database.sql("CREATE TABLE users (x integer)");
        let before = definitions(&database);
        let failed = Postgres::migrate(&patient(&database.url()), false).await.unwrap_err();
        assert!(matches!(failed, ConnectError::Migration(_)), "{failed}");
        assert_eq!(definitions(&database), before);
        assert_eq!(database.sql("SELECT to_regclass('__diesel_schema_migrations')"), "");
    });
}

#[test]
fn a_database_that_cannot_hold_every_text_is_refused() {
    run(async {
        let server = ThrowawayPostgres::shared();
        // Its name is free again as soon as another is given to it.
        let database = server.database();
        let name = format!("{}_latin", database.sql("SELECT current_database()"));
        let made = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
        server.sql("postgres", &made);
        let refused = Postgres::migrate(&patient(&server.url(&name)), false).await;
        server.sql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
        assert!(matches!(refused, Err(ConnectError::Encoding(encoding)) if encoding == "LATIN1"));
    });
}
