//! The same on Postgres and Redis: their pools, and a span for each thing that they are asked.

use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::{
    collector::{Collector, attribute},
    common::{Service, stores::ProductionStores},
    scrape::{ON, Scrape},
    support::*,
};

const EXCHANGE: &str = "0af7651916cd43dd8448eb211c80319c";
const REFRESH: &str = "1af7651916cd43dd8448eb211c80319c";

#[test]
fn the_pools_are_shown_and_each_call_to_postgres_and_redis_is_a_span_of_its_request() {
    let collector = Collector::start();
    let stores = Arc::new(ProductionStores::new());
    let world = World::around(Service::start_on(
        &stores,
        &[
            ON,
            ("INFORMER_OAUTH__TELEMETRY__OTLP_ENDPOINT", collector.address()),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ],
    ));
    let client = world.public_client();
    let traceparent = |trace: &str| format!("00-{trace}-b7ad6b7169203331-01");
    let code = world.code(&client);
    let exchange = client.redemption(&code).header("traceparent", &traceparent(EXCHANGE));
    let tokens = Tokens::read(world.http.send(exchange).oauth_json());
    let refresh = client
        .refreshment(tokens.refresh())
        .header("traceparent", &traceparent(REFRESH));
    world.http.send(refresh).is(200);

    let below = |trace: &str| -> Vec<String> {
        let spans = collector.trace(trace, |span| span.kind == SpanKind::Server as i32);
        let request = spans.iter().find(|span| span.kind == SpanKind::Server as i32).unwrap();
        let calls = spans.iter().filter(|span| span.kind == SpanKind::Client as i32);
        calls
            .map(|call| {
                assert_eq!(call.parent_span_id, request.span_id, "{call:?}");
                assert!(attribute(&call.attributes, "db.system.name").is_some(), "{call:?}");
                call.name.clone()
            })
            .collect()
    };
    let exchange = below(EXCHANGE);
    for call in ["redis CodeStore.redeem", "postgres TokenStore.insert"] {
        assert!(exchange.iter().any(|name| name == call), "{exchange:?}");
    }
    let refresh = below(REFRESH);
    assert!(
        refresh.iter().any(|name| name == "postgres TokenStore.rotate"),
        "{refresh:?}"
    );
    assert!(refresh.iter().all(|name| !name.starts_with("redis")), "{refresh:?}");

    let scrape = Scrape::of(&world.service);
    for pool in ["postgres", "redis"] {
        let of_pool = |name: &str| scrape.sum(name, &[("pool", pool)]);
        let open = of_pool("informer_oauth_pool_connections");
        let limit = of_pool("informer_oauth_pool_connections_limit");
        assert!(open >= 1.0 && open <= limit, "{pool}: {open} of {limit}");
        assert!(of_pool("informer_oauth_pool_waiting") < 1.0);
    }
    // Users are asked elsewhere here, so they are remembered for a moment.
    assert!(scrape.sum("informer_oauth_cache_lookups_total", &[("cache", "users")]) >= 1.0);
}
