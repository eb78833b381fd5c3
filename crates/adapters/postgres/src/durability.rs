//! How well a Postgres keeps what it has said it has: for whoever looks after it.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::StoreError;

use crate::{Postgres, failure::Failure};

/// The settings of the server that decide what survives it, and how many may connect, as they are for this service's role
/// and database.
#[derive(Clone, PartialEq, Eq, Debug, QueryableByName)]
pub struct PostgresDurability {
    /// `fsync`: whether it waits for its disk at all.
    #[diesel(sql_type = Bool)]
    pub fsync: bool,
    /// `full_page_writes`: whether a page that was half written can be repaired.
    #[diesel(sql_type = Bool)]
    pub full_page_writes: bool,
    /// `synchronous_commit`: for what a commit waits. With `off` for nothing.
    #[diesel(sql_type = Text)]
    pub synchronous_commit: String,
    /// How many connections there may be of roles that are no superusers, everybody's together.
    #[diesel(sql_type = BigInt)]
    pub connections: i64,
}

impl Postgres {
    /// Asks the server.
    pub async fn durability(&self) -> Result<PostgresDurability, StoreError> {
        self.call(|connection| read(connection).boxed()).await
    }
}

/// What time it is.
#[derive(QueryableByName)]
struct Time {
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

impl Postgres {
    /// What time it is at the server, while it is asked.
    pub async fn time(&self) -> Result<Timestamp, StoreError> {
        let asked = diesel::sql_query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros");
        let time: Time = self
            .call(|connection| async move { Ok(asked.get_result(connection).await?) }.boxed())
            .await?;
        Ok(Timestamp::from_micros(time.micros))
    }
}

async fn read(connection: &mut AsyncPgConnection) -> Result<PostgresDurability, Failure> {
    Ok(diesel::sql_query(
        "SELECT current_setting('fsync')::bool AS fsync,
                current_setting('full_page_writes')::bool AS full_page_writes,
                current_setting('synchronous_commit') AS synchronous_commit,
                current_setting('max_connections')::bigint
                    - current_setting('superuser_reserved_connections')::bigint AS connections",
    )
    .get_result(connection)
    .await?)
}
