//! The service needs no right to change its schema.

use informer_oauth_ports::UsageLog;
use informer_oauth_postgres::{ConnectError, Postgres};
use informer_oauth_testkit::{population, run, servers::ThrowawayPostgres};

use crate::support::{migrated, patient};

#[test]
fn a_role_that_may_only_read_and_write_rows_serves_and_cannot_migrate() {
    run(async {
        let server = ThrowawayPostgres::start();
        let database = migrated(&server).await;
        database.sql(
            "CREATE ROLE serving LOGIN PASSWORD 'hunter2';
             REVOKE CREATE ON SCHEMA public FROM PUBLIC;
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO serving",
        );
        let url = database.url();
        let (scheme, rest) = url.split_once("://").unwrap();
        let (_, place) = rest.split_once('@').unwrap();
        let options = patient(&format!("{scheme}://serving:hunter2@{place}"));

        let store = Postgres::connect(&options).await.unwrap();
        store.check().await.unwrap();
        population::populate(&store).await.unwrap();
        population::work(&store).await.unwrap();
        UsageLog::add(&store, &population::usage()).await.unwrap();
        let turn = store.try_exclusive("something").await.unwrap();
        assert!(turn.is_some());
        assert!(!population::contents(&store).await.unwrap().tokens.is_empty());

        database.sql("DROP TABLE schema_floor; DROP TABLE usage_counts");
        database.sql("DELETE FROM __diesel_schema_migrations WHERE version > '20261124000000'");
        let refused = Postgres::migrate(&options, false).await.unwrap_err();
        assert!(matches!(refused, ConnectError::Migration(_)), "{refused}");
        assert!(refused.to_string().contains("permission denied"), "{refused}");
    });
}
