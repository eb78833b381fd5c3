//! Requests to others, one at a time and rarely: to an issuer, and to a collector of traces. Blocks.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use anyhow::Context as _;
use rustls::crypto::ring;
use ureq::{
    Agent, Proxy,
    http::{HeaderMap, Request, header::RETRY_AFTER},
    tls::{Certificate, RootCerts, TlsConfig},
};
use url::{Host, Url};

/// How long finding the host, connecting, and each part of the exchange may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer that is read, in bytes.
const LARGEST: u64 = 256 * 1024;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header; one that came twice, or is no text, says nothing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// After how long to try again (RFC 9110 §10.2.3), where it says so in seconds.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header(RETRY_AFTER.as_str())?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// To this very machine: never through a proxy.
static LOOPBACK: LazyLock<Agent> = LazyLock::new(|| agent(None));

/// To anywhere else.
static ANYWHERE: LazyLock<Agent> = LazyLock::new(|| agent(Proxy::try_from_env()));

/// What the system trusts; `SSL_CERT_FILE` and `SSL_CERT_DIR` name something else.
fn system_trust() -> TlsConfig {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::debug!(%error, "some of the system's certificates cannot be read");
    }
    let roots = found.certs.iter().map(|root| Certificate::from_der(root).to_owned());
    TlsConfig::builder()
        .root_certs(RootCerts::from(roots))
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build()
}

fn agent(proxy: Option<Proxy>) -> Agent {
    Agent::config_builder()
        .proxy(proxy)
        .tls_config(system_trust())
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("informer-oauth/", env!("CARGO_PKG_VERSION")))
        // The next request is seconds away: by then the other side may have closed.
        .max_idle_connections(0)
        .timeout_global(Some(PATIENCE))
        .timeout_resolve(Some(TIMEOUT))
        .timeout_connect(Some(TIMEOUT))
        .timeout_send_request(Some(TIMEOUT))
        .timeout_send_body(Some(TIMEOUT))
        .timeout_recv_response(Some(TIMEOUT))
        .timeout_recv_body(Some(TIMEOUT))
        .build()
        .new_agent()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// One request; a redirect is an answer like any other. Over https, certificates are verified with what the system trusts.
/// Except to this machine, it goes through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names, unless
/// `NO_PROXY` has the host.
pub(crate) fn send(url: &Url, method: &str, headers: &[(&str, &str)], body: &[u8]) -> anyhow::Result<Answer> {
    let agent = if is_loopback(url) { &LOOPBACK } else { &ANYWHERE };
    let mut request = Request::builder().method(method).uri(url.as_str());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = if body.is_empty() {
        agent.run(request.body(())?)?
    } else {
        agent.run(request.body(body)?)?
    };
    let read = answer.body_mut().with_config().limit(LARGEST).read_to_vec();
    Ok(Answer {
        status: answer.status().as_u16(),
        body: read.context("its answer breaks off")?,
        headers: std::mem::take(answer.headers_mut()),
    })
}
