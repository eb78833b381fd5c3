//! A Redis that forgets: one that takes over, or comes back from its disk, may have missed the last writes.

use std::sync::Arc;

use informer_oauth_testkit::servers::{ThrowawayPostgres, redis::RedisServer};

use crate::{
    common::{Service, stores::ProductionStores},
    rounds::alone,
    support::{A_SECOND, Client, Code, Tokens, World, comes_true, json},
};

/// The keys that came since `before`, and what they hold.
fn kept_since(redis: &RedisServer, before: &str) -> Vec<(String, String)> {
    let keys = redis.ask(&["--scan", "--pattern", "*code:*"]);
    let new = keys.lines().filter(|key| !before.lines().any(|known| known == *key));
    new.map(|key| (key.to_owned(), redis.ask(&["GET", key]))).collect()
}

/// A service, and a Redis with a code in it whose use Redis can be made to forget.
fn world_with_a_code(
    client: impl FnOnce(&World) -> Client,
) -> (RedisServer, World, Client, Code, Vec<(String, String)>) {
    let redis = RedisServer::start();
    let stores = ProductionStores::on(&ThrowawayPostgres::shared(), (redis.url(), None));
    let world = World::around(Service::start_on(&Arc::new(stores), &[]));
    let client = client(&world);
    let before = redis.ask(&["--scan", "--pattern", "*code:*"]);
    let code = world.code(&client);
    let kept = kept_since(&redis, &before);
    assert_eq!(kept.len(), 1, "{kept:?}");
    (redis, world, client, code, kept)
}

fn forget_what_came_after(redis: &RedisServer, kept: &[(String, String)]) {
    for (key, value) in kept {
        redis.ask(&["SET", key, value, "EX", "600"]);
    }
}

#[test]
fn a_code_whose_use_redis_forgot_gives_nothing_again_and_ends_what_it_gave() {
    let _turn = alone();
    let lasting = json!({ "redirect_uri": ["https://app.example/cb"], "pkce": true, "enableRefreshTokens": false });
    for refreshes in [true, false] {
        let (redis, world, client, code, kept) = world_with_a_code(|world| {
            if refreshes {
                world.public_client()
            } else {
                world.register(lasting.clone())
            }
        });
        let tokens = Tokens::read(world.redeem(&client, &code).oauth_json());
        assert!(world.works(&tokens.access));
        // As often as it forgets.
        for _ in 0..2 {
            forget_what_came_after(&redis, &kept);
            world.redeem(&client, &code).oauth_error(400, "invalid_grant");
            assert!(comes_true(A_SECOND, || !world.works(&tokens.access)));
        }
        if refreshes {
            world
                .refresh(&client, tokens.refresh())
                .oauth_error(400, "invalid_grant");
        }
        assert!(world.count_events(&client, "code.replayed") >= 1);
    }
}
