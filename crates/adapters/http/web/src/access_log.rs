//! The access log: the id, the span, the log line and the metrics of a request.

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
    endpoint::EndpointClass,
    log_fields::LogFields,
    metrics::{Requests, method_name},
    request_id::{REQUEST_ID, request_id},
    security_headers,
    state::HttpState,
};

/// Access log of one request. It never holds a query, a header or a body: they contain codes, tokens and passwords.
pub struct AccessLog {
    started: Instant,
    requests: Requests,
    https: bool,
    pub span: Span,
    pub fields: LogFields,
    address: Option<IpAddr>,
    pub method: Method,
    pub uri: Uri,
    pattern: &'static str,
    pub class: EndpointClass,
}

impl AccessLog {
    /// Starts the log of a request for `uri`, whose path is below the issuer and belongs to a row of the route table with this
    /// pattern and class.
    pub fn start(
        head: &RequestHead,
        uri: Uri,
        state: &HttpState,
        requests: &Requests,
        pattern: &'static str,
        class: EndpointClass,
    ) -> Self {
        let id = request_id(&head.headers, &state.app);
        Self {
            started: Instant::now(),
            requests: requests.clone(),
            https: state.is_https(),
            span: span(head, state, &id, pattern),
            fields: LogFields::new(id),
            address: Address::behind(head, state).0,
            method: head.method.clone(),
            uri,
            pattern,
            class,
        }
    }

    /// Adds the headers that every answer has. A success of the gate has fewer: the proxy keeps it to itself.
    pub fn apply_headers(&self, status: StatusCode, headers: &mut HeaderMap) {
        headers.insert(REQUEST_ID, self.fields.request_id().clone());
        if self.class.to_proxy && status.is_success() {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        } else {
            security_headers::add(status, headers, self.class, self.https);
        }
    }

    /// Logs and counts the answer.
    pub fn record(&self, status: StatusCode) {
        let took = self.started.elapsed();
        self.requests.count(self.pattern, &self.method, status, took);
        if !self.span.is_disabled() {
            self.span.record("http.response.status_code", status.as_u16());
            if status.is_server_error() {
                self.span.record("otel.status_code", "ERROR");
            }
        }
        let request_id = self.id();
        let fields = self.fields.copy();
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
        } else if self.class.quiet {
            line!(debug);
        } else {
            line!(info);
        }
    }

    /// The request's id.
    pub fn id(&self) -> &str {
        self.fields.request_id().to_str().unwrap_or_default()
    }
}

/// A duration in milliseconds, to the microsecond.
fn rounded_ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// Makes the request's span for traces. It names the pattern and never the path, which may contain names; a query contains codes.
fn span(head: &RequestHead, state: &HttpState, id: &HeaderValue, pattern: &str) -> Span {
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
        span.record("otel.name", format!("{} {pattern}", method_name(&head.method)))
            .record("http.route", pattern);
        if let Some(adopt) = state.settings.adopt_trace {
            adopt(&span, &head.headers);
        }
    }
    span
}
