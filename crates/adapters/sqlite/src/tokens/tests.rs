#![expect(clippy::unwrap_used, reason = "tests")]

use diesel::{QueryableByName, debug_query, sql_types::Text};
use informer_oauth_testkit::values::{NOW, client_uid};

use super::*;
use crate::SqliteOptions;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The steps by which SQLite answers a query.
async fn plan(sql: String) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("test.db"), &SqliteOptions::default()).unwrap();
    let explain = format!("EXPLAIN QUERY PLAN {}", sql.split(" -- binds").next().unwrap());
    let steps: Vec<Step> = store
        .read(move |connection| Ok(diesel::sql_query(explain).load(connection)?))
        .await
        .unwrap();
    steps.into_iter().map(|step| step.detail).collect()
}

fn filters() -> [(TokenFilter, &'static str); 2] {
    let client = TokenFilter {
        client: Some(client_uid(1)),
        username: None,
    };
    let user = TokenFilter {
        client: None,
        username: Some("ada".into()),
    };
    [(client, "token_records_by_client"), (user, "token_records_by_username")]
}

#[tokio::test]
async fn a_page_of_records_is_read_in_the_order_of_an_index_and_not_sorted() {
    for (filter, index) in filters() {
        let query = live(&filter, NOW).order((dsl::created_at, dsl::id)).limit(20);
        let steps = plan(debug_query::<Backend, _>(&query).to_string()).await;
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(
            steps[0].starts_with(&format!("SEARCH token_records USING INDEX {index} ")),
            "{steps:?}"
        );
    }
}

#[tokio::test]
async fn counting_records_reads_an_index_alone() {
    for (filter, index) in filters() {
        let query = live(&filter, NOW).select(count_star());
        let steps = plan(debug_query::<Backend, _>(&query).to_string()).await;
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(
            steps[0].starts_with(&format!("SEARCH token_records USING COVERING INDEX {index} ")),
            "{steps:?}"
        );
    }
}
