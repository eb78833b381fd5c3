//! The durable store ports in Postgres.
//!
//! [`Postgres::migrate`] brings a database's schema up to date; [`Postgres::connect`] opens a pool of connections to one
//! that is. The handle is cheap to clone and implements each durable store port of `informer-oauth-ports`.
//!
//! - **Atomic in the database.** Every change is one statement that says what it expects, or a short transaction that
//!   locks what it judges; so any number of replicas can share a database. A rotation is one statement, and rotations that
//!   wait at the same moment are one together; so are insertions of token records.
//! - **A change is acknowledged when it is committed.** The rows that a change returns come before that, and a server that
//!   ends in between has sent them; so they are read to the end of the answer, never the first alone.
//! - **No call waits without bound.** Waiting for a connection, connecting and a statement have their times; a call that
//!   has no answer shortly after the longest of them is [`StoreError::Unavailable`], and its connection is closed.
//!   Revoking all of a client's or user's tokens may take longer, once the server has answered.
//! - **Recovery by itself.** A connection that was closed, or was in use before some call failed, is not used again
//!   before it has answered.
//! - **A call is a task of the runtime that the pool was opened in**, whichever it is called from: neither a caller who goes
//!   away nor a runtime that ends, as a server's threads do when it stops, ends a call in the middle.
//! - **The transaction isolation is READ COMMITTED**, which each connection sets; lists are read from one snapshot.

mod address;
mod audit;
mod client_lists;
mod client_rows;
mod client_secrets;
mod clients;
mod columns;
mod consents;
mod durability;
mod exclusive;
mod failure;
mod icons;
mod insertions;
mod keys;
mod migrations;
mod pool;
mod purge;
mod revocations;
mod rotations;
mod schema;
mod tls;
mod together;
mod token_rows;
mod tokens;
mod usage;
mod users;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use diesel::{QueryableByName, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt, future::BoxFuture};
use informer_oauth_domain::{secret::Secret, token_record::RotationRequest};
use informer_oauth_ports::{Probe, StoreError};
use thiserror::Error;

use crate::{
    address::{Address, Connection},
    failure::{Failure, unavailable},
    pool::{Haste, Pool},
    together::Together,
    token_rows::TokenRow,
};
pub use crate::{durability::PostgresDurability, exclusive::Exclusive, pool::PoolState};

/// How to use a server. The defaults suit one that is near.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database`, with libpq's parameters after `?`. `sslmode` is `disable`, `prefer`
    /// (the default), `require`, `verify-ca` or `verify-full`; `sslrootcert` is a PEM file or `system`, the default.
    /// Several hosts are tried in turn; `target_session_attrs=read-write` finds the primary among them.
    pub url: Secret,
    /// How many connections there may be; at least one. 16 by default.
    pub pool_size: usize,
    /// How long connecting may take. 1 s by default.
    pub connect_timeout: Duration,
    /// How long a call may wait until a connection is free. 1 s by default.
    pub wait_timeout: Duration,
    /// How long a statement may take; the server ends it then. 1.5 s by default, so that a request is not kept longer
    /// than two.
    pub statement_timeout: Duration,
}

impl PostgresOptions {
    /// The defaults for this URL.
    pub fn new(url: Secret) -> Self {
        Self {
            url,
            pool_size: 16,
            connect_timeout: Duration::from_secs(1),
            wait_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_millis(1500),
        }
    }
}

/// Why a database could not be connected to or migrated.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The URL cannot be used; what is wrong with it, without its secrets.
    #[error("the Postgres URL is unusable: {0}")]
    Url(String),
    /// The certificates to trust could not be read.
    #[error("TLS to Postgres is not possible: {0}")]
    Tls(String),
    /// The server does not answer, or lets nobody in.
    #[error("cannot connect to Postgres: {0}")]
    Unreachable(String),
    /// The database cannot hold every text.
    #[error("the Postgres database has the encoding {0}; it must be UTF8")]
    Encoding(String),
    /// The schema is older than this program.
    #[error("the Postgres database lacks schema changes ({}); apply them first with `informer-oauth migrate`", .0.join(", "))]
    Older(Vec<String>),
    /// A newer version of this program has changed the schema.
    #[error("the Postgres database was changed by a newer version of this program (unknown schema changes: {}); use that version or restore a backup", .0.join(", "))]
    Newer(Vec<String>),
    /// The schema could not be read or brought up to date; it is as it was.
    #[error("cannot bring the schema of the Postgres database up to date: {0}")]
    Migration(String),
}

impl From<diesel::result::Error> for ConnectError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Migration(error.to_string())
    }
}

/// A pool of connections to a database: a handle that is cheap to clone and implements every durable store port.
#[derive(Clone)]
pub struct Postgres {
    pool: Pool,
    rotations: Arc<Together<RotationRequest>>,
    insertions: Arc<Together<TokenRow>>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("pool", &self.pool.state())
            .finish_non_exhaustive()
    }
}

impl Postgres {
    /// Opens a pool, if the database's schema is this program's: neither older nor newer.
    pub async fn connect(options: &PostgresOptions) -> Result<Self, ConnectError> {
        let (address, mut connection) = reach(options).await?;
        let looked = tokio::time::timeout(options.statement_timeout, migrations::pending(&mut connection.client)).await;
        let pending = looked.map_err(|_| ConnectError::Unreachable("it did not answer in time".to_owned()))??;
        if !pending.is_empty() {
            return Err(ConnectError::Older(names(&pending)));
        }
        Ok(Self {
            pool: Pool::new(address, options),
            rotations: Arc::default(),
            insertions: Arc::default(),
        })
    }

    /// The names of the migrations that the database lacks, oldest first. Changes nothing.
    pub async fn pending_migrations(options: &PostgresOptions) -> Result<Vec<String>, ConnectError> {
        Self::migrate(options, true).await
    }

    /// Brings the schema up to date and returns the names of the migrations that were applied. With `dry_run` only says
    /// which would be. All or nothing; of processes that do so at once, one does it and the others wait for it.
    pub async fn migrate(options: &PostgresOptions, dry_run: bool) -> Result<Vec<String>, ConnectError> {
        let (_, mut connection) = reach(options).await?;
        let migrations = if dry_run {
            migrations::pending(&mut connection.client).await?
        } else {
            migrations::apply(&mut connection.client).await?
        };
        Ok(names(&migrations))
    }

    /// Whether there is a server that can be written to: for health checks. Answers in the time that calls have.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.call(|connection| check(connection).boxed()).await
    }

    /// How many connections there are now.
    pub fn pool_state(&self) -> PoolState {
        self.pool.state()
    }

    /// Closes connections as they become free. Calls that come later, on any clone, are refused as unavailable.
    pub fn close(&self) {
        self.pool.close();
    }

    /// Runs `work` on a connection, in the usual time.
    async fn call<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
    {
        self.pool.call(Haste::Usual, work).await
    }

    /// Runs `work`, which may change very many rows, on a connection.
    async fn call_patiently<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
    {
        self.pool.call(Haste::ManyRows, work).await
    }
}

#[async_trait]
impl Probe for Postgres {
    fn name(&self) -> &'static str {
        failure::STORE
    }

    async fn check(&self) -> Result<(), StoreError> {
        Self::check(self).await
    }
}

async fn reach(options: &PostgresOptions) -> Result<(Address, Connection), ConnectError> {
    let address = Address::new(options)?;
    let connection = address.connect().await.map_err(ConnectError::Unreachable)?;
    Ok((address, connection))
}

fn names(migrations: &[&'static str]) -> Vec<String> {
    migrations.iter().map(|name| (*name).to_owned()).collect()
}

#[derive(QueryableByName)]
struct ReadOnly {
    #[diesel(sql_type = Bool)]
    read_only: bool,
}

async fn check(connection: &mut AsyncPgConnection) -> Result<(), Failure> {
    let row: ReadOnly = diesel::sql_query("SELECT current_setting('transaction_read_only')::bool AS read_only")
        .get_result(connection)
        .await?;
    if row.read_only {
        return Err(unavailable("it cannot be written to").into());
    }
    Ok(())
}
