//! Deleting what has expired, a little at a time.

use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::StoreError;

use crate::{Postgres, failure::Failure};

/// Rows deleted in one transaction: few enough that it is over in milliseconds, whatever else waits for the disk.
const STEP: u32 = 500;

impl Postgres {
    /// Deletes up to `limit` rows, each step in a transaction of its own. Every one of `statements` deletes what its
    /// column says is before its first parameter, as many rows as its second, passing over rows that are locked.
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
                    .call(move |connection| purge_step(connection, statement, before, step).boxed())
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

async fn purge_step(
    connection: &mut AsyncPgConnection,
    statement: &'static str,
    before: Timestamp,
    step: u64,
) -> Result<u64, Failure> {
    let rows = diesel::sql_query(statement)
        .bind::<BigInt, _>(before.as_micros())
        .bind::<BigInt, _>(i64::try_from(step).unwrap_or(i64::MAX))
        .execute(connection)
        .await?;
    Ok(rows as u64)
}
