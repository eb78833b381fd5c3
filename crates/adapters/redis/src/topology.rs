//! URLs as servers to connect to.

use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo,
    TlsCertificates, io::tcp::TcpSettings,
};
use url::form_urlencoded;

use crate::options::{RedisOptions, RedisOptionsError, RedisTls, without_secrets};

/// Which servers there are.
#[derive(Clone, Debug)]
pub(crate) enum Topology {
    /// One server.
    Single(ConnectionInfo),
    /// A master that Sentinels know.
    Sentinel {
        /// The Sentinels.
        sentinels: Vec<ConnectionInfo>,
        /// The master's name.
        master: String,
        /// How to connect to it: everything but its address, which is anything here.
        node: ConnectionInfo,
    },
    /// Nodes of a Cluster, from which the others are learnt.
    Cluster {
        /// The nodes.
        seeds: Vec<ConnectionInfo>,
        /// Certificates for the others.
        certificates: Option<TlsCertificates>,
    },
}

/// Sentinels listen here.
const SENTINEL_PORT: u16 = 26379;

impl Topology {
    pub(crate) fn of(options: &RedisOptions) -> Result<Self, RedisOptionsError> {
        let certificates = certificates(&options.tls)?;
        if certificates.is_some() && !options.urls.iter().all(|url| url.starts_with("rediss")) {
            return Err(RedisOptionsError::TlsUnused);
        }
        match options.urls.as_slice() {
            [] => Err(RedisOptionsError::Missing),
            [url] => {
                let parts = Parts::of(url)?;
                match parts.kind {
                    "" => Ok(Self::Single(parts.node(certificates.as_ref())?)),
                    "sentinel" => parts.sentinels(certificates.as_ref()),
                    "cluster" => cluster(parts.seeds(certificates.as_ref())?, certificates),
                    other => Err(parts.wrong(format!("{other} is neither sentinel nor cluster"))),
                }
            }
            several => {
                let seeds = several.iter().map(|url| {
                    let parts = Parts::of(url)?;
                    match parts.kind {
                        "" => parts.node(certificates.as_ref()),
                        _ => Err(RedisOptionsError::Cluster(without_secrets(url))),
                    }
                });
                cluster(seeds.collect::<Result<_, _>>()?, certificates)
            }
        }
    }
}

fn cluster(seeds: Vec<ConnectionInfo>, certificates: Option<TlsCertificates>) -> Result<Topology, RedisOptionsError> {
    if let Some(seed) = seeds.iter().find(|seed| seed.redis_settings().db() != 0) {
        return Err(RedisOptionsError::Cluster(format!("{} has a database", seed.addr())));
    }
    Ok(Topology::Cluster { seeds, certificates })
}

fn certificates(tls: &RedisTls) -> Result<Option<TlsCertificates>, RedisOptionsError> {
    const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";
    if tls.roots.is_none() && tls.client.is_none() {
        return Ok(None);
    }
    let lists = [
        tls.roots.as_ref(),
        tls.client.as_ref().map(|client| &client.certificate),
    ];
    let is_empty = |pem: &Vec<u8>| !pem.windows(CERTIFICATE.len()).any(|window| window == CERTIFICATE);
    if lists.into_iter().flatten().any(is_empty) {
        return Err(RedisOptionsError::Certificates(
            "there is no PEM certificate".to_owned(),
        ));
    }
    Ok(Some(TlsCertificates {
        client_tls: tls.client.as_ref().map(|client| ClientTlsConfig {
            client_cert: client.certificate.clone(),
            client_key: client.key.clone(),
        }),
        root_cert: tls.roots.clone(),
    }))
}

/// `redis[s][+kind]://[user@]hosts[/path][?query]`
struct Parts<'a> {
    url: &'a str,
    scheme: &'a str,
    kind: &'a str,
    /// With its `@`, or empty.
    user: &'a str,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Result<Self, RedisOptionsError> {
        let wrong = |reason: &str| RedisOptionsError::Address {
            url: without_secrets(url),
            reason: reason.to_owned(),
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let (scheme, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        if !matches!(scheme, "redis" | "rediss") {
            return Err(wrong("the scheme is neither redis nor rediss"));
        }
        if rest.contains('#') {
            return Err(wrong("it has a fragment; in a password, # is written %23"));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = match authority.rfind('@') {
            Some(at) => authority.split_at(at + 1),
            None => ("", authority),
        };
        Ok(Self {
            url,
            scheme,
            kind,
            user,
            hosts,
            path,
            query,
        })
    }

    fn wrong(&self, reason: impl Into<String>) -> RedisOptionsError {
        RedisOptionsError::Address {
            url: without_secrets(self.url),
            reason: reason.into(),
        }
    }

    /// A server, at `host`.
    fn server(
        &self,
        user: &str,
        host: &str,
        database: &str,
        certificates: Option<&TlsCertificates>,
    ) -> Result<ConnectionInfo, RedisOptionsError> {
        if host.is_empty() {
            return Err(self.wrong("a host is missing"));
        }
        let text = format!("{}://{user}{host}/{database}", self.scheme);
        let info = text
            .into_connection_info()
            .map_err(|error| self.wrong(error.to_string()))?
            .set_tcp_settings(without_delay());
        let Some(certificates) = certificates else {
            return Ok(info);
        };
        let client = Client::build_with_tls(info, certificates.clone());
        let client = client.map_err(|error| RedisOptionsError::Certificates(error.to_string()))?;
        Ok(client.get_connection_info().clone())
    }

    fn without_query(&self) -> Result<(), RedisOptionsError> {
        if self.query.is_empty() {
            Ok(())
        } else {
            Err(self.wrong("it has a query, which only redis+sentinel:// takes"))
        }
    }

    fn node(&self, certificates: Option<&TlsCertificates>) -> Result<ConnectionInfo, RedisOptionsError> {
        self.without_query()?;
        self.server(self.user, self.hosts, self.path, certificates)
    }

    fn seeds(&self, certificates: Option<&TlsCertificates>) -> Result<Vec<ConnectionInfo>, RedisOptionsError> {
        self.without_query()?;
        let hosts = self.hosts.split(',');
        hosts
            .map(|host| self.server(self.user, host, self.path, certificates))
            .collect()
    }

    fn sentinels(&self, certificates: Option<&TlsCertificates>) -> Result<Topology, RedisOptionsError> {
        let (master, database) = self.path.split_once('/').unwrap_or((self.path, ""));
        if master.is_empty() {
            return Err(self.wrong("the master's name is missing"));
        }
        let mut credentials = RedisConnectionInfo::default();
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()) {
            credentials = match &*name {
                "sentinel_username" => credentials.set_username(value),
                "sentinel_password" => credentials.set_password(value),
                other => return Err(self.wrong(format!("the query parameter {other} is not known"))),
            };
        }
        let sentinels = self.hosts.split(',').map(|host| {
            let port = if has_port(host) {
                String::new()
            } else {
                format!(":{SENTINEL_PORT}")
            };
            let server = self.server("", &format!("{host}{port}"), "", certificates)?;
            Ok(server.set_redis_settings(credentials.clone()))
        });
        Ok(Topology::Sentinel {
            sentinels: sentinels.collect::<Result<_, _>>()?,
            master: master.to_owned(),
            node: self.server(self.user, "node", database, certificates)?,
        })
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Commands go out as they come.
pub(crate) fn without_delay() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

/// `server`, at another address.
pub(crate) fn moved(server: &ConnectionInfo, host: String, port: u16) -> ConnectionInfo {
    let address = match server.addr() {
        ConnectionAddr::TcpTls {
            insecure, tls_params, ..
        } => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host, port),
    };
    server.clone().set_addr(address)
}

/// `server`, spoken to in the protocol that says by itself when a connection ends.
pub(crate) fn watched(server: ConnectionInfo) -> ConnectionInfo {
    let settings = server.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    server.set_redis_settings(settings)
}

#[cfg(test)]
#[path = "topology/tests.rs"]
mod tests;
