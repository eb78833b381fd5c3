//! What is said of every request: its id, its span, its line in the log, and what is counted of it.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use actix_web::{
    dev::RequestHead,
    http::{
        Method, StatusCode, Uri,
        header::{CACHE_CONTROL, HeaderMap, HeaderValue},
    },
};
use informer_oauth_application::{TRACE_TARGET, error::Fault};
use informer_oauth_domain::error::ErrorCode;
use tracing::{Span, field::Empty};

use crate::{
    address::Address,
    family::Standing,
    log_fields::LogFields,
    metrics::{NO_ROUTE, Requests, method_name},
    request_id::{REQUEST_ID, request_id},
    security_headers,
    state::HttpState,
};

/// One request's. Never the query, a header or a body: they hold codes, tokens and passwords.
pub(crate) struct Line {
    started: Instant,
    requests: Requests,
    https: bool,
    pub(crate) span: Span,
    pub(crate) log: LogFields,
    address: Option<IpAddr>,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) standing: Standing,
}

impl Line {
    /// Begins one for a request whose `uri` is below the issuer. `route` looks for its pattern: that takes microseconds, so it
    /// is asked only where somebody wants the span.
    pub(crate) fn begin(
        head: &RequestHead,
        uri: Uri,
        state: &HttpState,
        requests: &Requests,
        route: impl FnOnce() -> Option<String>,
    ) -> Self {
        let id = request_id(&head.headers, &state.app);
        Self {
            started: Instant::now(),
            requests: requests.clone(),
            https: state.is_https(),
            span: span(head, state, &id, route),
            log: LogFields::new(id),
            address: Address::behind(head, state).0,
            method: head.method.clone(),
            standing: Standing::of(uri.path()),
            uri,
        }
    }

    /// Adds the headers that every answer has. A yes to a proxy has fewer: no browser gets to see it.
    pub(crate) fn finish(&self, status: StatusCode, headers: &mut HeaderMap) {
        headers.insert(REQUEST_ID, self.log.request_id().clone());
        if self.standing.to_proxy && status.is_success() {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        } else {
            security_headers::add(status, headers, self.standing, self.https);
        }
    }

    /// Logs and counts the answer. `pattern` finds the pattern of the route.
    pub(crate) fn end(&self, status: StatusCode, pattern: impl FnOnce() -> Option<String>) {
        let took = self.started.elapsed();
        self.requests
            .count(self.uri.path(), pattern, &self.method, status, took);
        if !self.span.is_disabled() {
            self.span.record("http.response.status_code", status.as_u16());
            if status.is_server_error() {
                self.span.record("otel.status_code", "ERROR");
            }
        }
        let request_id = self.id();
        let fields = self.log.fields();
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "http",
                    method = self.method.as_str(),
                    path = self.uri.path(),
                    status = status.as_u16(),
                    ms = rounded_ms(took),
                    error = fields.error.map(ErrorCode::as_str),
                    reason = fields.reason,
                    fault = fields.fault.as_ref().map(tracing::field::display),
                    client_id = fields.client_id.map(tracing::field::display),
                    grant_type = fields.grant_type,
                    address = self.address.map(tracing::field::display),
                    request_id,
                )
            };
        }
        if matches!(fields.fault, Some(Fault::Internal(_))) {
            line!(error);
        } else if status.is_server_error() {
            line!(warn);
        } else if self.standing.quiet {
            line!(debug);
        } else {
            line!(info);
        }
    }

    /// The request's id.
    pub(crate) fn id(&self) -> &str {
        self.log.request_id().to_str().unwrap_or_default()
    }
}

/// A duration in milliseconds, to the microsecond.
fn rounded_ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// The request's span, for whoever collects traces. It names the route and never the path: that may hold names, and the query
/// holds codes. The name of a span is settled when it begins, so the route is looked for before it is taken.
fn span(head: &RequestHead, state: &HttpState, id: &HeaderValue, route: impl FnOnce() -> Option<String>) -> Span {
    let span = tracing::info_span!(
        target: TRACE_TARGET,
        "request",
        otel.name = Empty,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method_name(&head.method),
        http.route = Empty,
        http.response.status_code = Empty,
        request_id = id.to_str().unwrap_or_default(),
    );
    if !span.is_disabled() {
        let route = route();
        let route = route.as_deref().unwrap_or(NO_ROUTE);
        span.record("otel.name", format!("{} {route}", method_name(&head.method)))
            .record("http.route", route);
        if let Some(adopt) = state.settings.adopt_trace {
            adopt(&span, &head.headers);
        }
    }
    span
}
