//! What every handler can reach.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    HttpRequest,
    http::header::{HOST, HeaderMap, HeaderValue, ORIGIN},
    web,
};
use informer_oauth_application::Application;
use informer_oauth_domain::timestamp::Timestamp;
use url::Url;

use crate::{cookies::cookie_suffix, network::Network, same_origin::SiteOrigin};

/// The largest body of most requests, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The largest body of an icon upload, in bytes.
pub const MAX_ICON_BODY_BYTES: usize = 256 * 1024;

/// Makes a request's span a child of the one that the request's headers name (W3C Trace Context). Called before the span is
/// entered, and only for spans that somebody wants.
pub type AdoptTrace = fn(&tracing::Span, &HeaderMap);

/// What the operator decides about the HTTP side.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Whether cookies are set with `Secure`: yes, unless the issuer is plain http.
    pub cookie_secure: bool,
    /// The end of each cookie's name: see [`cookie_suffix`].
    pub cookie_suffix: String,
    /// Peers whose forwarded headers count.
    pub trusted_proxies: Vec<Network>,
    /// The largest body of most requests, in bytes.
    pub max_body_bytes: usize,
    /// The largest body of an icon upload, in bytes.
    pub max_icon_body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long one readiness check may take.
    pub probe_timeout: Duration,
    /// How a request's span finds its parent, where spans are exported.
    pub adopt_trace: Option<AdoptTrace>,
    /// For whoever builds the `HttpServer`.
    pub server: ServerLimits,
}

impl HttpSettings {
    /// The defaults for an issuer.
    pub fn for_issuer(issuer: &str) -> Self {
        Self {
            cookie_secure: issuer.starts_with("https://"),
            cookie_suffix: cookie_suffix(issuer),
            trusted_proxies: Vec::new(),
            max_body_bytes: MAX_BODY_BYTES,
            max_icon_body_bytes: MAX_ICON_BODY_BYTES,
            body_timeout: Duration::from_secs(10),
            probe_timeout: Duration::from_millis(1500),
            adopt_trace: None,
            server: ServerLimits::default(),
        }
    }

    /// Returns the whole name of a cookie. The prefix keeps hosts below or beside this one from setting ours, in browsers that
    /// know it (RFC 6265bis §4.1.3.2).
    pub fn cookie_name(&self, base: &str) -> String {
        let prefix = if self.cookie_secure { "__Host-" } else { "" };
        format!("{prefix}{base}{}", self.cookie_suffix)
    }
}

/// Limits that are the server's to enforce, not a handler's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServerLimits {
    /// How long a request line and its headers may take to arrive.
    pub head_timeout: Duration,
    /// How long a body may take to arrive that no handler waits for.
    pub body_timeout: Duration,
    /// How long an answer may wait for a client that does not read.
    pub write_timeout: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long a connection that is being closed may take.
    pub disconnect_timeout: Duration,
    /// How many connections one worker holds; more wait in the backlog.
    pub connections_per_worker: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(75),
            disconnect_timeout: Duration::from_secs(1),
            connections_per_worker: 25_000,
        }
    }
}

/// Time for which a refused `Origin` is remembered and no further warning is logged.
const REFUSED_ORIGIN_KEPT: Duration = Duration::from_hours(1);

/// The `Origin` of a refused form.
struct RefusedOrigin {
    origin: String,
    at: Timestamp,
}

impl RefusedOrigin {
    /// Returns true if `now` is within an hour of the refusal, in either direction: the clock may have been put back.
    fn is_recent(&self, now: Timestamp) -> bool {
        now.since(self.at).max(self.at.since(now)) < REFUSED_ORIGIN_KEPT
    }
}

/// What every handler can reach, as `web::Data<HttpState>`.
pub struct HttpState {
    /// The use cases.
    pub app: Arc<Application>,
    /// The operator's decisions.
    pub settings: HttpSettings,
    site: SiteOrigin,
    base_path: String,
    refused_origin: Mutex<Option<RefusedOrigin>>,
}

/// The issuer cannot be one.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the issuer must be an http or https URL without query and fragment: {0}")]
pub struct InvalidIssuer(String);

impl HttpState {
    /// Prepares what follows from the issuer.
    pub fn new(app: Arc<Application>, settings: HttpSettings) -> Result<Self, InvalidIssuer> {
        let issuer = app.settings.resources.issuer.as_str();
        let refused = || InvalidIssuer(issuer.to_owned());
        let url = Url::parse(issuer).map_err(|_| refused())?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(refused());
        }
        let site = SiteOrigin::of(&url).ok_or_else(refused)?;
        let base_path = url.path().trim_end_matches('/').to_owned();
        Ok(Self {
            app,
            settings,
            site,
            base_path,
            refused_origin: Mutex::new(None),
        })
    }

    /// The state that a request was configured with.
    pub fn of(request: &HttpRequest) -> &web::Data<Self> {
        request
            .app_data()
            .expect("`service` registers the state before any route")
    }

    /// The issuer, byte for byte.
    pub fn issuer(&self) -> &str {
        self.app.settings.resources.issuer.as_str()
    }

    /// A URL below the issuer, for `path` with a leading slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer().trim_end_matches('/'))
    }

    /// What links on our pages start with: the issuer's path without a trailing slash, mostly empty. Requests are served
    /// with and without it, so that it does not matter whether the proxy strips it.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// The origin of our own pages.
    pub const fn site(&self) -> &SiteOrigin {
        &self.site
    }

    /// Whether a write with a session cookie comes from a page of this site. A refusal leaves a warning, at most one an hour:
    /// an `issuer` that is not the address that people use is the usual reason.
    pub fn accepts_origin(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        let accepted = self.site.is_same_origin(headers);
        if !accepted {
            self.note_refused_origin(headers, now);
        }
        accepted
    }

    fn note_refused_origin(&self, headers: &HeaderMap, now: Timestamp) {
        let sent = |name| {
            let value = headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
            String::from_utf8_lossy(value.get(..200).unwrap_or(value)).into_owned()
        };
        let mut refused = self.refused_origin.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.as_ref().is_some_and(|refused| refused.is_recent(now)) {
            return;
        }
        let origin = sent(ORIGIN);
        tracing::warn!(
            ?origin,
            host = ?sent(HOST),
            issuer = self.issuer(),
            "a form was refused because it was not sent from the issuer's address; if people use the address in origin, set \
             issuer to it"
        );
        *refused = Some(RefusedOrigin { origin, at: now });
    }

    /// Returns the `Origin` of a form that was refused in the last hour because it is not the issuer's.
    pub fn refused_origin(&self, now: Timestamp) -> Option<String> {
        let refused = self.refused_origin.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = refused.as_ref().filter(|refused| refused.is_recent(now));
        recent.map(|refused| refused.origin.clone())
    }

    /// Whether the public URL is https.
    pub fn is_https(&self) -> bool {
        self.issuer().starts_with("https://")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_names_have_the_prefix_and_the_suffix_of_the_issuer() {
        let named = |issuer: &str| HttpSettings::for_issuer(issuer).cookie_name("form");
        assert_eq!(named("https://bi.example.com/test"), "__Host-form.test");
        assert_eq!(named("http://127.0.0.1:8787"), "form-8787");
    }
}
