//! How often what was answered.

use async_trait::async_trait;
use diesel::{
    prelude::*,
    sqlite::{Sqlite as Backend, SqliteConnection},
    upsert::excluded,
};
use informer_oauth_domain::{
    day::Day,
    grant_type::GrantType,
    usage::{GrantOutcome, UsageCount, UsageKey},
};
use informer_oauth_ports::{StoreError, UsageLog};

use crate::{
    Sqlite,
    failure::{Failure, corrupt},
    schema::usage_counts::{self, dsl},
};

const USAGE: &str = "usage count";

const PURGE: &[&str] = &["DELETE FROM usage_counts WHERE (day, grant_type, outcome) IN (
         SELECT day, grant_type, outcome FROM usage_counts WHERE day < ?1 / 86400000000 LIMIT ?2)"];

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = usage_counts, check_for_backend(Backend))]
struct UsageRow {
    day: i32,
    grant_type: String,
    outcome: String,
    count: i64,
}

impl From<&UsageCount> for UsageRow {
    fn from(UsageCount { key, count }: &UsageCount) -> Self {
        Self {
            day: key.day.number(),
            grant_type: key.grant.as_str().to_owned(),
            outcome: key.outcome.as_str().to_owned(),
            count: i64::try_from(*count).unwrap_or(i64::MAX),
        }
    }
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

#[async_trait]
impl UsageLog for Sqlite {
    async fn add(&self, counts: &[UsageCount]) -> Result<(), StoreError> {
        if counts.is_empty() {
            return Ok(());
        }
        let rows: Vec<UsageRow> = counts.iter().map(UsageRow::from).collect();
        self.write(move |connection| add(connection, rows)).await
    }

    async fn between(&self, first: Day, last: Day) -> Result<Vec<UsageCount>, StoreError> {
        self.read(move |connection| between(connection, first, last)).await
    }

    async fn purge(&self, before: Day, limit: u32) -> Result<u64, StoreError> {
        self.purge_rows(PURGE, before.start(), limit).await
    }
}

/// A statement for each row, in the writer's transaction: that they share one is what makes them one change.
fn add(connection: &mut SqliteConnection, rows: Vec<UsageRow>) -> Result<(), Failure> {
    for row in rows {
        diesel::insert_into(usage_counts::table)
            .values(row)
            .on_conflict((dsl::day, dsl::grant_type, dsl::outcome))
            .do_update()
            .set(dsl::count.eq(dsl::count + excluded(dsl::count)))
            .execute(connection)?;
    }
    Ok(())
}

fn between(connection: &mut SqliteConnection, first: Day, last: Day) -> Result<Vec<UsageCount>, Failure> {
    let rows: Vec<UsageRow> = usage_counts::table
        .select(UsageRow::as_select())
        .filter(dsl::day.between(first.number(), last.number()))
        .load(connection)?;
    let mut counts: Vec<UsageCount> = rows.into_iter().map(UsageCount::try_from).collect::<Result<_, _>>()?;
    counts.sort_unstable();
    Ok(counts)
}
