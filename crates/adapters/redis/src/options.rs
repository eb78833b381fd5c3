//! Where Redis is and how it is used.

use std::{fmt, time::Duration};

use thiserror::Error;

/// How to reach and use Redis (6.2 or later, or a server compatible with it).
#[derive(Clone, PartialEq, Eq)]
pub struct RedisOptions {
    /// Where it is:
    ///
    /// - one server: `redis://[user[:password]@]host[:port][/database]`;
    /// - a Cluster: several such URLs without a database, its nodes or some of them; or in one,
    ///   `redis+cluster://[user[:password]@]host:port,host:port`;
    /// - a master watched by Sentinels:
    ///   `redis+sentinel://[user[:password]@]host[:port],host[:port]/master-name[/database]`. User and password are those
    ///   of the master; the Sentinels' own are `?sentinel_username=…&sentinel_password=…`.
    ///
    /// With `rediss` instead of `redis` it is TLS, everywhere. `redis://127.0.0.1` by default.
    pub urls: Vec<String>,
    /// Certificates, for `rediss`.
    pub tls: RedisTls,
    /// How many connections at most; in a Cluster each is one to every node that is needed. The calls of one
    /// runtime share one, and open another when 64 are under way on each of its own. 16 by default.
    pub pool_size: usize,
    /// How long a call may take in all, getting a connection included; after that the store is unavailable. 1 s by
    /// default, so that a request is not kept longer than two.
    pub timeout: Duration,
    /// What every key begins with, so that several installations may share a Redis. Without braces, which would place
    /// keys in a Cluster. `informer-oauth:` by default.
    pub key_prefix: String,
}

/// Certificates for TLS.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RedisTls {
    /// PEM certificates of those who may vouch for Redis. `None`: whom the system trusts.
    pub roots: Option<Vec<u8>>,
    /// What to show to a Redis that asks for a certificate (`tls-auth-clients`).
    pub client: Option<RedisClientCertificate>,
}

/// A client certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisClientCertificate {
    /// The chain, PEM.
    pub certificate: Vec<u8>,
    /// The private key, PEM.
    pub key: Vec<u8>,
}

/// Why Redis cannot be used as configured.
#[derive(Debug, Error)]
pub enum RedisOptionsError {
    /// No URL.
    #[error("there is no address of Redis")]
    Missing,
    /// A URL is malformed. Users and passwords are not shown.
    #[error("{url} is not an address of Redis: {reason}")]
    Address {
        /// The URL, without what is secret.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Several URLs that are not nodes of one Cluster.
    #[error(
        "several addresses of Redis are nodes of one Cluster: all redis:// or all rediss://, with one user and password and no database ({0})"
    )]
    Cluster(String),
    /// Certificates for connections without TLS.
    #[error("certificates are given, but the address of Redis is not rediss://")]
    TlsUnused,
    /// A certificate or key cannot be used.
    #[error("the certificates for Redis cannot be used: {0}")]
    Certificates(String),
    /// No connection allowed, or no time to use it.
    #[error("Redis needs a pool of at least one connection and a timeout above zero")]
    Nothing,
    /// The prefix would place keys.
    #[error("the key prefix {0:?} must not have braces: they place keys in a Cluster")]
    KeyPrefix(String),
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            urls: vec!["redis://127.0.0.1".to_owned()],
            tls: RedisTls::default(),
            pool_size: 16,
            timeout: Duration::from_secs(1),
            key_prefix: "informer-oauth:".to_owned(),
        }
    }
}

/// Without users, passwords and queries.
impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<String> = self.urls.iter().map(|url| without_secrets(url)).collect();
        f.debug_struct("RedisOptions")
            .field("urls", &urls)
            .field("tls", &self.tls)
            .field("pool_size", &self.pool_size)
            .field("timeout", &self.timeout)
            .field("key_prefix", &self.key_prefix)
            .finish()
    }
}

impl fmt::Debug for RedisTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTls")
            .field("roots", &self.roots.as_ref().map(Vec::len))
            .field("client", &self.client)
            .finish()
    }
}

impl fmt::Debug for RedisClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisClientCertificate(***)")
    }
}

/// A URL as a log may show it: without user and password, and without the query, which may hold a password too.
pub(crate) fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, hosts)| hosts);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    if scheme.is_empty() {
        rest.to_owned()
    } else {
        format!("{scheme}://{rest}")
    }
}
