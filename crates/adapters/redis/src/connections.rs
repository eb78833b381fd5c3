//! Connections: how they are made, lent and given up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, PushInfo, PushKind, RedisError, RedisResult, Value,
    aio::{MultiplexedConnection, PubSub},
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
    cmd,
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::timeout;

use crate::{
    failure::ends_connection,
    options::RedisOptionsError,
    topology::{Topology, moved, watched, without_delay},
};

/// A connection that nobody has used for so long is asked whether it still is one. deadpool-redis asks before every use,
/// which would make two round trips of each.
const SILENCE: Duration = Duration::from_secs(10);

/// How often a Cluster's client sends a command again: one that a node passed on to another, and one whose node went away.
/// A redemption that was done, but whose answer went with its node, so becomes a replay, which fails closed.
const RESENDS: u32 = 3;

/// After so many calls in a row without an answer, connections to a Cluster are made anew. One is not enough: a connection
/// to a Cluster is one to each node, of which one may hang, and looks after each by itself.
const UNANSWERED: u32 = 3;

pub(crate) type Pool = managed::Pool<Connector>;

/// A connection to wherever the keys are.
pub(crate) struct Connection {
    link: Link,
    born: u64,
}

enum Link {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// One command, one answer.
    pub(crate) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match &mut self.link {
            Link::Node(node) => command.query_async(node).await,
            Link::Cluster(cluster) => command.query_async(cluster).await,
        }
    }
}

/// How long the steps of getting a connection may take, so that the whole is within a call's time.
#[derive(Clone, Copy, Debug)]
struct Patience {
    connect: Duration,
    check: Duration,
    answer: Duration,
}

/// Makes connections, and knows when those made before are no good any more.
pub(crate) struct Connector {
    servers: Servers,
    patience: Patience,
    /// Counts what ended connections. One that was made before the last time is not used again: when one breaks, the
    /// others most likely did too.
    breaks: Arc<AtomicU64>,
    /// Calls in a row without an answer.
    unanswered: AtomicU32,
}

enum Servers {
    Single(ConnectionInfo),
    Sentinel(Sentinels),
    Cluster {
        client: ClusterClient,
        seeds: Vec<ConnectionInfo>,
    },
}

struct Sentinels {
    watchers: Vec<ConnectionInfo>,
    master: String,
    node: ConnectionInfo,
}

impl Connector {
    pub(crate) fn new(topology: Topology, whole: Duration) -> Result<Self, RedisOptionsError> {
        let patience = Patience {
            connect: whole * 2 / 5,
            check: whole / 4,
            answer: whole,
        };
        let servers = match topology {
            Topology::Single(server) => Servers::Single(server),
            Topology::Sentinel {
                sentinels,
                master,
                node,
            } => Servers::Sentinel(Sentinels {
                watchers: sentinels,
                master,
                node,
            }),
            Topology::Cluster { seeds, certificates } => {
                let mut builder = ClusterClientBuilder::new(seeds.iter().cloned())
                    .connection_timeout(patience.connect)
                    .response_timeout(patience.answer)
                    .tcp_settings(without_delay())
                    .retries(RESENDS)
                    .min_retry_wait(10)
                    .max_retry_wait(100);
                if let Some(certificates) = certificates {
                    builder = builder.certs(certificates);
                }
                let client = builder.build();
                let client = client.map_err(|error| RedisOptionsError::Cluster(error.to_string()))?;
                Servers::Cluster { client, seeds }
            }
        };
        Ok(Self {
            servers,
            patience,
            breaks: Arc::default(),
            unanswered: AtomicU32::default(),
        })
    }

    /// Notes that a connection made when `born` was counted broke.
    fn broke(&self, born: u64) {
        self.breaks.fetch_max(born + 1, Ordering::Relaxed);
    }

    /// Notes that a call got no answer on a connection made when `born` was counted.
    pub(crate) fn unanswered(&self, born: u64) {
        let enough = match self.servers {
            Servers::Single(_) | Servers::Sentinel(_) => 1,
            Servers::Cluster { .. } => UNANSWERED,
        };
        if self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 >= enough {
            self.unanswered.store(0, Ordering::Relaxed);
            self.broke(born);
        }
    }

    fn answered(&self) {
        self.unanswered.store(0, Ordering::Relaxed);
    }

    fn settings(&self) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.patience.connect))
            .set_response_timeout(Some(self.patience.answer))
    }

    /// A connection to one server, which says by itself when it ends.
    async fn node(&self, server: ConnectionInfo, born: u64) -> RedisResult<MultiplexedConnection> {
        let breaks = Arc::clone(&self.breaks);
        let settings = self.settings().set_push_sender(move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                breaks.fetch_max(born + 1, Ordering::Relaxed);
            }
            Ok::<(), ()>(())
        });
        let node = deadpool_redis::Manager::new_with_config(watched(server), settings)?;
        managed::Manager::create(&node).await
    }

    /// The master that a Sentinel names, if it says itself that it is one. The Sentinels are asked all at once, and the
    /// first good answer counts: one that hangs or is out of date keeps nobody waiting.
    async fn master(&self, known: &Sentinels, born: u64) -> RedisResult<(ConnectionInfo, MultiplexedConnection)> {
        let mut found: FuturesUnordered<_> = known
            .watchers
            .iter()
            .map(|sentinel| self.master_by(known, sentinel, born))
            .collect();
        let mut reason = None;
        while let Some(answer) = found.next().await {
            match answer {
                Ok(master) => return Ok(master),
                Err(error) => reason = Some(error),
            }
        }
        Err(reason.unwrap_or_else(|| (ErrorKind::EmptySentinelList, "there is no Sentinel").into()))
    }

    async fn master_by(
        &self,
        known: &Sentinels,
        sentinel: &ConnectionInfo,
        born: u64,
    ) -> RedisResult<(ConnectionInfo, MultiplexedConnection)> {
        let sentinel = Client::open(sentinel.clone())?;
        let mut sentinel = sentinel
            .get_multiplexed_async_connection_with_config(&self.settings())
            .await?;
        let address: Option<(String, u16)> = cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg(&known.master)
            .query_async(&mut sentinel)
            .await?;
        let unknown = (
            ErrorKind::MasterNameNotFoundBySentinel,
            "the Sentinel knows no such master",
        );
        let (host, port) = address.ok_or(unknown)?;
        let server = moved(&known.node, host, port);
        let mut node = self.node(server.clone(), born).await?;
        let role: Vec<Value> = cmd("ROLE").query_async(&mut node).await?;
        match role.first() {
            Some(Value::BulkString(role)) if role == b"master" => Ok((server, node)),
            _ => Err((ErrorKind::Io, "the node that a Sentinel named is no master").into()),
        }
    }

    /// A subscription to `channel`. In a Cluster every node passes on what is published on any of them: the seeds are
    /// tried in turn, by `attempt`.
    pub(crate) async fn subscription(&self, channel: &str, attempt: usize) -> RedisResult<PubSub> {
        let server = match &self.servers {
            Servers::Single(server) => server.clone(),
            Servers::Sentinel(known) => {
                let born = self.breaks.load(Ordering::Relaxed);
                self.master(known, born).await?.0
            }
            Servers::Cluster { seeds, .. } => {
                let seed = seeds.get(attempt.checked_rem(seeds.len()).unwrap_or_default());
                seed.cloned()
                    .ok_or((ErrorKind::InvalidClientConfig, "a Cluster has nodes"))?
            }
        };
        let mut subscription = Client::open(server)?.get_async_pubsub().await?;
        subscription.subscribe(channel).await?;
        Ok(subscription)
    }
}

impl managed::Manager for Connector {
    type Type = Connection;
    type Error = RedisError;

    async fn create(&self) -> Result<Connection, RedisError> {
        let born = self.breaks.load(Ordering::Relaxed);
        let link = match &self.servers {
            Servers::Single(server) => Link::Node(self.node(server.clone(), born).await?),
            Servers::Sentinel(known) => Link::Node(self.master(known, born).await?.1),
            Servers::Cluster { client, .. } => Link::Cluster(client.get_async_connection().await?),
        };
        Ok(Connection { link, born })
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<RedisError> {
        if connection.born < self.breaks.load(Ordering::Relaxed) {
            return Err(RecycleError::message("made before the last break"));
        }
        if metrics.last_used() < SILENCE {
            return Ok(());
        }
        match timeout(self.patience.check, connection.send(&cmd("PING"))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                self.broke(connection.born);
                Err(RecycleError::Backend(error))
            }
            Err(_) => {
                self.broke(connection.born);
                Err(RecycleError::message("silent"))
            }
        }
    }
}

/// A connection lent by the pool. Whoever is done with it gives it back; one that is dropped in the middle of a call, when
/// its time is over, is closed, because its answer may never come. Not so in a Cluster: see [`UNANSWERED`].
pub(crate) struct Lent {
    connection: Option<Object<Connector>>,
    born: u64,
}

impl Lent {
    pub(crate) fn new(connection: Object<Connector>) -> Self {
        let born = connection.born;
        Self {
            connection: Some(connection),
            born,
        }
    }

    /// Which connections go with this one when it breaks.
    pub(crate) fn born(&self) -> u64 {
        self.born
    }

    pub(crate) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match &mut self.connection {
            Some(connection) => connection.send(command).await,
            None => Err((ErrorKind::Io, "the connection was given back").into()),
        }
    }

    /// Back to the pool, unless `outcome` says that it is of no more use.
    pub(crate) fn give_back(mut self, pool: &Pool, outcome: Option<&RedisError>) {
        if outcome.is_some_and(ends_connection) {
            pool.manager().unanswered(self.born);
        } else {
            pool.manager().answered();
            drop(self.connection.take());
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && matches!(connection.link, Link::Node(_))
        {
            drop(Object::take(connection));
        }
    }
}
