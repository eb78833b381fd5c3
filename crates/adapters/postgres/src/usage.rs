//! How often what was answered.

use async_trait::async_trait;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Integer, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use informer_oauth_domain::{
    day::Day,
    grant_type::GrantType,
    usage::{GrantOutcome, UsageCount, UsageKey},
};
use informer_oauth_ports::{StoreError, UsageLog};

use crate::{
    Postgres,
    failure::{Failure, corrupt},
    schema::usage_counts,
};

const USAGE: &str = "usage count";

/// One statement for all keys. Rows are locked in one order, so that replicas wait for each other instead of deadlocking;
/// a key that is given twice adds up first, because a statement may change a row once only.
const ADD: &str = "INSERT INTO usage_counts (day, grant_type, outcome, count)
     SELECT day, grant_type, outcome, sum(count)::bigint
     FROM unnest($1, $2, $3, $4) AS given (day, grant_type, outcome, count)
     GROUP BY day, grant_type, outcome ORDER BY day, grant_type COLLATE \"C\", outcome COLLATE \"C\"
     ON CONFLICT (day, grant_type, outcome) DO UPDATE SET count = usage_counts.count + excluded.count";

const PURGE: &[&str] = &["WITH over AS MATERIALIZED (
         SELECT day, grant_type, outcome FROM usage_counts WHERE day < $1 / 86400000000
         ORDER BY day LIMIT $2 FOR UPDATE SKIP LOCKED)
     DELETE FROM usage_counts USING over
     WHERE (usage_counts.day, usage_counts.grant_type, usage_counts.outcome) = (over.day, over.grant_type, over.outcome)"];

#[derive(Queryable, Selectable)]
#[diesel(table_name = usage_counts, check_for_backend(diesel::pg::Pg))]
struct UsageRow {
    day: i32,
    grant_type: String,
    outcome: String,
    count: i64,
}

impl TryFrom<UsageRow> for UsageCount {
    type Error = StoreError;

    fn try_from(row: UsageRow) -> Result<Self, StoreError> {
        Ok(Self {
            key: UsageKey {
                day: Day::from_number(row.day),
                grant: GrantType::from_stored(&row.grant_type),
                outcome: GrantOutcome::from_stored(&row.outcome).ok_or_else(|| corrupt(USAGE, "unknown outcome"))?,
            },
            count: row.count.try_into().map_err(|error| corrupt(USAGE, error))?,
        })
    }
}

/// The columns of rows to add.
#[derive(Default)]
struct Columns {
    days: Vec<i32>,
    grant_types: Vec<&'static str>,
    outcomes: Vec<&'static str>,
    counts: Vec<i64>,
}

impl Columns {
    fn of(counts: &[UsageCount]) -> Self {
        let mut columns = Self::default();
        for UsageCount { key, count } in counts {
            columns.days.push(key.day.number());
            columns.grant_types.push(key.grant.as_str());
            columns.outcomes.push(key.outcome.as_str());
            columns.counts.push(i64::try_from(*count).unwrap_or(i64::MAX));
        }
        columns
    }
}

#[async_trait]
impl UsageLog for Postgres {
    async fn add(&self, counts: &[UsageCount]) -> Result<(), StoreError> {
        if counts.is_empty() {
            return Ok(());
        }
        let columns = Columns::of(counts);
        self.call(|connection| add(connection, columns).boxed()).await
    }

    async fn between(&self, first: Day, last: Day) -> Result<Vec<UsageCount>, StoreError> {
        self.call(move |connection| between(connection, first, last).boxed())
            .await
    }

    async fn purge(&self, before: Day, limit: u32) -> Result<u64, StoreError> {
        self.purge_rows(PURGE, before.start(), limit).await
    }
}

async fn add(connection: &mut AsyncPgConnection, columns: Columns) -> Result<(), Failure> {
    diesel::sql_query(ADD)
        .bind::<Array<Integer>, _>(columns.days)
        .bind::<Array<Text>, _>(columns.grant_types)
        .bind::<Array<Text>, _>(columns.outcomes)
        .bind::<Array<BigInt>, _>(columns.counts)
        .execute(connection)
        .await?;
    Ok(())
}

async fn between(connection: &mut AsyncPgConnection, first: Day, last: Day) -> Result<Vec<UsageCount>, Failure> {
    let rows: Vec<UsageRow> = usage_counts::table
        .select(UsageRow::as_select())
        .filter(usage_counts::day.between(first.number(), last.number()))
        .load(connection)
        .await?;
    let mut counts: Vec<UsageCount> = rows.into_iter().map(UsageCount::try_from).collect::<Result<_, _>>()?;
    counts.sort_unstable();
    Ok(counts)
}
