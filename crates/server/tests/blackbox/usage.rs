//! What the token endpoint answered is in the store within seconds, and at the end of the service, also of several replicas.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use informer_oauth_domain::day::Day;
use informer_oauth_ports::UsageLog as _;
use informer_oauth_sqlite::{Sqlite, SqliteOptions};
use informer_oauth_testkit::run;

use crate::{
    common::{
        Service,
        stores::{self, ProductionStores},
    },
    support::*,
};

/// Counts are written every ten seconds.
const WRITTEN: Duration = Duration::from_secs(20);

type Counts = BTreeMap<(String, String), u64>;

fn expected(counts: &[(&str, &str, u64)]) -> Counts {
    let words = |(grant, outcome, count): &(&str, &str, u64)| (((*grant).to_owned(), (*outcome).to_owned()), *count);
    counts.iter().map(words).collect()
}

/// What the store has, of all days.
fn written(world: &World, stores: Option<&ProductionStores>) -> Counts {
    let mut sums = Counts::new();
    if let Some(stores) = stores {
        let rows = stores.sql("SELECT grant_type, outcome, count FROM usage_counts WHERE day > 20000");
        for row in rows.lines() {
            let [grant, outcome, count] = row.split('|').collect::<Vec<_>>()[..] else {
                panic!("{row}")
            };
            *sums.entry((grant.into(), outcome.into())).or_default() += count.parse::<u64>().unwrap();
        }
        return sums;
    }
    let path = world.service.data_dir().join("informer-oauth.db");
    run(async {
        let store = Sqlite::open(&path, &SqliteOptions::default()).unwrap();
        let all = store.between(Day::from_number(20_000), Day::from_number(i32::MAX));
        for count in all.await.unwrap() {
            let key = (
                count.key.grant.as_str().to_owned(),
                count.key.outcome.as_str().to_owned(),
            );
            *sums.entry(key).or_default() += count.count;
        }
        store.close().await;
    });
    sums
}

#[test]
fn what_the_token_endpoint_answered_is_written_within_seconds_and_at_the_end() {
    let stores = stores::are_production().then(|| Arc::new(ProductionStores::new()));
    let mut service = Service::prepare_on(stores.clone(), &[]);
    service.launch();
    let mut world = World::around(service);
    let client = world.public_client();

    let first = world.tokens(&client);
    let second = world.refreshed(&client, first.refresh());
    world.refreshed(&client, second.refresh());
    world
        .refresh(&client, first.refresh())
        .oauth_error(400, "invalid_grant");
    let unsupported = client.post("/oauth/token", &[("grant_type", "password")]);
    world.http.send(unsupported).oauth_error(400, "unsupported_grant_type");
    let counts = expected(&[
        ("authorization_code", "granted", 1),
        ("refresh_token", "granted", 2),
        ("refresh_token", "refused", 1),
        ("other", "refused", 1),
    ]);
    assert!(comes_true(WRITTEN, || written(&world, stores.as_deref()) == counts));

    let third = world.tokens(&client);
    world.refreshed(&client, third.refresh());
    assert!(world.service.terminate().success());
    let counts = expected(&[
        ("authorization_code", "granted", 2),
        ("refresh_token", "granted", 3),
        ("refresh_token", "refused", 1),
        ("other", "refused", 1),
    ]);
    assert_eq!(written(&world, stores.as_deref()), counts);
}

#[test]
fn the_counts_of_replicas_add_up() {
    let stores = Arc::new(ProductionStores::new());
    let mut world = World::around(Service::start_on(&stores, &[]));
    let mut replica = world.service.replica();
    let there = Http::to(replica.base());
    let client = world.public_client();
    let mut tokens = world.tokens(&client);
    for _ in 0..5 {
        tokens = world.refreshed(&client, tokens.refresh());
        let answer = there.send(client.refreshment(tokens.refresh()));
        tokens = Tokens::read(answer.oauth_json());
    }
    assert!(world.service.terminate().success());
    assert!(replica.terminate().success());
    let counts = expected(&[("authorization_code", "granted", 1), ("refresh_token", "granted", 10)]);
    assert_eq!(written(&world, Some(&stores)), counts);
}
