//! Traces: what is sent, what is not, and that nothing waits for it.

use std::{net::TcpListener, time::Instant};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message as _;

use crate::{
    collector::{Collector, attribute, hex},
    common::{Service, stores},
    support::*,
};

const ENDPOINT: &str = "INFORMER_OAUTH__TELEMETRY__OTLP_ENDPOINT";
const RATIO: &str = "INFORMER_OAUTH__TELEMETRY__SAMPLE_RATIO";
/// OpenTelemetry's own variable: how long a batch waits, in milliseconds.
const DELAY: &str = "OTEL_BSP_SCHEDULE_DELAY";

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// The example of W3C Trace Context §3.2.
fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{CALLER}-{flags}")
}

fn is_request(span: &Span) -> bool {
    span.kind == SpanKind::Server as i32
}

#[test]
fn a_refresh_is_a_span_of_the_callers_trace_with_its_store_calls_below_it() {
    let collector = Collector::start();
    let world = World::start_with(&[
        (ENDPOINT, collector.address()),
        (DELAY, "100"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=acme"),
    ]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let request = client
        .refreshment(tokens.refresh())
        .header("traceparent", &traceparent("01"))
        .header("X-Request-Id", "the-request-of-this-test");
    let answer = world.http.send(request).is(200);
    let successor = Tokens::read(answer.oauth_json());

    let spans = collector.trace(TRACE, is_request);
    let request = spans.iter().find(|span| is_request(span)).unwrap();
    assert_eq!(request.name, "POST /oauth/token");
    assert_eq!(hex(&request.parent_span_id), CALLER);
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/oauth/token"),
        ("http.response.status_code", "200"),
        ("request_id", "the-request-of-this-test"),
    ] {
        assert_eq!(attribute(&request.attributes, key).as_deref(), Some(value), "{key}");
    }
    assert!(request.end_time_unix_nano > request.start_time_unix_nano);
    let store = if stores::are_production() { "postgres" } else { "sqlite" };
    let rotation = spans
        .iter()
        .find(|span| span.name == format!("{store} TokenStore.rotate"))
        .unwrap_or_else(|| panic!("{spans:?}"));
    assert_eq!(rotation.parent_span_id, request.span_id);
    assert_eq!(rotation.kind, SpanKind::Client as i32);
    assert_eq!(
        attribute(&rotation.attributes, "db.system.name").as_deref(),
        Some(store)
    );
    assert_eq!(
        attribute(&rotation.attributes, "db.operation.name").as_deref(),
        Some("TokenStore.rotate")
    );

    let arrived = collector.arrived();
    let first = arrived.first().unwrap();
    assert!(first.head.starts_with("post /v1/traces http/1."), "{}", first.head);
    assert!(
        first.head.contains("\r\ncontent-type: application/x-protobuf\r\n"),
        "{}",
        first.head
    );
    assert!(first.head.contains("\r\nx-tenant: acme\r\n"), "{}", first.head);
    let resource = ExportTraceServiceRequest::decode(first.body.as_slice()).unwrap();
    let resource = resource.resource_spans[0].resource.clone().unwrap();
    assert_eq!(
        attribute(&resource.attributes, "service.name").as_deref(),
        Some("informer-oauth")
    );

    // Everything of the flow has been sent by now; nothing of it says who it was or holds what must not leave.
    let sent: Vec<u8> = arrived.iter().flat_map(|arrived| arrived.body.clone()).collect();
    let sent = String::from_utf8_lossy(&sent);
    for secret in [
        &tokens.access,
        tokens.refresh(),
        &successor.access,
        successor.refresh(),
        &client.client_id,
        &client.id,
        "admin",
        "app.example",
        "a state",
        world.service.admin_password(),
        "/api/oauth-clients/0",
    ] {
        assert!(!sent.contains(secret), "{secret} was sent");
    }
}

#[test]
fn a_path_without_a_route_is_not_named_and_its_404_is_no_error_of_the_service() {
    let collector = Collector::start();
    let service = Service::start_with(&[(ENDPOINT, collector.address()), (DELAY, "100")]);
    let http = Http::to(service.base());
    let traced = |path: &str| {
        http.send(Request::get(path).header("traceparent", &traceparent("01")));
    };
    traced("/a/path/of/my-own");
    let spans = collector.trace(TRACE, is_request);
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["GET none"]);
    let status = spans[0].status.clone().unwrap_or_default();
    assert_eq!(status.code, StatusCode::Unset as i32, "404 is the caller's own fault");
}

#[test]
fn the_caller_decides_about_its_trace_and_the_ratio_about_those_that_begin_here() {
    let collector = Collector::start();
    let service = Service::start_with(&[(ENDPOINT, collector.address()), (DELAY, "50"), (RATIO, "0")]);
    let http = Http::to(service.base());
    let unsampled = "11111111111111111111111111111111";
    http.get("/health/ready").is(200);
    http.send(Request::get("/health/ready").header("traceparent", &format!("00-{unsampled}-{CALLER}-00")));
    // What is no `traceparent` is as none.
    for wrong in ["", "00-00-00-01", &format!("00-{}-{CALLER}-01", "0".repeat(32)), "ä"] {
        http.send(Request::get("/health/ready").header("traceparent", wrong))
            .is(200);
    }
    let two = Request::get("/health/ready")
        .header("traceparent", &traceparent("01").replace(TRACE, unsampled))
        .header("traceparent", &traceparent("01").replace(TRACE, unsampled));
    http.send(two).is(200);
    http.send(Request::get("/health/ready").header("traceparent", &traceparent("01")))
        .is(200);
    let spans = collector.trace(TRACE, is_request);
    assert!(spans.iter().any(|span| span.name == "GET /health/ready"));
    let others: Vec<String> = collector.spans().iter().map(|span| hex(&span.trace_id)).collect();
    assert!(others.iter().all(|id| id == TRACE), "{others:?}");
}

#[test]
fn the_last_spans_are_sent_when_the_service_ends() {
    let collector = Collector::start();
    let mut service = Service::start_with(&[(ENDPOINT, collector.address()), (DELAY, "3600000")]);
    let http = Http::to(service.base());
    http.send(Request::get("/health/ready").header("traceparent", &traceparent("01")))
        .is(200);
    assert!(collector.arrived().is_empty(), "the batch waits for an hour");
    assert!(service.terminate().success(), "{}", service.log());
    assert!(!collector.trace(TRACE, is_request).is_empty());
}

#[test]
fn a_collector_that_hangs_or_is_away_holds_nothing_up() {
    // It takes connections and never answers; and nobody listens at all.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let hanging = format!("http://{}", silent.local_addr().unwrap());
    for endpoint in [hanging.as_str(), "http://127.0.0.1:1"] {
        let mut service = Service::start_with(&[(ENDPOINT, endpoint), (DELAY, "10")]);
        let http = Http::to(service.base());
        for _ in 0..50 {
            let started = Instant::now();
            http.get("/health/ready").is(200);
            assert!(started.elapsed() < A_SECOND * 2);
        }
        let started = Instant::now();
        assert!(service.terminate().success(), "{}", service.log());
        assert!(started.elapsed() < A_SECOND * 5, "{:?}", started.elapsed());
    }
}

#[test]
fn what_is_no_endpoint_and_no_ratio_is_misuse() {
    for (key, wrong) in [
        (ENDPOINT, "127.0.0.1:4318"),
        (ENDPOINT, "ftp://127.0.0.1"),
        (RATIO, "1.5"),
        (RATIO, "many"),
    ] {
        let service = Service::prepare(&[(key, wrong)]);
        let refused = service.cli(&["config", "check"]);
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
    }
}
