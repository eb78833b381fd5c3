//! nginx is reloaded and two replicas are restarted one after the other while programs work: nobody is refused.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{beside::Beside, support::*};

/// How long the load lasts; a whole minute when `INFORMER_OAUTH_TEST_LONG` is 1.
const SUITE: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_secs(60);

const CALLERS: usize = 3;
const REFRESHERS: usize = 3;

/// Between two requests of one program: steady work, not a benchmark.
const REST: Duration = Duration::from_millis(15);

/// Between a replica that is ready and the end of the next one, as the documentation has it.
const PAUSE: Duration = Duration::from_secs(3);

/// What the programs saw.
#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    calls: AtomicU64,
    refreshes: AtomicU64,
    streams: AtomicU64,
    wrong: Mutex<Vec<String>>,
}

impl Seen {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn complain(&self, what: String) {
        self.wrong.lock().unwrap().push(what);
    }

    /// The body, if the answer is a 200.
    fn good(&self, answer: reqwest::Result<reqwest::blocking::Response>, counter: &AtomicU64) -> Option<String> {
        let outcome = answer.and_then(|answer| {
            let status = answer.status().as_u16();
            answer.text().map(|body| (status, body))
        });
        match outcome {
            Ok((200, body)) => {
                counter.fetch_add(1, Ordering::Relaxed);
                Some(body)
            }
            Ok((status, body)) => {
                self.complain(format!("{status} {body}"));
                None
            }
            Err(error) => {
                self.complain(format!("{error:?}"));
                None
            }
        }
    }
}

/// A program that connects anew for each request: one that keeps a connection must be ready to see it closed between two
/// requests, which says nothing about the service.
fn program() -> reqwest::blocking::Client {
    reqwest::blocking::Client::builder()
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

fn call(base: &str, token: &str, seen: &Seen) {
    let http = program();
    let url = format!("{base}/api/datasets/sales/_search");
    while seen.goes_on() {
        let answer = http.post(&url).bearer_auth(token).body("{}").send();
        seen.good(answer, &seen.calls);
        thread::sleep(REST);
    }
}

fn refresh(base: &str, client: &Client, mut tokens: Tokens, seen: &Seen) {
    let http = program();
    while seen.goes_on() {
        let answer = http
            .post(format!("{base}/oauth/token"))
            .form(&[
                ("grant_type", "refresh_token"),
                ("client_id", &client.client_id),
                ("refresh_token", tokens.refresh()),
            ])
            .send();
        let Some(body) = seen.good(answer, &seen.refreshes) else {
            return;
        };
        tokens = Tokens::read(serde_json::from_str(&body).unwrap());
        let answer = http
            .get(format!("{base}/api/profile"))
            .bearer_auth(&tokens.access)
            .send();
        seen.good(answer, &seen.calls);
        thread::sleep(REST);
    }
}

/// Streams of two seconds, one after the other.
fn listen(base: &str, token: &str, seen: &Seen) {
    let http = program();
    while seen.goes_on() {
        let answer = http
            .get(format!("{base}/api/events?count=20&interval_ms=100"))
            .bearer_auth(token)
            .send();
        let body = seen.good(answer, &seen.streams);
        if let Some(body) = body.filter(|body| !body.ends_with("data: 20 of 20\n\n")) {
            seen.complain(format!("a stream that breaks off: {body:?}"));
        }
    }
}

#[test]
fn nobody_is_refused_while_nginx_is_reloaded_and_the_replicas_are_restarted_one_after_the_other() {
    let lasting = if std::env::var("INFORMER_OAUTH_TEST_LONG").is_ok_and(|value| value == "1") {
        LONG
    } else {
        SUITE
    };
    let mut site = Beside::start_two();
    let client = site.world.public_client();
    let anna = site.signed_in("anna");
    let families: Vec<Tokens> = (0..REFRESHERS)
        .map(|_| site.world.tokens_for(&anna, &client, &Ask::of(&client)))
        .collect();
    let token = site.world.tokens_with(&client, "write:global").access;
    let in_flight = anna.code(&Ask::of(&client));
    let device = Device::start(&site.world, &client);

    let seen = Seen::default();
    let (nginx, first, second) = (&site.nginx, &mut site.world.service, &mut site.replicas[0]);
    let (base, token, client_ref, seen_ref) = (nginx.base(), &token, &client, &seen);
    let rounds = thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| call(base, token, seen_ref));
        }
        for tokens in families {
            scope.spawn(move || refresh(base, client_ref, tokens, seen_ref));
        }
        scope.spawn(|| listen(base, token, seen_ref));
        let until = Instant::now() + lasting;
        let mut rounds = 0;
        while Instant::now() < until {
            for service in [&mut *first, &mut *second] {
                // A reload also forgets which replica did not answer: every other round goes without.
                if rounds % 2 == 0 {
                    nginx.reload();
                    thread::sleep(Duration::from_millis(500));
                }
                service.restart();
                let http = Http::to(service.base());
                assert!(comes_true(Duration::from_secs(30), || http.get("/health/ready").status == 200));
                thread::sleep(PAUSE);
            }
            if rounds == 0 {
                let redeemed = Http::to(base).send(client_ref.redemption(&in_flight));
                Tokens::read(redeemed.oauth_json());
            }
            rounds += 1;
        }
        seen.stop.store(true, Ordering::Relaxed);
        rounds
    });
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (calls, refreshes, streams) = (count(&seen.calls), count(&seen.refreshes), count(&seen.streams));
    println!("{rounds} rounds: {calls} calls, {refreshes} refreshes and {streams} streams were answered");
    let wrong = seen.wrong.lock().unwrap();
    assert!(
        wrong.is_empty(),
        "{} of {} were refused: {:?}\n{}",
        wrong.len(),
        calls + refreshes + streams,
        wrong.iter().take(10).collect::<Vec<_>>(),
        site.nginx.log()
    );
    assert!(rounds >= 1 && calls > 100 && refreshes > 50 && streams >= 2);

    device.decide(&anna, true).is(204);
    site.world.http.send(client.poll(&device)).oauth_json();
    for service in [&site.world.service, &site.replicas[0]] {
        let log = service.log();
        assert_eq!(log.lines().find(|line| line.contains("panicked")), None);
    }
}
