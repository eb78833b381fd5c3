//! What lives for minutes to hours, in Redis: authorization codes, device authorizations, sign-in sessions and attempt
//! counts, and the notices of [`Changes`](informer_oauth_ports::Changes) over publish and subscribe.
//!
//! [`Redis::connect`] makes a handle that is cheap to clone and implements `CodeStore`, `DeviceStore`, `SessionStore` and
//! `AttemptCounter`; [`Redis::changes`] starts the notices. One server, a master watched by Sentinels and a Cluster are
//! used alike.
//!
//! - **One call, one round trip.** What must be atomic is one command or one script. Only what begins with a user code
//!   takes two: first which device it belongs to, which never changes.
//! - **Every key has a time to live**, which only cleans up: what is still valid is judged by the `now` of the call.
//!   Nothing is ever looked for by `KEYS` or `SCAN`.
//! - **Losing Redis** loses codes, device authorizations, sessions and counts, and nothing is used twice by it: that a
//!   code was used is written into the code itself, so without the one there is not the other. A replica that takes over
//!   may have missed the last writes, and so may a Redis that comes back from its disk; what a code gives is inserted into
//!   `TokenStore` under an id that was chosen with the code, which happens once.
//! - **Nothing waits longer than [`RedisOptions::timeout`].** A connection that does not answer in time is closed, and those
//!   made before it are replaced when they are next wanted. No restart is needed.
//! - **Callers share connections.** What they ask at the same moment goes out in one piece and comes back in one; another
//!   connection is opened only when many calls are under way on each.
//! - **A command is carried out or not, as a whole**, also when its caller goes away, who takes along neither the connection nor
//!   anybody's answer. Every runtime that calls has connections of its own as long as there may be more, so one that ends,
//!   as a server's threads do when it stops, takes along none that others use; what further ones share lives in the
//!   runtime that the handle was made in.
//!
//! Redis must not evict keys (`maxmemory-policy noeviction`): a user's sessions are ended by a note of which they are.

mod attempts;
mod call;
mod changes;
mod codes;
mod connections;
mod devices;
mod failure;
mod keeping;
mod keys;
mod lanes;
mod message;
mod options;
mod sessions;
mod topology;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use informer_oauth_ports::{Entropy, PoolState, Pools, Probe, StoreError};
use redis::{Value, cmd};

pub use crate::{
    changes::RedisChanges,
    keeping::RedisKeeping,
    options::{RedisClientCertificate, RedisOptions, RedisOptionsError, RedisTls},
};
use crate::{connections::Connector, keys::Keys, lanes::Lanes, topology::Topology};

/// How long the key lives that health checks write.
const PROBE_SECONDS: u32 = 60;

/// A handle to Redis. Clones share its connections.
#[derive(Clone)]
pub struct Redis {
    lanes: Arc<Lanes>,
    keys: Arc<Keys>,
    timeout: Duration,
}

impl Redis {
    /// Prepares to use Redis as `options` say. Nothing is asked of it yet, so that a service also starts while Redis is
    /// down; [`Probe`] tells. Connections are made when they are first needed, and live in the runtime of the call that they
    /// were made for; the one that is shared when there may be no more, in the runtime that this is called in.
    pub fn connect(options: &RedisOptions) -> Result<Self, RedisOptionsError> {
        if options.pool_size == 0 || options.timeout.is_zero() {
            return Err(RedisOptionsError::Nothing);
        }
        if options.key_prefix.contains(['{', '}']) {
            return Err(RedisOptionsError::KeyPrefix(options.key_prefix.clone()));
        }
        // The client takes what the process has. If there is one already, it is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let connector = Connector::new(Topology::of(options)?, options.timeout)?;
        Ok(Self {
            lanes: Arc::new(Lanes::new(connector, options.pool_size)),
            keys: Arc::new(Keys::new(&options.key_prefix)),
            timeout: options.timeout,
        })
    }

    /// Starts telling and hearing of changes. Must be called in a Tokio runtime, whose tasks do it until the answer is
    /// dropped. `entropy` gives this process a name among the others, to tell its own messages by.
    pub fn changes(&self, entropy: &dyn Entropy) -> RedisChanges {
        RedisChanges::start(self.clone(), entropy)
    }
}

#[async_trait]
impl Probe for Redis {
    fn name(&self) -> &'static str {
        failure::STORE
    }

    /// Writes one key, so that a Redis that is full, read-only or short of replicas is found.
    async fn check(&self) -> Result<(), StoreError> {
        let mut write = cmd("SET");
        write.arg(self.keys.probe()).arg(1).arg("EX").arg(PROBE_SECONDS);
        self.ask::<Value>("Probe.check", "probe", write).await.map(drop)
    }
}

impl Pools for Redis {
    fn pools(&self) -> Vec<PoolState> {
        vec![self.lanes.pool()]
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("keys", &self.keys)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
