//! The pool of connections, and how calls use one.

use std::{
    any::type_name,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use deadpool::{
    Runtime,
    managed::{self, Metrics, Object, QueueMode, RecycleError, RecycleResult, TimeoutType},
};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, SimpleAsyncConnection, TransactionManager as _};
use futures_util::future::BoxFuture;
use informer_oauth_ports::{StoreError, traced};
use thiserror::Error;
use tokio::runtime::Handle;

use crate::{
    PostgresOptions,
    address::{Address, Connection},
    failure::{Failure, STORE, unavailable},
};

/// What a call may take beyond the longest of the configured times.
const MARGIN: Duration = Duration::from_millis(250);

/// How long a change of very many rows may take.
pub(crate) const PATIENCE_FOR_MANY: Duration = Duration::from_secs(30);

/// How long a connection that is asked whether it still works may take to answer.
const PING: Duration = Duration::from_millis(500);

/// After so long without use a connection is asked before it is used.
const IDLE: Duration = Duration::from_secs(30);

/// After so long a connection is replaced: so that connections follow a moved address, and that what a session's memory
/// has collected on the server is given back.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Makes and checks the pool's connections.
pub(crate) struct Manager {
    address: Address,
    /// When a call last failed: connections used before that are asked whether they still work.
    doubted: Mutex<Option<Instant>>,
}

impl Manager {
    fn doubt(&self) {
        *self.doubted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn doubts(&self, metrics: &Metrics) -> bool {
        let used = metrics.recycled.unwrap_or(metrics.created);
        let doubted = *self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        used.elapsed() > IDLE || doubted.is_some_and(|at| used <= at)
    }
}

/// Why there is no connection.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Unconnected(String);

impl managed::Manager for Manager {
    /// Boxed, as it is moved whenever it is taken and given back.
    type Type = Box<Connection>;
    type Error = Unconnected;

    async fn create(&self) -> Result<Box<Connection>, Unconnected> {
        self.address.connect().await.map(Box::new).map_err(Unconnected)
    }

    async fn recycle(&self, connection: &mut Box<Connection>, metrics: &Metrics) -> RecycleResult<Unconnected> {
        if connection.is_closed() {
            return Err(RecycleError::message("closed"));
        }
        if AnsiTransactionManager::is_broken_transaction_manager(&mut connection.client) {
            return Err(RecycleError::message("left in a transaction"));
        }
        if metrics.created.elapsed() > LIFETIME {
            return Err(RecycleError::message("old"));
        }
        if self.doubts(metrics) {
            let ping = Box::pin(connection.client.batch_execute(""));
            let answer = tokio::time::timeout(PING, ping).await;
            if !matches!(answer, Ok(Ok(()))) {
                return Err(RecycleError::message("does not answer"));
            }
        }
        Ok(())
    }
}

/// How many connections there are, for metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolState {
    /// The most there may be.
    pub limit: usize,
    /// Open ones, used or not.
    pub open: usize,
    /// Open ones that nobody uses.
    pub idle: usize,
    /// Calls that wait for one.
    pub waiting: usize,
}

/// Connections and how long to wait for what.
#[derive(Clone)]
pub(crate) struct Pool {
    /// The runtime that this was made in.
    home: Handle,
    connections: managed::Pool<Manager>,
    patience: Duration,
}

/// How long a call may take.
#[derive(Clone, Copy)]
pub(crate) enum Haste {
    /// As long as requests are kept.
    Usual,
    /// [`PATIENCE_FOR_MANY`], once the server has shown in the usual time that it is there.
    ManyRows,
}

impl Pool {
    pub(crate) fn new(address: Address, options: &PostgresOptions) -> Self {
        let manager = Manager {
            address,
            doubted: Mutex::new(None),
        };
        let connections = managed::Pool::builder(manager)
            .max_size(options.pool_size.max(1))
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(options.wait_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a pool with timeouts has the runtime that they need");
        let longest = options
            .statement_timeout
            .max(options.connect_timeout)
            .max(options.wait_timeout);
        Self {
            home: Handle::current(),
            connections,
            patience: longest.saturating_add(MARGIN),
        }
    }

    /// How long a call may take.
    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    pub(crate) fn address(&self) -> &Address {
        &self.connections.manager().address
    }

    pub(crate) fn state(&self) -> PoolState {
        let status = self.connections.status();
        PoolState {
            limit: status.max_size,
            open: status.size,
            idle: status.available,
            waiting: status.waiting,
        }
    }

    pub(crate) fn close(&self) {
        self.connections.close();
    }

    /// Runs `work` on a connection, as a task at home.
    pub(crate) async fn call<T, F>(&self, haste: Haste, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
    {
        let pool = self.clone();
        self.at_home(type_name::<F>(), async move { pool.run(haste, work).await })
            .await
    }

    /// Lets `work` go on by itself, at home.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.home.spawn(work);
    }

    /// Begins `work`, a part of `operation`, as a task of the runtime that the pool was made in, whose tasks then also move
    /// the bytes of every connection. A server has a runtime for each of its threads: one that ended, when the service
    /// stops, would take along the connections that it made, on which other threads' requests are waiting. Nor does a
    /// caller who goes away, as a browser does, end the work or the connection in the middle.
    pub(crate) fn at_home<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> {
        let task = self.home.spawn(work);
        traced(STORE, operation, async {
            task.await
                .map_err(|error| unavailable(format_args!("the call has ended: {error}")))?
        })
    }

    /// As [`Pool::call`], here.
    pub(crate) async fn run<T, F>(&self, haste: Haste, work: F) -> Result<T, StoreError>
    where
        F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, Failure>>,
    {
        self.run_since(Instant::now(), haste, work).await
    }

    /// As [`Pool::run`], for a caller who has been waiting since `start`.
    pub(crate) async fn run_since<T, F>(&self, start: Instant, haste: Haste, work: F) -> Result<T, StoreError>
    where
        F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, Failure>>,
    {
        let mut used = None;
        let ready = async {
            let connection = used.insert(self.connection().await?);
            if matches!(haste, Haste::ManyRows) {
                Box::pin(connection.client.batch_execute("")).await?;
            }
            Ok::<_, Failure>(&mut connection.client)
        };
        let answer = match tokio::time::timeout(self.patience.saturating_sub(start.elapsed()), ready).await {
            Ok(Ok(client)) => {
                let patience = match haste {
                    Haste::Usual => self.patience.saturating_sub(start.elapsed()),
                    Haste::ManyRows => PATIENCE_FOR_MANY.saturating_add(MARGIN),
                };
                tokio::time::timeout(patience, work(client)).await
            }
            Ok(Err(failure)) => Ok(Err(failure)),
            Err(elapsed) => Err(elapsed),
        };
        let answer = if let Ok(answer) = answer {
            answer.map_err(|Failure(error)| error)
        } else {
            // Whatever the server was asked, it may still be at it: nobody else gets this connection.
            if let Some(connection) = used.take() {
                Object::take(connection).abandon();
            }
            Err(unavailable("it did not answer in time"))
        };
        if matches!(answer, Err(StoreError::Unavailable { .. })) {
            self.connections.manager().doubt();
        }
        answer
    }

    async fn connection(&self) -> Result<Object<Manager>, StoreError> {
        self.connections.get().await.map_err(|error| match error {
            managed::PoolError::Timeout(TimeoutType::Wait) => unavailable("every connection is in use"),
            managed::PoolError::Closed => unavailable("the pool is closed"),
            managed::PoolError::Backend(Unconnected(reason)) => unavailable(reason),
            other => unavailable(other),
        })
    }
}
