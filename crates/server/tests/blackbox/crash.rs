//! Ends that nobody planned, and those that somebody did (security.md "The process").

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::support::*;

impl World {
    /// SIGKILL and a new start on the same folder.
    fn crashed(&mut self) {
        self.service.kill9();
        self.service.launch();
        self.reconnect();
    }

    fn restarted(&mut self) {
        self.service.restart();
        self.reconnect();
    }
}

#[test]
fn a_code_made_before_a_kill_is_redeemed_after_it_once() {
    let mut world = World::start();
    let client = world.public_client();
    let code = world.code(&client);
    world.crashed();
    let tokens = Tokens::read(world.redeem(&client, &code).oauth_json());
    assert!(world.works(&tokens.access));
    world.crashed();
    world.redeem(&client, &code).oauth_error(400, "invalid_grant");
    assert!(
        comes_true(A_SECOND, || !world.works(&tokens.access)),
        "used twice is used twice, whatever lay between"
    );
}

#[test]
fn a_rotation_acknowledged_before_a_kill_holds_after_it() {
    let mut world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let next = world.refreshed(&client, tokens.refresh());
    world.crashed();
    assert!(world.works(&next.access) && world.works(&tokens.access));
    let third = world.refreshed(&client, next.refresh());
    world.crashed();
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    assert!(comes_true(A_SECOND, || !world.works(&third.access)));
    world
        .refresh(&client, third.refresh())
        .oauth_error(400, "invalid_grant");
}

#[test]
fn reuse_after_rotation_revokes_the_family_also_after_a_restart() {
    let mut world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let next = world.refreshed(&client, tokens.refresh());
    world.restarted();
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    world.refresh(&client, next.refresh()).oauth_error(400, "invalid_grant");
    assert!(comes_true(A_SECOND, || !world.works(&next.access)));
    assert_eq!(world.count_events(&client, "refresh.replayed"), 1);
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let mut world = World::start();
    let ada = world.user("ada");
    let client = world.confidential_client();
    let (kept, revoked) = (world.tokens(&client), world.tokens(&client));
    let second = world.new_secret(&client, &json!({}));
    let gone = world.public_client();
    world.revoke(&client, revoked.refresh()).is(200);
    world.manage(&gone, "DELETE", "", None).is(204);
    world.patch(&client, &json!({ "description": "written last" }));
    world.crashed();
    assert!(world.works(&kept.access), "signing keys survive");
    assert!(!world.works(&revoked.access));
    world
        .refresh(&client.with_secret(second["secret"].as_str().unwrap()), kept.refresh())
        .is(200);
    world.manage(&gone, "GET", "", None).api_error(404, "Not Found");
    assert_eq!(
        world.manage(&client, "GET", "", None).json()["description"],
        "written last"
    );
    assert_eq!(world.count_events(&client, "token.revoked"), 1);
    let mut ada = ada;
    ada.http = Http::to(world.base());
    ada.api("GET", "/api/oauth-clients-list", None).is(200);
    // Consent, too.
    let page = world.admin.open(&Ask::plainly_of(&client).page());
    page.redirected().code();
}

#[test]
fn two_kills_in_a_row_change_nothing_and_the_first_start_happens_once() {
    let mut world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let keys = world.http.get("/.well-known/jwks.json").json();
    let password = world.service.admin_password().to_owned();
    for _ in 0..2 {
        world.crashed();
        assert!(
            !world.service.stdout().contains("password: "),
            "no second administrator: {}",
            world.service.stdout()
        );
    }
    assert_eq!(world.http.get("/.well-known/jwks.json").json(), keys);
    Browser::signed_in(world.base(), "admin", &password);
    world.refreshed(&client, tokens.refresh());
    let list = world.admin.api("GET", "/api/oauth-clients?q=Informer", None).json();
    assert_eq!(list["total"], 2, "the built-in clients are there once: {list}");
}

#[test]
fn a_kill_in_the_middle_of_refreshing_issues_nothing_twice_and_loses_nothing_acknowledged() {
    let mut world = World::start();
    let client = world.public_client();
    for round in 0..6 {
        let families: Vec<Tokens> = (0..4).map(|_| world.tokens(&client)).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let count = Arc::new(AtomicUsize::new(0));
        let runners: Vec<_> = families
            .iter()
            .map(|family| {
                let (http, client) = (Http::to(world.base()), client.clone());
                let (stop, count) = (Arc::clone(&stop), Arc::clone(&count));
                let mut acknowledged = vec![family.refresh().to_owned()];
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let last = acknowledged.last().unwrap();
                        match http.try_send(client.refreshment(last)) {
                            Ok(answer) if answer.status == 200 => {
                                acknowledged.push(Tokens::read(answer.oauth_json()).refresh().to_owned());
                                count.fetch_add(1, Ordering::Relaxed);
                            }
                            Ok(answer) => panic!("{answer}"),
                            Err(_) => break,
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        assert!(comes_true(Duration::from_secs(10), || count.load(Ordering::Relaxed) > 8));
        thread::sleep(Duration::from_millis(7 * round));
        world.service.kill9();
        stop.store(true, Ordering::Relaxed);
        let chains: Vec<Vec<String>> = runners.into_iter().map(|runner| runner.join().unwrap()).collect();
        world.service.launch();
        world.reconnect();
        for chain in chains {
            // Either the last token acknowledged is the live one, or its rotation was written and its answer lost.
            let answer = world.refresh(&client, chain.last().unwrap());
            if answer.status == 200 {
                let next = Tokens::read(answer.oauth_json());
                world
                    .refresh(&client, chain.last().unwrap())
                    .oauth_error(400, "invalid_grant");
                world.refresh(&client, next.refresh()).oauth_error(400, "invalid_grant");
            } else {
                answer.oauth_error(400, "invalid_grant");
            }
            // An acknowledged rotation holds: no earlier token is ever good again.
            for earlier in &chain[..chain.len() - 1] {
                world.refresh(&client, earlier).oauth_error(400, "invalid_grant");
            }
        }
    }
}

#[test]
fn a_kill_in_the_middle_of_redeeming_gives_no_code_a_second_use() {
    let mut world = World::start();
    let client = world.public_client();
    let ask = Ask::of(&client);
    let codes: Vec<Code> = (0..120).map(|_| world.admin.code(&ask)).collect();
    let count = Arc::new(AtomicUsize::new(0));
    let runners: Vec<_> = codes
        .chunks(30)
        .map(|codes| {
            let (http, client, count) = (Http::to(world.base()), client.clone(), Arc::clone(&count));
            let codes = codes.to_vec();
            thread::spawn(move || {
                let mut acknowledged = Vec::new();
                for code in codes {
                    match http.try_send(client.redemption(&code)) {
                        Ok(answer) => acknowledged.push((code, Tokens::read(answer.oauth_json()))),
                        Err(_) => break,
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                }
                acknowledged
            })
        })
        .collect();
    assert!(comes_true(Duration::from_secs(10), || count.load(Ordering::Relaxed) > 30));
    world.service.kill9();
    let acknowledged: Vec<(Code, Tokens)> = runners.into_iter().flat_map(|runner| runner.join().unwrap()).collect();
    world.service.launch();
    world.reconnect();
    for (_, tokens) in &acknowledged {
        assert!(world.works(&tokens.access), "what was acknowledged is there");
    }
    for code in &codes {
        let known = acknowledged.iter().find(|(used, _)| used.code == code.code);
        let first = world.redeem(&client, code);
        match known {
            Some(_) => first.oauth_error(400, "invalid_grant"),
            // Not reached, or used with its answer lost: then nobody has the tokens.
            None => assert!([200, 400].contains(&first.status), "{first}"),
        }
        world.redeem(&client, code).oauth_error(400, "invalid_grant");
        if let Some((_, tokens)) = known {
            assert!(comes_true(A_SECOND, || !world.works(&tokens.access)), "used twice");
        }
    }
}

#[test]
fn on_sigterm_under_load_requests_finish_new_ones_are_refused_and_the_process_ends_in_time() {
    let mut world = World::start();
    let client = world.public_client();
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicUsize::new(0));
    let runners: Vec<_> = (0..4)
        .map(|_| {
            let mut token = world.tokens(&client).refresh().to_owned();
            let (http, client) = (Http::to(world.base()), client.clone());
            let (stop, count) = (Arc::clone(&stop), Arc::clone(&count));
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    match http.try_send(client.refreshment(&token)) {
                        Ok(answer) if answer.status == 200 => {
                            token = Tokens::read(answer.oauth_json()).refresh().to_owned();
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(answer) => {
                            assert_eq!(answer.status, 503, "{answer}");
                            break;
                        }
                        // A connection that was idle may be closed under a request; one refused is what is promised.
                        Err(error) => {
                            assert!(!error.is_timeout(), "{error:?}");
                            break;
                        }
                    }
                }
                token
            })
        })
        .collect();
    assert!(
        comes_true(Duration::from_secs(10), || count.load(Ordering::Relaxed) > 40),
        "there is load"
    );
    // A request whose body is still on its way when the signal arrives.
    let slow_token = world.tokens(&client);
    let slow = wire::bytes(&world.base_url(), &client.refreshment(slow_token.refresh()));
    let mut stream = wire::connect(&world.base_url());
    std::io::Write::write_all(&mut stream, &slow[..slow.len() - 5]).unwrap();
    thread::sleep(Duration::from_millis(100));
    let started = Instant::now();
    world.service.signal("-TERM");
    thread::sleep(Duration::from_millis(100));
    std::io::Write::write_all(&mut stream, &slow[slow.len() - 5..]).unwrap();
    let in_flight = wire::read(&mut stream).expect("a request that had begun is answered");
    let slow_next = Tokens::read(in_flight.oauth_json());
    let status = world.service.wait(Duration::from_secs(10));
    assert!(status.success(), "{status}: {}", world.service.log());
    assert!(started.elapsed() < Duration::from_secs(10));
    stop.store(true, Ordering::Relaxed);
    let ends: Vec<String> = runners.into_iter().map(|runner| runner.join().unwrap()).collect();
    world.service.launch();
    world.reconnect();
    let slow_after = world.refresh(&client, slow_next.refresh());
    slow_after.oauth_json();
    for token in ends {
        world.refresh(&client, &token).oauth_json();
    }
}

#[test]
fn sigterm_with_idle_and_half_open_connections_still_ends_within_ten_seconds() {
    let mut world = World::start();
    let base = world.base_url();
    let mut held: Vec<_> = (0..20).map(|_| wire::connect(&base)).collect();
    for stream in held.iter_mut().skip(10) {
        std::io::Write::write_all(stream, b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Le").unwrap();
    }
    world.http.get("/health/live").is(200);
    world.service.signal("-TERM");
    assert!(world.service.wait(Duration::from_secs(10)).success());
    drop(held);
}

#[test]
fn a_store_that_cannot_be_written_is_503_with_retry_after_and_the_same_refresh_token_still_works_afterwards() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let code = world.code(&client);
    let outage = Outage::of_writing(&world);
    for request in [client.refreshment(tokens.refresh()), client.redemption(&code)] {
        let started = Instant::now();
        let answer = world.http.send(request);
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        answer.oauth_error(503, "temporarily_unavailable");
        assert!(answer.header("retry-after").is_some(), "{answer}");
    }
    let started = Instant::now();
    let answer = world.manage(&client, "PATCH", "", Some(&json!({ "description": "x" })));
    answer.api_error(503, "Service Unavailable");
    assert!(answer.header("retry-after").is_some(), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    outage.end();
    assert!(
        comes_true(Duration::from_secs(5), || world.http.get("/health/ready").status == 200),
        "it recovers by itself"
    );
    world.refreshed(&client, tokens.refresh());
    world.redeem(&client, &code).oauth_json();
}

#[test]
fn a_store_that_is_down_closes_the_gate_and_shows_in_readiness() {
    let world = World::start();
    let client = world.public_client();
    let unseen = world.tokens_with(&client, "write:global");
    let outage = Outage::of_everything(&world);
    let started = Instant::now();
    let answer = world.gate("GET", "/api/profile", Some(&unseen.access));
    assert_eq!(answer.status, 503, "fail closed: {answer}");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let ready = world.http.get("/health/ready").is(503);
    assert_eq!(
        ready.json(),
        json!({ "status": "down", "checks": { "sqlite": "down" } })
    );
    world.http.get("/health/live").is(200);
    outage.end();
    assert!(comes_true(Duration::from_secs(5), || world
        .http
        .get("/health/ready")
        .status
        == 200));
    assert!(comes_true(Duration::from_secs(5), || world.works(&unseen.access)));
}

/// Another process that holds the database's locks: what a store that is down looks like where the store is a file.
struct Outage(std::process::Child);

/// Nobody else can write.
const HOLD_WRITING: &str = "
import glob, sqlite3, sys
database, = glob.glob(sys.argv[1] + '/*.db')
connection = sqlite3.connect(database, isolation_level=None)
connection.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()
";

/// Nobody else can read or write. The locks of the write-ahead log's index: bytes 120 to 127 of the `-shm` file (sqlite.org/walformat.html, §2.3).
const HOLD_EVERYTHING: &str = "
import fcntl, glob, sys
held = [open(name, 'r+b') for name in glob.glob(sys.argv[1] + '/*-shm')]
assert held
for file in held: fcntl.lockf(file, fcntl.LOCK_EX, 8, 120)
print('held', flush=True)
sys.stdin.read()
";

impl Outage {
    fn of_writing(world: &World) -> Self {
        Self::begin(world, HOLD_WRITING)
    }

    fn of_everything(world: &World) -> Self {
        Self::begin(world, HOLD_EVERYTHING)
    }

    fn begin(world: &World, hold: &str) -> Self {
        use std::{
            io::{BufRead as _, BufReader},
            process::{Command, Stdio},
        };
        let mut process = Command::new("python3")
            .args(["-c", hold])
            .arg(world.service.data_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is one of the programs that `cargo xtask test` asks for");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "held\n");
        Self(process)
    }

    fn end(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}
