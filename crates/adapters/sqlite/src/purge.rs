//! Deleting what has expired, a little at a time.

use diesel::{RunQueryDsl, sql_types::BigInt, sqlite::SqliteConnection};
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::StoreError;

use crate::{Sqlite, failure::Failure};

/// Rows deleted in one job: few enough that a request queued behind it does not notice.
const STEP: u32 = 100;

impl Sqlite {
    /// Deletes up to `limit` rows, each step in a job of its own. Every one of `statements` deletes what its column says
    /// is before its first parameter, as many rows as its second.
    pub(crate) async fn purge_rows(
        &self,
        statements: &'static [&'static str],
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut purged = 0;
        for statement in statements {
            loop {
                let step = u64::from(limit).saturating_sub(purged).min(u64::from(STEP));
                if step == 0 {
                    return Ok(purged);
                }
                let rows = self
                    .write(move |connection| purge_step(connection, statement, before, step))
                    .await?;
                purged += rows;
                if rows < step {
                    break;
                }
            }
        }
        Ok(purged)
    }
}

fn purge_step(
    connection: &mut SqliteConnection,
    statement: &str,
    before: Timestamp,
    step: u64,
) -> Result<u64, Failure> {
    let rows = diesel::sql_query(statement)
        .bind::<BigInt, _>(before.as_micros())
        .bind::<BigInt, _>(i64::try_from(step).unwrap_or(i64::MAX))
        .execute(connection)?;
    Ok(rows as u64)
}

#[cfg(test)]
mod tests;
