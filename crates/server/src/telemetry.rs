//! Traces: one span for each request and each call to a store, sent to a collector as OTLP (protobuf over HTTP).
//!
//! The spans are `tracing` spans of their own target ([`TRACE_TARGET`]); without a collector nobody wants that target, and a span
//! costs a comparison.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName};
use anyhow::Context as _;
use async_trait::async_trait;
use informer_oauth_ports::TRACE_TARGET;
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator as _},
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{filter::Targets, layer::Layer, registry::LookupSpan};
use url::Url;

use crate::{config::Telemetry, outbound};

const NAME: &str = env!("CARGO_PKG_NAME");

/// How long the last spans may take to be sent when the service ends.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// Traces on their way to a collector. A thread sends them; when the collector is away or slow they are dropped, and no
/// request waits.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts sending, if there is where to.
    pub(crate) fn start(config: &Telemetry) -> anyhow::Result<Option<Self>> {
        let Some(url) = config.traces_url() else {
            return Ok(None);
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector)
            .with_endpoint(url)
            .build()
            .context("telemetry.otlp_endpoint")?;
        let resource = Resource::builder()
            .with_service_name(NAME)
            .with_attribute(opentelemetry::KeyValue::new(
                "service.version",
                env!("CARGO_PKG_VERSION"),
            ))
            .build();
        // Whoever calls with a trace of its own has decided whether that one is kept.
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample_ratio)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .with_sampler(sampler)
            .build();
        Ok(Some(Self(provider)))
    }

    /// What hands spans over, and nothing else.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(NAME))
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(TRACE_TARGET, tracing::Level::TRACE))
    }

    /// Sends what is left.
    pub(crate) fn finish(self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_WORDS) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Makes a request's span a child of the one that `traceparent` names (W3C Trace Context §3.2).
pub(crate) fn adopt(span: &Span, headers: &HeaderMap) {
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
    if context.span().span_context().is_valid()
        && let Err(error) = span.set_parent(context)
    {
        tracing::debug!(?error, "a request's span has no place for its parent");
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    /// A header that came twice says nothing.
    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.get_all(name);
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Sends to the collector. It blocks, as it may on the exporter's own thread.
#[derive(Debug)]
struct Collector;

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string())?;
        let headers: Vec<(&str, &str)> = head
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        // What the exporter says of a failure leaves out the reason.
        let answer = outbound::send(&url, head.method.as_str(), &headers, &body).inspect_err(
            |error| tracing::debug!(error = format!("{error:#}"), %url, "the collector was not reached"),
        )?;
        Ok(Response::builder().status(answer.status).body(answer.body.into())?)
    }
}
