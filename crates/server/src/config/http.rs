use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    thread,
};

use informer_oauth_http::Network;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{Problems, issuer};

/// `http.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Where to listen; port 0 picks one.
    #[serde(deserialize_with = "listen_address")]
    pub(crate) listen: SocketAddr,
    /// Where metrics are served; unset, it follows the database.
    pub(crate) metrics_listen: Option<MetricsListen>,
    /// Threads that answer requests; one a core by default.
    pub(crate) workers: usize,
    /// Addresses and networks whose forwarded headers count.
    pub(crate) trusted_proxies: Vec<String>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)),
            metrics_listen: None,
            workers: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            trusted_proxies: Vec::new(),
        }
    }
}

/// Where metrics are served, if anywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum MetricsListen {
    /// Nowhere, and nothing is counted.
    Off,
    /// Here; port 0 picks one.
    At(SocketAddr),
}

impl TryFrom<String> for MetricsListen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "" | "off" => Ok(Self::Off),
            address => parse_listen(address)
                .map(Self::At)
                .map_err(|error| format!("http.metrics_listen: {error}, or off")),
        }
    }
}

fn listen_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    parse_listen(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Parses an IP address with a port. `localhost` is 127.0.0.1; other names are not looked up.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let local = text
        .rsplit_once(':')
        .filter(|(host, _)| host.eq_ignore_ascii_case("localhost"))
        .and_then(|(_, port)| port.parse().ok())
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    local.or_else(|| text.parse().ok()).ok_or_else(|| {
        format!(
            "{text:?} is not an IP address with a port: write, for example, 127.0.0.1:8787, localhost:8787, [::1]:8787 or \
             0.0.0.0:8787"
        )
    })
}

impl From<MetricsListen> for String {
    fn from(listen: MetricsListen) -> Self {
        match listen {
            MetricsListen::Off => "off".into(),
            MetricsListen::At(address) => address.to_string(),
        }
    }
}

impl Http {
    /// Where metrics are served, for a service on an embedded database or on others. Embedded, mostly nobody collects them,
    /// and several may run on one machine.
    pub(crate) fn metrics_listen(&self, embedded: bool) -> Option<SocketAddr> {
        match self.metrics_listen {
            Some(MetricsListen::At(address)) => Some(address),
            Some(MetricsListen::Off) => None,
            None if embedded => None,
            None => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9787))),
        }
    }

    /// Where this machine reaches the service.
    pub(crate) fn reachable(&self) -> SocketAddr {
        issuer::reachable(self.listen)
    }

    pub(super) fn validate(&self, problems: &mut Problems) {
        problems.range("http.workers", self.workers, 1..=1024);
        for text in &self.trusted_proxies {
            if let Err(error) = text.parse::<Network>() {
                problems.add("http.trusted_proxies", format_args!("{text:?} is {error}"));
            }
        }
    }

    /// The networks; those that are none were refused before.
    pub(crate) fn networks(&self) -> Vec<Network> {
        self.trusted_proxies
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn metrics(text: Option<&str>, embedded: bool) -> Option<String> {
        let http = Http {
            metrics_listen: text.map(|text| text.to_owned().try_into().unwrap()),
            ..Http::default()
        };
        http.metrics_listen(embedded).map(|address| address.to_string())
    }

    #[test]
    fn metrics_are_served_where_it_says_else_where_the_database_is_a_server() {
        assert_eq!(metrics(None, true), None);
        assert_eq!(metrics(None, false).as_deref(), Some("127.0.0.1:9787"));
        for off in ["", "off"] {
            assert_eq!(metrics(Some(off), false), None);
        }
        assert_eq!(metrics(Some("[::1]:80"), true).as_deref(), Some("[::1]:80"));
        assert_eq!(metrics(Some("localhost:80"), true).as_deref(), Some("127.0.0.1:80"));
        assert!(MetricsListen::try_from("localhost".to_owned()).is_err());
    }

    #[test]
    fn localhost_is_an_address_and_other_names_are_refused() {
        assert_eq!(parse_listen("LocalHost:8787").unwrap().to_string(), "127.0.0.1:8787");
        assert_eq!(parse_listen("[::1]:0").unwrap().to_string(), "[::1]:0");
        for wrong in [
            "localhost",
            "localhost:",
            "localhost:x",
            "localhost:70000",
            ":8787",
            "example.com:80",
            "8787",
        ] {
            let error = parse_listen(wrong).unwrap_err();
            assert!(error.contains(wrong) && error.contains("127.0.0.1:8787"), "{error}");
        }
    }
}
