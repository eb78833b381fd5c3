//! Postgres and Redis that are down, or frozen: what answers, what does not, how fast, and that nothing needs a restart.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use informer_oauth_testkit::servers::{ThrowawayPostgres, redis::RedisServer};

use crate::{
    common::{Service, stores::ProductionStores},
    support::*,
};

/// How long an answer may take when a store gives none.
const TWO_SECONDS: Duration = Duration::from_secs(2);

/// How long the service may take to notice that a store is back.
const RECOVERY: Duration = Duration::from_secs(10);

/// The answer is 503 and in time. The machine that runs the tests has other things to do, so that one of three counts: an
/// answer that waits for something else is late each time.
#[track_caller]
fn unavailable_in_time(ask: impl Fn() -> Answer) {
    const LEEWAY: Duration = Duration::from_millis(300);
    let mut times = Vec::new();
    while times.len() < 3 {
        let started = Instant::now();
        let answer = ask();
        times.push(started.elapsed());
        assert_eq!(answer.status, 503, "{answer}");
        assert!(answer.header("retry-after").is_some(), "{answer}");
        if times.last().is_some_and(|took| *took < TWO_SECONDS + LEEWAY) {
            return;
        }
    }
    panic!("every answer was late: {times:?}");
}

#[track_caller]
fn standing(world: &World, status: u16, postgres: &str, redis: &str) {
    let ready = world.http.get("/health/ready").is(status).json();
    assert_eq!(
        ready["checks"],
        json!({ "postgres": postgres, "redis": redis }),
        "{ready}"
    );
}

#[track_caller]
fn answers_without_stores(world: &World) {
    for path in [
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/health/live",
    ] {
        world.http.get(path).is(200);
    }
}

#[track_caller]
fn recovers(world: &World) {
    let ready = || world.http.get("/health/ready").status == 200;
    assert!(comes_true(RECOVERY, ready), "{}", world.http.get("/health/ready"));
}

fn on_redis_of_its_own(redis: &RedisServer) -> World {
    let stores = ProductionStores::on(&ThrowawayPostgres::shared(), (redis.url(), None));
    World::around(Service::start_on(&Arc::new(stores), &[]))
}

fn on_postgres_of_its_own(postgres: &ThrowawayPostgres) -> World {
    let stores = ProductionStores::on(postgres, informer_oauth_testkit::servers::redis::shared());
    World::around(Service::start_on(&Arc::new(stores), &[]))
}

#[test]
fn a_redis_that_is_full_is_not_ready() {
    let redis = RedisServer::start();
    let world = on_redis_of_its_own(&redis);
    standing(&world, 200, "up", "up");
    redis.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    standing(&world, 503, "up", "down");
    redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    standing(&world, 200, "up", "up");
}

#[test]
fn without_redis_what_needs_it_is_unavailable_and_the_rest_goes_on() {
    let mut redis = RedisServer::start();
    let world = on_redis_of_its_own(&redis);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let mut lost = world.code(&client);
    for frozen in [true, false] {
        if frozen {
            redis.freeze();
        } else {
            lost = world.code(&client);
            redis.stop();
        }
        unavailable_in_time(|| world.redeem(&client, &lost));
        standing(&world, 503, "up", "down");
        answers_without_stores(&world);
        assert!(world.works(&tokens.access), "the gate does not need it");
        if frozen {
            redis.thaw();
        } else {
            redis.start_again();
        }
        recovers(&world);
        if frozen {
            assert!(
                comes_true(RECOVERY, || world.redeem(&client, &lost).status != 503),
                "what was there is there"
            );
        } else {
            world.redeem(&client, &lost).oauth_error(400, "invalid_grant");
        }
    }
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn without_postgres_tokens_just_seen_pass_the_gate_for_a_moment_and_what_needs_it_is_unavailable() {
    let postgres = ThrowawayPostgres::start();
    let world = on_postgres_of_its_own(&postgres);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    for frozen in [true, false] {
        assert!(world.works(&tokens.access));
        if frozen {
            postgres.freeze();
        } else {
            postgres.stop();
        }
        let passed = || world.gate("GET", "/api/profile", Some(&tokens.access)).status;
        let gate_closed = comes_true(RECOVERY, || {
            let status = passed();
            assert!([200, 503].contains(&status), "{status}");
            status == 503
        });
        assert!(gate_closed, "it is remembered for a second, and not beyond");
        unavailable_in_time(|| world.gate("GET", "/api/profile", Some(&tokens.access)));
        unavailable_in_time(|| world.refresh(&client, tokens.refresh()));
        standing(&world, 503, "down", "up");
        answers_without_stores(&world);
        if frozen {
            postgres.thaw();
        } else {
            postgres.restart();
        }
        recovers(&world);
        assert!(comes_true(RECOVERY, || passed() == 200));
    }
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn a_command_that_can_tell_nobody_says_so_and_what_it_did_counts_within_a_second_all_the_same() {
    let mut redis = RedisServer::start();
    let world = on_redis_of_its_own(&redis);
    let ada = world.user("ada");
    let client = world.public_client();
    let tokens = world.tokens_for(&ada, &client, &Ask::of(&client));
    let tokens = world.refreshed(&client, tokens.refresh());
    redis.stop();
    let locked = world.service.cli(&["user", "lock", "ada"]);
    assert_eq!(locked.status.code(), Some(1), "sessions could not be ended: {locked:?}");
    let (error, _) = world.refused_within_a_second(&client, tokens.refresh());
    assert_eq!(error, "invalid_grant");
    let started = Instant::now();
    let changed = world.service.cli(&["client", "delete", &client.client_id]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(changed.status.success(), "{changed:?}");
    for said in [&locked, &changed] {
        let said = String::from_utf8_lossy(&said.stderr);
        assert!(said.contains("warning: running services could not be told"), "{said}");
    }
}

#[test]
fn a_service_starts_without_redis_and_is_whole_when_it_comes() {
    let mut redis = RedisServer::start();
    redis.stop();
    let stores = Arc::new(ProductionStores::on(&ThrowawayPostgres::shared(), (redis.url(), None)));
    let service = Service::start_on(&stores, &[]);
    let http = Http::to(service.base());
    http.get("/.well-known/jwks.json").is(200);
    let ready = http.get("/health/ready").is(503).json();
    assert_eq!(ready["checks"], json!({ "postgres": "up", "redis": "down" }));
    redis.start_again();
    assert!(comes_true(RECOVERY, || http.get("/health/ready").status == 200));
    let world = World::around(service);
    world.tokens(&world.public_client());
}

#[test]
fn without_postgres_no_service_starts_and_it_says_why() {
    let postgres = ThrowawayPostgres::start();
    let stores = ProductionStores::on(&postgres, informer_oauth_testkit::servers::redis::shared());
    let service = Service::prepare_on(Some(Arc::new(stores)), &[]);
    postgres.stop();
    let refused = service.cli(&["serve"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("cannot connect to Postgres"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
