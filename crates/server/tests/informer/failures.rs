//! An Informer that is slow, silent, gone, failing, or talks nonsense: 503 in time on everything that needs it, nobody is
//! taken for signed out or for allowed, the rest goes on, and nothing needs a restart.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use informer_oauth_testkit::informer::Behaviour;

use crate::{
    beside::{Beside, NOTICED},
    support::*,
};

/// How long an answer may take when Informer gives none, with room for a busy machine.
const IN_TIME: Duration = Duration::from_secs(2);

const SETTINGS: [(&str, &str); 1] = [("INFORMER_OAUTH__IDENTITY__INFORMER__TIMEOUT_MS", "700")];

/// Whether `/health/ready` can see it: a server that answers nonsense with 200 does answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Down,
    Either,
}

/// A 503, or the browser on its way back to the program with the error that says the same.
fn is_unavailable(answer: &Answer) -> bool {
    answer.status == 503
        || answer
            .header("location")
            .is_some_and(|location| location.starts_with("https://app.example/cb?error=temporarily_unavailable&"))
}

/// A request that Informer is needed for, and of which kind its answer is.
type Needing<'a> = (&'static str, Box<dyn Fn() -> Answer + 'a>);

/// What must be unavailable, and what must not.
struct Rounds {
    site: Beside,
    client: Client,
    anna: Browser,
    /// The newest.
    tokens: RefCell<Tokens>,
    management: String,
}

impl Rounds {
    fn new() -> Self {
        let site = Beside::start_with(&SETTINGS);
        let client = site.world.public_client();
        let anna = site.signed_in("anna");
        let tokens = site.world.tokens_for(&anna, &client, &Ask::of(&client));
        let management = site.world.tokens_with(&client, "write:global").access;
        Self {
            site,
            client,
            anna,
            tokens: RefCell::new(tokens),
            management,
        }
    }

    /// All that must be unavailable.
    fn needing(&self) -> Vec<Needing<'_>> {
        let ask = Ask::of(&self.client);
        // What is on record is not asked for again.
        let page = ask.clone().with("prompt", "consent").page();
        let (api, decision) = (ask.api(), ask.decision(true));
        let admin = &self.site.world.admin;
        vec![
            ("authorization", Box::new(move || self.anna.open(&page))),
            ("page", Box::new(|| self.anna.open("/oauth/device"))),
            ("page", Box::new(|| self.anna.open("/oauth/applications"))),
            ("page", Box::new(|| admin.open("/oauth/admin"))),
            ("api", Box::new(|| admin.api("GET", "/api/oauth-clients", None))),
            (
                "api",
                Box::new(|| self.anna.api("GET", "/api/oauth-clients-list", None)),
            ),
            (
                "api",
                Box::new(|| self.site.call("GET", "/api/oauth-clients", &self.management)),
            ),
            ("family", Box::new(move || self.anna.api("GET", &api, None))),
            (
                "family",
                Box::new(move || self.anna.api("POST", "/api/oauth/authorize", Some(&decision))),
            ),
            ("oauth", Box::new(|| self.refresh())),
        ]
    }

    fn refresh(&self) -> Answer {
        let answer = self.site.world.refresh(&self.client, self.tokens.borrow().refresh());
        if answer.status == 200 {
            self.tokens.replace(Tokens::read(answer.oauth_json()));
        }
        answer
    }

    /// Everything that needs Informer is unavailable, in words of its own kind.
    fn are_unavailable(&self, behaviour: &Behaviour) {
        let needing = self.needing();
        // What is remembered is as good as Informer's word, for as long as it may be.
        for (_, ask) in &needing {
            let unavailable = comes_true(NOTICED, || {
                let answer = ask();
                assert!(
                    answer.status == 200 || is_unavailable(&answer),
                    "{behaviour:?}: {answer}"
                );
                answer.status != 200
            });
            assert!(unavailable, "{behaviour:?}: {}", ask());
        }
        for (kind, ask) in &needing {
            let started = Instant::now();
            let answer = ask();
            let took = started.elapsed();
            assert!(is_unavailable(&answer), "{behaviour:?}: {answer}");
            assert!(took < IN_TIME, "{behaviour:?}: {took:?}: {answer}");
            assert!(answer.headers("set-cookie").is_empty(), "{behaviour:?}: {answer}");
            if *kind == "authorization" {
                // RFC 6749 §4.1.2.1 has an error for it, so that the program hears of it too.
                answer
                    .redirected()
                    .is_error("temporarily_unavailable", Some("a state"), &self.site.world.issuer);
                continue;
            }
            let wait: u64 = answer.header("retry-after").unwrap_or_default().parse().unwrap_or(0);
            assert!((1..=120).contains(&wait), "{behaviour:?}: {answer}");
            match *kind {
                "page" => {
                    let kind = answer.header("content-type").unwrap_or_default();
                    assert!(kind.starts_with("text/html"), "{answer}");
                    let text = answer.text();
                    assert!(text.contains("<h1") && text.contains("lang=\"en\""), "{answer}");
                }
                "oauth" => answer.oauth_error(503, "temporarily_unavailable"),
                _ => assert_ne!(answer.json(), Value::Null),
            }
        }
    }

    /// What does not need Informer goes on.
    fn goes_on(&self) {
        assert!(
            self.site.passes(&self.tokens.borrow().access),
            "the gate goes by what was last known"
        );
        for path in ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server"] {
            self.site.world.http.get(path).oauth_json();
        }
        self.site.direct.get("/health/live").is(200);
    }

    fn round(&self, behaviour: Behaviour, seen: Seen) {
        self.site.informer.behave(behaviour.clone());
        self.are_unavailable(&behaviour);
        self.goes_on();
        if seen == Seen::Down {
            let ready = self.site.direct.get("/health/ready").is(503).json();
            assert_eq!(ready["checks"]["informer"], "down", "{ready}");
        }
        self.site.informer.behave(Behaviour::Well);
        self.recovers();
    }

    /// By itself, for the same session and the same refresh token.
    fn recovers(&self) {
        for (_, ask) in self.needing() {
            assert!(comes_true(NOTICED, || ask().status == 200), "{}", ask());
        }
        let ready = || self.site.direct.get("/health/ready");
        assert!(comes_true(NOTICED, || ready().status == 200), "{}", ready());
        assert_eq!(ready().json()["checks"]["informer"], "up");
    }
}

#[test]
fn an_informer_that_does_not_answer_makes_what_needs_it_unavailable_in_time() {
    let rounds = Rounds::new();
    rounds.round(Behaviour::Hanging, Seen::Down);
    rounds.round(Behaviour::Slow(Duration::from_secs(30)), Seen::Down);
}

#[test]
fn an_informer_that_is_gone_makes_what_needs_it_unavailable() {
    let rounds = Rounds::new();
    rounds.round(Behaviour::Refusing, Seen::Down);
    rounds.round(Behaviour::Down, Seen::Down);
    rounds.round(Behaviour::NotHttp, Seen::Down);
}

#[test]
fn an_informer_that_fails_or_talks_nonsense_makes_what_needs_it_unavailable() {
    let rounds = Rounds::new();
    rounds.round(Behaviour::Failing(500), Seen::Down);
    rounds.round(Behaviour::Failing(503), Seen::Down);
    rounds.round(Behaviour::Garbage, Seen::Either);
    rounds.round(Behaviour::WrongTypes, Seen::Either);
}

#[test]
fn an_informer_that_is_a_little_slow_is_waited_for() {
    let rounds = Rounds::new();
    rounds.site.informer.behave(Behaviour::Slow(Duration::from_millis(100)));
    for (_, ask) in rounds.needing() {
        ask().is(200);
    }
}

#[test]
fn a_service_starts_without_informer_and_is_whole_when_it_comes() {
    let mut rounds = Rounds::new();
    rounds.site.informer.behave(Behaviour::Refusing);
    rounds.site.world.service.restart();
    let ready = || rounds.site.direct.get("/health/ready");
    assert!(comes_true(NOTICED, || ready().status == 503), "{}", ready());
    rounds.are_unavailable(&Behaviour::Refusing);
    rounds.site.informer.behave(Behaviour::Well);
    rounds.recovers();
}

#[test]
fn a_code_that_comes_while_informer_is_gone_gets_503_and_no_tokens_and_the_next_one_is_good() {
    let rounds = Rounds::new();
    let Rounds { site, client, anna, .. } = &rounds;
    let device = Device::start(&site.world, client);
    device.decide(anna, true).is(204);
    let code = anna.code(&Ask::of(client));
    site.informer.behave(Behaviour::Failing(500));
    rounds.are_unavailable(&Behaviour::Failing(500));
    for request in [client.redemption(&code), client.poll(&device)] {
        let answer = site.world.http.send(request);
        assert!(answer.header("retry-after").is_some(), "{answer}");
        answer.oauth_error(503, "temporarily_unavailable");
    }
    site.informer.behave(Behaviour::Well);
    rounds.recovers();
    let code = anna.code(&Ask::of(client));
    let tokens = Tokens::read(site.world.redeem(client, &code).oauth_json());
    assert!(site.passes(&tokens.access));
}
