//! The schema: up, down, several at once, and what is refused.

use informer_oauth_postgres::{ConnectError, Postgres};
use informer_oauth_testkit::{
    run,
    servers::{ThrowawayDatabase, ThrowawayPostgres},
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

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    run(async {
        let database = ThrowawayPostgres::shared().database();
        let options = patient(&database.url());
        Postgres::migrate(&options, false).await.unwrap();
        database.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
        let before = database.sql(VERSIONS);
        for refused in [
            Postgres::connect(&options).await.map(|_| ()),
            Postgres::migrate(&options, false).await.map(|_| ()),
            Postgres::migrate(&options, true).await.map(|_| ()),
        ] {
            let refused = refused.unwrap_err();
            assert!(
                matches!(&refused, ConnectError::Newer(unknown) if unknown == &["29990101000000"]),
                "{refused}"
            );
        }
        assert_eq!(database.sql(VERSIONS), before);
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
