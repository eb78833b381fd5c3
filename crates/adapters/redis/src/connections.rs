//! Connections: how they are made, lent and given up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, PushInfo, PushKind, RedisError, RedisResult, Value,
    aio::{MultiplexedConnection, PubSub},
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
    cmd,
};
use tokio::time::timeout;

use crate::{
    failure::ends_connection,
    options::RedisOptionsError,
    topology::{Topology, moved, watched, without_delay},
};

/// Calls that share a connection before another is opened. One connection serves them as fast as several would, with fewer
/// system calls; but a large call holds up those after it.
pub(crate) const SHARED_BY: usize = 64;

/// How often a Cluster's client sends a command again: one that a node passed on to another, and one whose node went away.
/// A redemption that was done, but whose answer went with its node, so becomes a replay, which fails closed.
const RESENDS: u32 = 3;

/// After so many calls in a row without an answer, connections to a Cluster are made anew. One is not enough: a connection
/// to a Cluster is one to each node, of which one may hang, and looks after each by itself.
const UNANSWERED: u32 = 3;

/// A connection to wherever the keys are. Clones share it: what their callers ask at the same moment goes out together, and
/// each gets the answer to its own question, whoever of the others has gone away. A task of the runtime that it was made in
/// moves the bytes, until the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Connection {
    link: Link,
    born: u64,
}

#[derive(Clone)]
enum Link {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Which connections go with this one when it breaks.
    pub(crate) fn born(&self) -> u64 {
        self.born
    }

    /// One command, one answer.
    pub(crate) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match &mut self.link {
            Link::Node(node) => node.send_packed_command(command).await?.extract_error(),
            Link::Cluster(cluster) => command.query_async(cluster).await,
        }
    }
}

/// How long the steps of getting a connection may take, so that the whole is within a call's time.
#[derive(Clone, Copy, Debug)]
struct Patience {
    connect: Duration,
    check: Duration,
    whole: Duration,
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
            whole,
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
                    .response_timeout(patience.whole)
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

    /// Notes what came of a call on a connection made when `born` was counted.
    pub(crate) fn answered(&self, born: u64, answer: &RedisResult<Value>) {
        if answer.as_ref().is_err_and(ends_connection) {
            self.unanswered(born);
        } else if self.unanswered.load(Ordering::Relaxed) > 0 {
            self.unanswered.store(0, Ordering::Relaxed);
        }
    }

    /// Whether a connection was made after the last time that one broke.
    pub(crate) fn is_good(&self, connection: &Connection) -> bool {
        connection.born >= self.breaks.load(Ordering::Relaxed)
    }

    /// `silent`, if it is still one, or another connection.
    pub(crate) async fn renew(&self, silent: Option<Connection>) -> RedisResult<Connection> {
        if let Some(mut connection) = silent {
            match timeout(self.patience.check, connection.send(&cmd("PING"))).await {
                Ok(Ok(_)) => return Ok(connection),
                Ok(Err(_)) | Err(_) => self.broke(connection.born),
            }
        }
        let made = timeout(self.patience.whole, self.connect()).await;
        made.unwrap_or_else(|_| Err(no_connection(self.patience.whole)))
    }

    async fn connect(&self) -> RedisResult<Connection> {
        let born = self.breaks.load(Ordering::Relaxed);
        let link = match &self.servers {
            Servers::Single(server) => Link::Node(self.node(server.clone(), born).await?),
            Servers::Sentinel(known) => Link::Node(self.master(known, born).await?.1),
            Servers::Cluster { client, .. } => Link::Cluster(client.get_async_connection().await?),
        };
        Ok(Connection { link, born })
    }

    fn settings(&self) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.patience.connect))
            .set_response_timeout(Some(self.patience.whole))
    }

    /// A connection to one server, which says by itself when it ends.
    async fn node(&self, server: ConnectionInfo, born: u64) -> RedisResult<MultiplexedConnection> {
        let breaks = Arc::clone(&self.breaks);
        let settings = self
            .settings()
            // Whoever calls keeps the time.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(SHARED_BY)
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    breaks.fetch_max(born + 1, Ordering::Relaxed);
                }
                Ok::<(), ()>(())
            });
        let client = Client::open(watched(server))?;
        client.get_multiplexed_async_connection_with_config(&settings).await
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

/// That there is none after `patience`.
pub(crate) fn no_connection(patience: Duration) -> RedisError {
    (ErrorKind::Io, "no connection", format!("within {patience:?}")).into()
}
