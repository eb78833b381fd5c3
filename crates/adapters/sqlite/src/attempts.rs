//! Attempts in fixed windows.

use std::time::Duration;

use async_trait::async_trait;
use diesel::{prelude::*, sqlite::SqliteConnection};
use informer_oauth_domain::{attempts::Attempts, timestamp::Timestamp};
use informer_oauth_ports::{AttemptCounter, StoreError};

use crate::{
    Sqlite,
    columns::time,
    failure::{Failure, corrupt},
    schema::attempts::{self, dsl},
};

pub(crate) const PURGE: &[&str] =
    &["DELETE FROM attempts WHERE rowid IN (SELECT rowid FROM attempts WHERE until <= ?1 LIMIT ?2)"];

#[async_trait]
impl AttemptCounter for Sqlite {
    async fn record(&self, key: &str, window: Duration, now: Timestamp) -> Result<Attempts, StoreError> {
        let key = key.to_owned();
        self.write(move |connection| record(connection, &key, window, now))
            .await
    }

    async fn peek(&self, key: &str, now: Timestamp) -> Result<Attempts, StoreError> {
        let key = key.to_owned();
        self.read(move |connection| {
            let open: Option<(i64, i64)> = attempts::table
                .find(key)
                .filter(dsl::until.gt(now.as_micros()))
                .select((dsl::count, dsl::until))
                .first(connection)
                .optional()?;
            Ok(open.map(seen).transpose()?.unwrap_or_default())
        })
        .await
    }

    async fn take_back(&self, key: &str, now: Timestamp) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.write(move |connection| {
            let open = || attempts::table.find(&key).filter(dsl::until.gt(now.as_micros()));
            let emptied = diesel::delete(open().filter(dsl::count.le(1))).execute(connection)?;
            if emptied == 0 {
                diesel::update(open())
                    .set(dsl::count.eq(dsl::count - 1))
                    .execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    async fn clear(&self, key: &str) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.write(move |connection| {
            diesel::delete(attempts::table.find(key)).execute(connection)?;
            Ok(())
        })
        .await
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.purge_rows(PURGE, now, limit).await
    }
}

fn seen((count, until): (i64, i64)) -> Result<Attempts, StoreError> {
    let count = u32::try_from(count).map_err(|error| corrupt("attempt count", error))?;
    Ok(Attempts {
        count,
        until: Some(time(until)),
    })
}

fn record(connection: &mut SqliteConnection, key: &str, window: Duration, now: Timestamp) -> Result<Attempts, Failure> {
    let counted: Option<(i64, i64)> = diesel::update(attempts::table.find(key))
        .filter(dsl::until.gt(now.as_micros()))
        .set(dsl::count.eq(dsl::count + 1))
        .returning((dsl::count, dsl::until))
        .get_result(connection)
        .optional()?;
    if let Some(counted) = counted {
        return Ok(seen(counted)?);
    }
    let until = now + window;
    diesel::replace_into(attempts::table)
        .values((dsl::key.eq(key), dsl::count.eq(1), dsl::until.eq(until.as_micros())))
        .execute(connection)?;
    Ok(Attempts {
        count: 1,
        until: Some(until),
    })
}
