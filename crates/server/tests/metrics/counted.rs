//! What is counted when something happens.

#![expect(clippy::float_cmp, reason = "counts are whole, and floats hold them exactly")]

use std::thread;

use crate::{
    common::stores,
    scrape::{ON, Scrape},
    support::*,
};

const GRANTS: &str = "informer_oauth_grants_total";
const EVENTS: &str = "informer_oauth_events_total";
const REQUESTS: &str = "informer_oauth_http_requests_total";
const GATE: &str = "informer_oauth_gate_answers_total";
const CACHE: &str = "informer_oauth_cache_lookups_total";

#[test]
fn grants_are_counted_by_type_and_outcome_and_a_replay_by_its_event() {
    let world = World::start_with(&[ON]);
    let client = world.public_client();
    let before = Scrape::of(&world.service);
    for grant in ["authorization_code", "refresh_token"] {
        assert_eq!(before.sum(GRANTS, &[("grant", grant)]), 0.0, "they begin at zero");
    }
    assert_eq!(before.sum(EVENTS, &[("kind", "refresh.replayed")]), 0.0);

    let tokens = world.tokens(&client);
    let second = world.refreshed(&client, tokens.refresh());
    world.refresh(&client, tokens.refresh()).is(400);
    world.refresh(&client, second.refresh()).is(400);
    world
        .http
        .send(Request::post("/oauth/token").form(&[("grant_type", "password")]))
        .is(400);

    let after = Scrape::of(&world.service);
    let counted = |grant: &str, outcome: &str| after.sum(GRANTS, &[("grant", grant), ("outcome", outcome)]);
    assert_eq!(counted("authorization_code", "ok"), 1.0);
    assert_eq!(counted("refresh_token", "ok"), 1.0);
    assert_eq!(counted("refresh_token", "invalid_grant"), 2.0);
    assert_eq!(counted("other", "unsupported_grant_type"), 1.0);
    assert_eq!(after.sum(EVENTS, &[("kind", "refresh.replayed")]), 1.0);
}

#[test]
fn lockouts_are_counted() {
    let world = World::start_with(&[ON, ("INFORMER_OAUTH__LIMITS__SIGN_IN_ATTEMPTS", "2")]);
    let browser = Browser::new(world.base());
    for _ in 0..4 {
        browser.try_sign_in("nobody", "a wrong password");
    }
    let scrape = Scrape::of(&world.service);
    assert_eq!(scrape.sum(EVENTS, &[("kind", "sign_in.failed")]), 2.0);
    assert_eq!(scrape.sum(EVENTS, &[("kind", "sign_in.limited")]), 2.0);
    assert_eq!(scrape.sum("informer_oauth_events_not_stored_total", &[]), 0.0);
}

#[test]
fn the_gates_answers_are_counted_by_outcome() {
    let world = World::start_with(&[ON, ("INFORMER_OAUTH__GATE__FOREIGN_TOKENS", "pass")]);
    let client = world.public_client();
    let tokens = world.tokens_with(&client, "read:dataset");
    let token = Some(tokens.access.as_str());
    world.gate("GET", "/api/datasets", token).is(200);
    world.gate("GET", "/api/datasets", token).is(200);
    world.gate("POST", "/api/datasets", token).is(403);
    world.gate("GET", "/api/%zz", token).is(403);
    world.gate("GET", "/api/datasets", None).is(204);
    world.gate("GET", "/api/datasets", Some("no.such.token")).is(204);
    world.gate("GET", "/api/%zz", Some("an-informer-api-token")).is(204);
    world.gate("GET", "/api/datasets", Some(tokens.refresh())).is(401);
    world.http.get("/oauth/verify").is(403);
    let scrape = Scrape::of(&world.service);
    for (outcome, count) in [
        ("allowed", 2.0),
        ("insufficient_scope", 1.0),
        ("unjudged", 2.0),
        ("no_token", 1.0),
        ("foreign", 2.0),
        ("invalid_token", 1.0),
        ("fault", 0.0),
    ] {
        assert_eq!(scrape.sum(GATE, &[("outcome", outcome)]), count, "{outcome}");
    }
    // The first look at the token missed, and so did each at the three that are no access tokens of ours.
    let lookups = |cache: &str, outcome: &str| scrape.sum(CACHE, &[("cache", cache), ("outcome", outcome)]);
    assert_eq!(lookups("signatures", "miss"), 4.0);
    assert_eq!(lookups("signatures", "hit"), 3.0);
    assert!(scrape.sum(CACHE, &[("cache", "tokens"), ("outcome", "hit")]) >= 1.0);
}

#[test]
fn requests_are_counted_and_timed_by_pattern_and_nothing_that_a_caller_sends_becomes_a_label() {
    let world = World::start_with(&[ON]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    for _ in 0..3 {
        world.manage(&client, "GET", "", None).is(200);
    }
    world.http.get("/some/path/of/my-own?with=a-query").is(404);
    world.http.send(Request::new("BREW", "/oauth/token")).is(405);
    world.http.send(Request::new("HEAD", "/health/live")).is(200);
    world
        .http
        .send(Request::new("OPTIONS", "/.well-known/anything-at-all"))
        .is(204);
    let scrape = Scrape::of(&world.service);
    let counted = |route: &str, method: &str, status: &str| {
        scrape.sum_or_zero(REQUESTS, &[("route", route), ("method", method), ("status", status)])
    };
    assert_eq!(
        counted("/api/oauth-clients/{client}", "GET", "2xx"),
        3.0,
        "{}",
        scrape.text
    );
    assert_eq!(counted("/api/oauth-clients", "POST", "2xx"), 1.0);
    assert_eq!(counted("none", "GET", "4xx"), 1.0);
    assert_eq!(counted("/oauth/token", "other", "4xx"), 1.0);
    assert_eq!(counted("/health/live", "HEAD", "2xx"), 1.0);
    assert_eq!(counted("none", "OPTIONS", "2xx"), 1.0);
    let timed = [("route", "/api/oauth-clients/{client}"), ("method", "GET")];
    let seconds = |suffix: &str| scrape.sum(&format!("informer_oauth_http_request_duration_seconds{suffix}"), &timed);
    assert_eq!(seconds("_count"), 3.0);
    assert!(seconds("_sum") > 0.0 && seconds("_sum") < 30.0);
    for foreign in [
        "my-own",
        "a-query",
        "BREW",
        "anything-at-all",
        &client.client_id,
        &client.id,
        "admin",
        &tokens.access,
        tokens.refresh(),
        world.service.admin_password(),
        "App ",
    ] {
        assert!(!scrape.text.contains(foreign), "{foreign} is in\n{}", scrape.text);
    }
}

#[test]
fn what_hashing_has_no_room_for_is_counted_as_shed() {
    const AT_ONCE: usize = 16;
    let world = World::start_with(&[
        ON,
        ("INFORMER_OAUTH__SECRETS__BCRYPT_COST", "12"),
        ("INFORMER_OAUTH__LIMITS__BCRYPT_CONCURRENCY", "1"),
        ("INFORMER_OAUTH__LIMITS__BCRYPT_QUEUE", "1"),
        ("INFORMER_OAUTH__LIMITS__CLIENT_ATTEMPTS", "1000"),
        ("INFORMER_OAUTH__LIMITS__CLIENT_ADDRESS_ATTEMPTS", "1000"),
    ]);
    let client = world.confidential_client();
    let guesses: Vec<u16> = thread::scope(|scope| {
        let guess = |number: usize| {
            let guess = client.with_secret(&format!("cs_wrong_{number}"));
            let (http, request) = (world.http.clone(), guess.refreshment("x"));
            scope.spawn(move || http.send(request).status)
        };
        let running: Vec<_> = (0..AT_ONCE).map(guess).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let shed = guesses.iter().filter(|status| **status == 503).count();
    assert!(shed > 0 && shed < AT_ONCE, "{guesses:?}");
    let scrape = Scrape::of(&world.service);
    let bcrypt = |name: &str| scrape.sum(name, &[("pool", "bcrypt")]);
    let as_float = f64::from(u32::try_from(shed).unwrap());
    let jobs = "informer_oauth_hashing_jobs_total";
    assert_eq!(scrape.sum(jobs, &[("pool", "bcrypt"), ("outcome", "shed")]), as_float);
    assert_eq!(bcrypt("informer_oauth_hashing_limit"), 2.0);
    let pending = || Scrape::of(&world.service).sum("informer_oauth_hashing_pending", &[("pool", "bcrypt")]);
    assert!(comes_true(A_SECOND, || pending() == 0.0), "nothing is left behind");
    let unavailable = [("grant", "refresh_token"), ("outcome", "temporarily_unavailable")];
    assert_eq!(scrape.sum(GRANTS, &unavailable), as_float);
    // Each leaves its line of the access log, which says why, and nothing more.
    let lines = || {
        world
            .service
            .log()
            .lines()
            .filter(|line| line.contains("\"fault\""))
            .count()
    };
    assert!(comes_true(A_SECOND, || lines() == shed), "{} of {shed}", lines());
    let log = world.service.log();
    assert!(!log.contains("ERROR"), "it is nobody's to look into: {log}");
}

#[test]
fn stores_keys_and_the_process_are_looked_at_when_asked() {
    let world = World::start_with(&[ON]);
    let scrape = Scrape::of(&world.service);
    let embedded = [("sqlite_write", 1.0), ("sqlite_read", 2.0)];
    for (pool, threads) in embedded.into_iter().filter(|_| !stores::are_production()) {
        let of_pool = [("pool", pool)];
        assert_eq!(scrape.sum("informer_oauth_pool_connections", &of_pool), threads);
        assert_eq!(scrape.sum("informer_oauth_pool_connections_limit", &of_pool), threads);
        assert_eq!(scrape.sum("informer_oauth_pool_waiting", &of_pool), 0.0);
    }
    let age = |scrape: &Scrape, purpose| scrape.sum("informer_oauth_signing_key_age_seconds", &[("purpose", purpose)]);
    for purpose in ["access", "refresh"] {
        let young = age(&scrape, purpose);
        assert!((0.0..120.0).contains(&young), "{young}");
        assert!(
            comes_true(A_SECOND * 5, || age(&Scrape::of(&world.service), purpose) > young + 0.1),
            "it grows"
        );
    }
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(scrape.sum("informer_oauth_build_info", &version), 1.0);
    let process = |name: &str| scrape.sum(&format!("informer_oauth_process_{name}"), &[]);
    assert!((1e6..1e9).contains(&process("resident_memory_bytes")));
    assert!(process("open_fds") > 5.0 && process("open_fds") < process("max_fds"));
    assert!(process("start_time_seconds") > 1.7e9);
}
