//! Two replicas on the same Postgres and Redis are one service (architecture.md "Ports").

use std::{sync::Arc, thread, time::Duration};

use url::Url;

use crate::{
    common::{Service, stores::ProductionStores},
    support::*,
};

const RUNNERS: usize = 50;

/// A service with a second replica beside it.
struct Pair {
    world: World,
    second: Service,
}

impl Pair {
    fn start() -> Self {
        let stores = Arc::new(ProductionStores::new());
        let world = World::around(Service::start_on(&stores, &[]));
        let second = world.service.replica();
        Self { world, second }
    }

    fn other(&self) -> Http {
        Http::to(self.second.base())
    }

    /// As many at once as run, every other one at the other replica.
    fn race(&self, request: &Request) -> Vec<Answer> {
        let bases = [self.world.base_url(), Url::parse(self.second.base()).unwrap()];
        let requests = bases.iter().cycle().take(RUNNERS);
        wire::race_across(requests.map(|base| (base.clone(), request.clone())).collect())
    }

    /// Whether an access token gets through the gate of the other replica.
    fn works_there(&self, token: &str) -> bool {
        let answer = self.other().send(gate_request("GET", "/api/profile", Some(token)));
        assert!([200, 401].contains(&answer.status), "{answer}");
        answer.status == 200
    }
}

/// The tokens of the one that won; every other was refused as it should be.
fn winner(answers: &[Answer]) -> Tokens {
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.oauth_error(400, "invalid_grant");
    }
    let mut won = answers.iter().filter(|answer| answer.status == 200);
    let tokens = Tokens::read(won.next().expect("one wins").oauth_json());
    assert_eq!(won.count(), 0, "only one wins");
    tokens
}

#[test]
fn of_fifty_redemptions_of_one_code_at_two_replicas_exactly_one_wins_and_the_family_is_revoked_at_both() {
    let pair = Pair::start();
    let world = &pair.world;
    for client in [world.public_client(), world.confidential_client()] {
        let code = world.code(&client);
        let tokens = winner(&pair.race(&client.redemption(&code)));
        assert!(comes_true(A_SECOND, || !world.works(&tokens.access)));
        assert!(comes_true(A_SECOND, || !pair.works_there(&tokens.access)));
        for http in [&world.http, &pair.other()] {
            http.send(client.refreshment(tokens.refresh()))
                .oauth_error(400, "invalid_grant");
        }
        assert_eq!(world.manage(&client, "GET", "/tokens", None).json()["total"], 0);
        assert!(world.count_events(&client, "code.replayed") >= 1);
    }
}

#[test]
fn of_fifty_refreshes_of_one_token_at_two_replicas_exactly_one_wins_and_the_family_is_revoked_at_both() {
    let pair = Pair::start();
    let world = &pair.world;
    for client in [world.public_client(), world.confidential_client()] {
        let tokens = world.tokens(&client);
        let successor = winner(&pair.race(&client.refreshment(tokens.refresh())));
        assert!(comes_true(A_SECOND, || !world.works(&successor.access)));
        assert!(comes_true(A_SECOND, || !pair.works_there(&successor.access)));
        for http in [&world.http, &pair.other()] {
            http.send(client.refreshment(successor.refresh()))
                .oauth_error(400, "invalid_grant");
        }
        assert!(world.count_events(&client, "refresh.replayed") >= 1);
    }
}

#[test]
fn of_fifty_polls_of_one_device_code_at_two_replicas_exactly_one_wins() {
    let pair = Pair::start();
    let world = &pair.world;
    for client in [world.public_client(), world.confidential_client()] {
        let device = Device::start(world, &client);
        device.decide(&world.admin, true).is(204);
        let tokens = winner(&pair.race(&client.poll(&device)));
        assert!(world.works(&tokens.access) && pair.works_there(&tokens.access));
        pair.other().send(client.refreshment(tokens.refresh())).is(200);
    }
}

#[test]
fn of_fifty_decisions_about_one_device_at_two_replicas_exactly_one_counts() {
    let pair = Pair::start();
    let world = &pair.world;
    let client = world.public_client();
    let device = Device::start(world, &client);
    let cookies: Vec<String> = world
        .admin
        .cookies()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let decision = Browser::scripted("POST", "/api/oauth/authorize_device", Some(&device.decision(true)))
        .header("Cookie", &cookies.join("; "));
    let answers = pair.race(&decision);
    let decided = answers.iter().filter(|answer| answer.status == 204).count();
    assert_eq!(decided, 1);
    assert!(
        answers
            .iter()
            .all(|answer| [204, 404, 409, 429].contains(&answer.status))
    );
    world.http.send(client.poll(&device)).is(200);
}

#[test]
fn what_is_revoked_at_one_replica_is_dead_at_the_other_within_a_second() {
    let pair = Pair::start();
    let world = &pair.world;
    let client = world.public_client();
    for _ in 0..5 {
        let tokens = world.tokens(&client);
        // Seen at both, so that both remember it.
        assert!(world.works(&tokens.access) && pair.works_there(&tokens.access));
        let revocation = client.post("/oauth/revoke", &[("token", &tokens.access)]);
        pair.other().send(revocation).is(200);
        assert!(comes_true(A_SECOND, || !world.works(&tokens.access)));
        world
            .refresh(&client, tokens.refresh())
            .oauth_error(400, "invalid_grant");
    }
    let tokens = world.tokens(&client);
    assert!(pair.works_there(&tokens.access));
    world.manage(&client, "DELETE", "", None);
    assert!(
        comes_true(A_SECOND, || !pair.works_there(&tokens.access)),
        "the client is gone, and so are its tokens"
    );
}

#[test]
fn a_code_of_one_replica_and_a_token_of_one_replica_are_good_at_the_other() {
    let pair = Pair::start();
    let world = &pair.world;
    let client = world.confidential_client();
    let code = world.code(&client);
    let first = Tokens::read(pair.other().send(client.redemption(&code)).oauth_json());
    assert!(world.works(&first.access));
    let second = world.refreshed(&client, first.refresh());
    assert!(pair.works_there(&second.access));
    let third = Tokens::read(pair.other().send(client.refreshment(second.refresh())).oauth_json());
    assert!(world.works(&third.access));
}

#[test]
fn a_session_of_one_replica_is_good_at_the_other_until_it_ends() {
    let pair = Pair::start();
    let world = &pair.world;
    let ada = world.user("ada");
    let cookies: Vec<String> = ada
        .cookies()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let asked = || {
        let request = Request::get("/api/oauth-clients-list").header("Cookie", &cookies.join("; "));
        pair.other().send(request).status
    };
    assert_eq!(asked(), 200);
    pair.second.cli_ok(&["user", "lock", "ada"]);
    assert!(comes_true(A_SECOND, || asked() == 401));
}

#[test]
fn a_lock_counts_at_once_at_every_replica_that_hears_of_it() {
    let pair = Pair::start();
    let world = &pair.world;
    let ada = world.user("ada");
    let client = world.public_client();
    let other = pair.other();
    let [mut here, mut there] = [(); 2].map(|()| world.tokens_for(&ada, &client, &Ask::of(&client)));
    for _ in 0..5 {
        // Both remember her now.
        here = world.refreshed(&client, here.refresh());
        there = Tokens::read(other.send(client.refreshment(there.refresh())).oauth_json());
        world.service.cli_ok(&["user", "lock", "ada"]);
        // The command has told Redis when it ends; Redis may still be passing it on.
        thread::sleep(Duration::from_millis(50));
        for (http, tokens) in [(&world.http, &here), (&other, &there)] {
            http.send(client.refreshment(tokens.refresh()))
                .oauth_error(400, "invalid_grant");
        }
        world.service.cli_ok(&["user", "unlock", "ada"]);
    }
}

#[test]
fn a_rotation_that_one_replica_learns_of_reaches_the_other() {
    let pair = Pair::start();
    let world = &pair.world;
    let client = world.public_client();
    let kid = |tokens: &Tokens| jwt::Jwt::read(&tokens.access).header["kid"].clone();
    let before = world.tokens(&client);
    world
        .service
        .cli_ok(&["keys", "rotate", "--purpose", "access", "--force"]);
    // The second looks for new keys, because it meets one that it does not know, and tells the first.
    let unknown = jwt::Jwt::read(&before.access)
        .with_header("kid", json!("another replica's"))
        .text();
    let rotated = || {
        pair.other()
            .send(gate_request("GET", "/api/profile", Some(&unknown)))
            .is(401);
        kid(&world.tokens(&client)) != kid(&before)
    };
    assert!(comes_true(Duration::from_secs(20), rotated));
    let after = world.tokens(&client);
    for tokens in [&before, &after] {
        assert!(world.works(&tokens.access) && pair.works_there(&tokens.access));
    }
}

#[test]
fn replicas_that_start_at_once_on_an_empty_database_make_one_administrator_and_one_set_of_keys() {
    let stores = Arc::new(ProductionStores::new());
    let launched: Vec<Service> = thread::scope(|scope| {
        let starts: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| Service::start_on(&stores, &[])))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let printed = launched
        .iter()
        .filter(|service| service.stdout().contains("password: "))
        .count();
    assert_eq!(printed, 1, "one of them made the first administrator");
    let sets: Vec<Value> = launched
        .iter()
        .map(|service| Http::to(service.base()).get("/.well-known/jwks.json").oauth_json())
        .collect();
    assert!(sets.iter().all(|set| set == &sets[0]), "{sets:?}");
    assert_eq!(stores.sql("SELECT count(*) FROM users"), "1");
}

#[test]
fn an_older_schema_is_refused_unless_told_to_migrate() {
    let stores = Arc::new(ProductionStores::new());
    let service = Service::prepare_on(Some(Arc::clone(&stores)), &[]);
    for command in [["serve"].as_slice(), &["user", "list"]] {
        let refused = service.cli(command);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains("informer-oauth migrate"), "{said}");
        assert_eq!(said.contains("serve --migrate"), command == ["serve"], "{said}");
    }
    assert_eq!(
        stores.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "0",
        "nothing was made"
    );
    let planned = service.cli_ok(&["migrate", "--dry-run"]);
    assert!(planned.contains("would apply"), "{planned}");
    assert_eq!(service.cli_ok(&["migrate"]), planned.replace("would apply", "applied"));
    assert!(service.cli_ok(&["migrate"]).contains("up to date"));
    assert!(!service.data_dir().exists(), "there is no data folder");
}

#[test]
fn the_doctor_finds_postgres_and_redis() {
    let service = Service::start_on(&Arc::new(ProductionStores::new()), &[]);
    let found: Value = serde_json::from_str(&service.cli_ok(&["doctor", "--output", "json"])).unwrap();
    let checks: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    assert_eq!(
        checks,
        [
            "configuration",
            "encryption key",
            "migrations",
            "database",
            "durability",
            "cache",
            "cache settings",
            "signing keys",
            "clock",
            "database clock",
            "issuer",
            "proxies",
            "issuer clock"
        ]
    );
    assert!(!service.data_dir().exists(), "there is no data folder");
}
