//! What is ended at one replica is dead at the other within a second, whether it hears of it or not; when it does, at once.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use informer_oauth_testkit::servers::{ThrowawayPostgres, redis::RedisServer};

use crate::{
    common::{Service, stores::ProductionStores},
    deaf::Deaf,
    rounds::alone,
    support::{
        A_SECOND, Answer, Ask, Browser, Client, Http, PASSWORD, Request, Tokens, World, comes_true, gate_request, json,
        jwt,
    },
};

/// How soon a replica that hears of it knows: no time for the memory of a second to run out by itself.
const AT_ONCE: Duration = Duration::from_millis(400);

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Two replicas; things are ended at the first.
struct Pair {
    world: World,
    _second: Service,
    other: Http,
    /// A resource server.
    inspector: Client,
    within: Duration,
    _redis: RedisServer,
    _deaf: Option<Deaf>,
}

/// Whether and how the second replica does not hear of changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notices {
    Heard,
    /// It may not subscribe, nor publish.
    Forbidden,
    /// Its subscription is open, and silent.
    Silent,
}

impl Pair {
    fn start(notices: Notices) -> Self {
        let redis = RedisServer::start();
        let stores = Arc::new(ProductionStores::on(&ThrowawayPostgres::shared(), (redis.url(), None)));
        let world = World::around(Service::start_on(&stores, &[]));
        let deaf = (notices == Notices::Silent).then(|| Deaf::before(redis.port()));
        let url = match (notices, &deaf) {
            (_, Some(deaf)) => deaf.url(),
            (Notices::Forbidden, _) => {
                let rights = ["on", ">secret", "~*", "+@all", "resetchannels"];
                redis.ask(&[["ACL", "SETUSER", "second"].as_slice(), &rights].concat());
                redis.url().replace("redis://", "redis://second:secret@")
            }
            _ => redis.url(),
        };
        let settings = [
            ("INFORMER_OAUTH__ISSUER", world.base()),
            ("INFORMER_OAUTH__CACHE__URL", &url),
        ];
        let second = Service::start_on(&stores, &settings);
        let inspector = world.confidential(json!({ "introspect": true }));
        let subscribed = match notices {
            Notices::Forbidden => 1,
            Notices::Heard | Notices::Silent => 2,
        };
        let subscribers = || {
            redis
                .ask(&["CLIENT", "LIST", "TYPE", "pubsub"])
                .lines()
                .filter(|line| !line.is_empty())
                .count()
        };
        assert!(
            comes_true(A_SECOND * 5, || subscribers() == subscribed),
            "{}",
            subscribers()
        );
        if let Some(deaf) = &deaf {
            deaf.go_deaf();
        }
        Self {
            other: Http::to(second.base()),
            _second: second,
            world,
            inspector,
            within: if notices == Notices::Heard { AT_ONCE } else { A_SECOND },
            _redis: redis,
            _deaf: deaf,
        }
    }

    /// A client whose tokens have no expiry.
    fn lasting_client(&self) -> Client {
        self.world
            .register(json!({ "redirect_uri": ["https://app.example/cb"], "pkce": true, "enableRefreshTokens": false }))
    }

    fn introspection(&self, token: &str) -> Sign {
        Sign {
            what: "introspection says that it is active",
            request: self.inspector.post("/oauth/introspect", &[("token", token)]),
            alive: |answer| answer.oauth_json()["active"].as_bool().unwrap(),
        }
    }

    /// All that can be asked about tokens, again and again.
    fn signs_of(&self, tokens: &Tokens) -> Vec<Sign> {
        let mut signs = vec![gate(tokens), self.introspection(&tokens.access)];
        signs.extend(tokens.refresh.as_deref().map(|token| self.introspection(token)));
        signs
    }

    /// The second replica sees these signs of life, the first one ends them, and the second one sees none in time.
    #[track_caller]
    fn ends(&self, signs: &[Sign], within: Duration, end: impl FnOnce(&World)) {
        let lives = |sign: &Sign| (sign.alive)(&self.other.send(sign.request.clone()));
        // Twice, so that what can be remembered is.
        for sign in signs.iter().chain(signs) {
            assert!(lives(sign), "at first, {}", sign.what);
        }
        end(&self.world);
        let ended = Instant::now();
        for sign in signs {
            loop {
                let asked = ended.elapsed();
                if !lives(sign) {
                    break;
                }
                assert!(asked < within, "after {asked:?}, {}", sign.what);
                thread::sleep(LOOK_EVERY);
            }
        }
    }

    #[track_caller]
    fn refuses_refresh(&self, client: &Client, tokens: &Tokens) {
        self.other
            .send(client.refreshment(tokens.refresh()))
            .oauth_error(400, "invalid_grant");
    }
}

fn gate(tokens: &Tokens) -> Sign {
    Sign {
        what: "the gate lets it pass",
        request: gate_request("GET", "/api/profile", Some(&tokens.access)),
        alive: |answer| match answer.status {
            200 => true,
            401 => false,
            _ => panic!("{answer}"),
        },
    }
}

/// A request whose answer tells whether something lives.
struct Sign {
    what: &'static str,
    request: Request,
    alive: fn(&Answer) -> bool,
}

fn record_of(tokens: &Tokens) -> String {
    jwt::Jwt::read(&tokens.access).claim("tid").as_str().unwrap().to_owned()
}

/// What ends one token record, or all.
fn tokens_end(pair: &Pair) {
    let world = &pair.world;
    let (client, lasting) = (world.public_client(), pair.lasting_client());

    for given_back in ["access", "refresh"] {
        let tokens = world.tokens(&client);
        let token = if given_back == "access" {
            &tokens.access
        } else {
            tokens.refresh()
        };
        pair.ends(&pair.signs_of(&tokens), pair.within, |world| {
            world.revoke(&client, token).is(200);
        });
        pair.refuses_refresh(&client, &tokens);
    }

    let tokens = world.tokens(&lasting);
    pair.ends(&pair.signs_of(&tokens), pair.within, |world| {
        world.revoke(&lasting, &tokens.access).is(200);
    });

    for client in [&client, &lasting] {
        let tokens = world.tokens(client);
        pair.ends(&pair.signs_of(&tokens), pair.within, |world| {
            let path = format!("/tokens/{}", record_of(&tokens));
            world.manage(client, "DELETE", &path, None).is(204);
        });
        let (one, other) = (world.tokens(client), world.tokens(client));
        let signs: Vec<Sign> = [&one, &other]
            .into_iter()
            .flat_map(|tokens| pair.signs_of(tokens))
            .collect();
        pair.ends(&signs, pair.within, |world| {
            world.manage(client, "DELETE", "/tokens", None).is(200);
        });
    }

    let tokens = world.tokens(&client);
    let next = world.refreshed(&client, tokens.refresh());
    pair.ends(&pair.signs_of(&next), pair.within, |world| {
        world
            .refresh(&client, tokens.refresh())
            .oauth_error(400, "invalid_grant");
    });
    pair.refuses_refresh(&client, &next);

    let code = world.code(&client);
    let tokens = Tokens::read(world.redeem(&client, &code).oauth_json());
    pair.ends(&pair.signs_of(&tokens), pair.within, |world| {
        world.redeem(&client, &code).oauth_error(400, "invalid_grant");
    });
    pair.refuses_refresh(&client, &tokens);
}

/// What ends a client, or one of its secrets.
fn clients_end(pair: &Pair) {
    let world = &pair.world;
    for (client, how) in [
        (world.public_client(), "disabled"),
        (pair.lasting_client(), "disabled"),
        (world.public_client(), "deleted"),
        (pair.lasting_client(), "deleted"),
    ] {
        let tokens = world.tokens(&client);
        let code = world.code(&client);
        let mut signs = pair.signs_of(&tokens);
        signs.truncate(2);
        if how == "deleted" {
            // Its tokens end by themselves; this tells when the other replica has forgotten the client.
            signs.push(Sign {
                what: "the client is known",
                request: client.refreshment("nonsense"),
                alive: |answer| match answer.status {
                    400 => true,
                    401 => false,
                    _ => panic!("{answer}"),
                },
            });
        }
        pair.ends(&signs, pair.within, |world| {
            if how == "disabled" {
                world.patch(&client, &json!({ "enabled": false }));
            } else {
                world.manage(&client, "DELETE", "", None).is(204);
            }
        });
        if tokens.refresh.is_some() && how == "disabled" {
            pair.refuses_refresh(&client, &tokens);
        }
        if tokens.refresh.is_some() && how == "deleted" {
            let refreshed = pair.other.send(client.refreshment(tokens.refresh()));
            refreshed.oauth_error(401, "invalid_client");
        }
        let redemption = pair.other.send(client.redemption(&code));
        assert!([400, 401].contains(&redemption.status), "{redemption}");
    }

    let client = world.register(json!({
        "redirect_uri": ["https://server.example/cb"], "pkce": true, "enableRefreshTokens": true
    }));
    let kept = client.with_secret(world.new_secret(&client, &json!({}))["secret"].as_str().unwrap());
    let doomed = world.new_secret(&client, &json!({}));
    let client = client.with_secret(doomed["secret"].as_str().unwrap());
    let accepted = Sign {
        what: "the secret is good",
        request: client.post("/oauth/introspect", &[("token", "none")]),
        alive: |answer| match answer.status {
            200 => true,
            401 => false,
            _ => panic!("{answer}"),
        },
    };
    let tokens = world.tokens_for(&world.admin, &client, &Ask::of(&client));
    pair.ends(&[accepted], pair.within, |world| {
        let path = format!("/secrets/{}", doomed["id"].as_str().unwrap());
        world.manage(&client, "DELETE", &path, None).is(204);
    });
    pair.other
        .send(client.refreshment(tokens.refresh()))
        .oauth_error(401, "invalid_client");
    // Its sibling goes on, and so do the client's tokens.
    let answer = pair.other.send(kept.refreshment(tokens.refresh()));
    Tokens::read(answer.oauth_json());
}

/// What ends with a user who is locked, by a command, which is a process of its own.
fn users_end(pair: &Pair) {
    let world = &pair.world;
    let (client, lasting) = (world.public_client(), pair.lasting_client());
    let ada = world.user("ada");
    let code = |client: &Client| ada.code(&Ask::of(client));
    let redeemed = |client: &Client| Tokens::read(world.redeem(client, &code(client)).oauth_json());
    let (tokens, forever) = (redeemed(&client), redeemed(&lasting));
    let pending = code(&client);
    let cookies: Vec<String> = ada
        .cookies()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let session = Sign {
        what: "the session is good",
        request: Request::get("/api/oauth-clients-list").header("Cookie", &cookies.join("; ")),
        alive: |answer| match answer.status {
            200 => true,
            401 => false,
            _ => panic!("{answer}"),
        },
    };
    pair.ends(&[session, gate(&forever)], pair.within, |world| {
        world.service.cli_ok(&["user", "lock", "ada"]);
    });
    pair.refuses_refresh(&client, &tokens);
    pair.other
        .send(client.redemption(&pending))
        .oauth_error(400, "invalid_grant");
    let again = Browser::new(pair.other.base().as_str().trim_end_matches('/')).try_sign_in("ada", PASSWORD);
    assert!(![302, 303].contains(&again.status), "{again}");
}

fn everything_ends(notices: Notices) {
    let _turn = alone();
    let pair = Pair::start(notices);
    tokens_end(&pair);
    clients_end(&pair);
    users_end(&pair);
}

#[test]
fn what_is_ended_at_one_replica_is_dead_at_the_other_at_once_when_it_hears_of_it() {
    everything_ends(Notices::Heard);
}

#[test]
fn what_is_ended_at_one_replica_is_dead_at_the_other_within_a_second_when_it_may_not_subscribe() {
    everything_ends(Notices::Forbidden);
}

#[test]
fn what_is_ended_at_one_replica_is_dead_at_the_other_within_a_second_when_its_subscription_is_silent() {
    everything_ends(Notices::Silent);
}
