use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    thread,
};

use informer_oauth_http::Network;
use serde::{Deserialize, Serialize};

use super::Problems;

/// `http.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Where to listen; port 0 picks one.
    pub(crate) listen: SocketAddr,
    /// Threads that answer requests; one a core by default.
    pub(crate) workers: usize,
    /// Addresses and networks whose forwarded headers count.
    pub(crate) trusted_proxies: Vec<String>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)),
            workers: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            trusted_proxies: Vec::new(),
        }
    }
}

impl Http {
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
