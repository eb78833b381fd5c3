//! Work that one replica does at a time.

use diesel::{
    QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use informer_oauth_ports::StoreError;

use crate::{
    Postgres,
    address::Connection,
    failure::{Failure, unavailable},
};

/// A turn at some work, held by this process and no other that uses the same database and schema, until it is dropped.
///
/// It is a session of its own with an advisory lock. Should the session break, another process can get a turn while this
/// one is at work: [`Exclusive::is_held`] tells, and the work must be right even so. It saves effort, not correctness.
pub struct Exclusive {
    connection: Connection,
}

impl std::fmt::Debug for Exclusive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exclusive").finish_non_exhaustive()
    }
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

impl Postgres {
    /// Takes a turn at the work called `name`; `None` when another has it.
    pub async fn try_exclusive(&self, name: &str) -> Result<Option<Exclusive>, StoreError> {
        let (pool, name) = (self.pool.clone(), name.to_owned());
        let attempt = async move {
            let mut connection = pool.address().connect().await.map_err(unavailable)?;
            let locked = try_lock(&mut connection.client, &name)
                .await
                .map_err(|Failure(error)| error)?;
            Ok(locked.then_some(Exclusive { connection }))
        };
        let patience = self.pool.patience();
        let in_time = async move {
            tokio::time::timeout(patience, attempt)
                .await
                .unwrap_or_else(|_| Err(unavailable("it did not answer in time")))
        };
        self.pool.at_home("try_exclusive", in_time).await
    }
}

impl Exclusive {
    /// Whether the session that holds the lock is still there, as far as this end knows.
    pub fn is_held(&self) -> bool {
        !self.connection.is_closed()
    }

    /// Ends the turn, and returns when another can have it. Dropping ends it as well, a moment later.
    pub async fn release(mut self) {
        // An error means that the session is gone, and the lock with it.
        let _ = diesel::sql_query("SELECT pg_advisory_unlock_all()")
            .execute(&mut self.connection.client)
            .await;
    }
}

async fn try_lock(connection: &mut AsyncPgConnection, name: &str) -> Result<bool, Failure> {
    let row: Locked = diesel::sql_query(
        "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || '/informer-oauth/' || $1, 0)) AS locked",
    )
    .bind::<Text, _>(name)
    .get_result(connection)
    .await?;
    Ok(row.locked)
}
