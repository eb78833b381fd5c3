use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    sync::Arc,
    thread,
};

use informer_oauth_testkit::servers::{ThrowawayPostgres, redis::RedisServer};
use serde_json::Value;

use crate::{
    code,
    common::{Service, stores::ProductionStores},
    stdout,
};

fn findings(service: &Service) -> (i32, Value) {
    let output = service.cli(&["doctor", "--output", "json"]);
    (code(&output), serde_json::from_slice(&output.stdout).unwrap())
}

fn standing(findings: &Value, check: &str) -> String {
    let finding = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["check"] == check);
    finding.unwrap_or_else(|| panic!("no {check} in {findings}"))["standing"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn all_is_well_with_a_running_service() {
    let service = Service::start();
    let (code, found) = findings(&service);
    assert_eq!(code, 0, "{found}");
    let names: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "configuration",
            "data folder",
            "encryption key",
            "migrations",
            "database",
            "signing keys",
            "clock",
            "issuer",
            "proxies",
            "issuer clock"
        ]
    );
    assert!(
        found
            .as_array()
            .unwrap()
            .iter()
            .all(|finding| finding["standing"] == "ok"),
        "{found}"
    );
    let text = stdout(&service.cli(&["doctor"]));
    assert_eq!(text.lines().count(), names.len(), "one line each: {text}");
}

#[test]
fn a_service_that_does_not_run_and_a_key_that_all_can_read_are_found() {
    let mut service = Service::start();
    service.terminate();
    let key = service.data_dir().join("encryption.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, found) = findings(&service);
    assert_eq!(code, 1);
    assert_eq!(standing(&found, "issuer"), "failed");
    assert_eq!(standing(&found, "encryption key"), "failed");
    assert_eq!(standing(&found, "database"), "ok");

    fs::write(&key, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap();
    assert_eq!(standing(&findings(&service).1, "signing keys"), "failed");
}

#[test]
fn before_the_first_start_it_looks_and_makes_nothing() {
    let service = Service::prepare(&[]);
    let (code, found) = findings(&service);
    assert_eq!(code, 1);
    assert_eq!(standing(&found, "database"), "failed");
    assert!(!service.data_dir().exists());
}

#[test]
fn servers_that_keep_what_they_are_given_are_told_from_those_that_may_not() {
    for (postgres, redis, standings) in [
        ([("synchronous_commit", "on")], ["--appendonly", "yes"], ["ok", "ok"]),
        (
            [("synchronous_commit", "off")],
            ["--save", "3600 1"],
            ["warning", "warning"],
        ),
    ] {
        let (postgres, redis) = (
            ThrowawayPostgres::start_with(&postgres, &[]),
            RedisServer::start_with(&redis),
        );
        let stores = Arc::new(ProductionStores::on(&postgres, (redis.url(), None)));
        let service = Service::start_on(&stores, &[]);
        let (code, found) = findings(&service);
        assert_eq!(code, 0, "a warning is no failure: {found}");
        assert_eq!(standing(&found, "database clock"), "ok", "{found}");
        let told = ["durability", "cache settings"].map(|check| standing(&found, check));
        assert_eq!(told, standings, "{found}");
    }
}

/// A small proxy in front of `service`: takes away what callers say of themselves, or not, and adds lines of its own.
fn proxy(service: &Service, takes_away: bool, added: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let to = service.base().trim_start_matches("http://").to_owned();
    let stays = move |line: &String| !takes_away || !line.to_ascii_lowercase().contains("forwarded");
    thread::spawn(move || {
        for caller in listener.incoming().flatten() {
            let lines = BufReader::new(caller.try_clone().unwrap())
                .lines()
                .map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).filter(&stays).collect();
            let mut service = TcpStream::connect(&to).unwrap();
            write!(service, "{}\r\n{added}Connection: close\r\n\r\n", head.join("\r\n")).unwrap();
            let _ = std::io::copy(&mut service, &mut &caller);
        }
    });
    address
}

#[test]
fn callers_that_count_as_somebody_else_are_found_through_the_proxy() {
    const SAYS: &str = "X-Forwarded-For: 198.51.100.9\r\n";
    for (trusted, takes_away, added, expected, said) in [
        ("127.0.0.1", true, SAYS, "ok", "(198.51.100.9)"),
        ("", true, SAYS, "warning", "http.trusted_proxies does not name it"),
        ("127.0.0.1", true, "", "warning", "sends no X-Forwarded-For"),
        ("127.0.0.1", false, SAYS, "warning", "Forwarded header on"),
    ] {
        let mut service = Service::prepare(&[]);
        service.set("INFORMER_OAUTH__HTTP__TRUSTED_PROXIES", trusted);
        service.launch();
        let address = proxy(&service, takes_away, added);
        service.set("INFORMER_OAUTH__ISSUER", &format!("http://{address}"));
        service.restart();
        let (code, found) = findings(&service);
        assert_eq!(code, 0, "a warning is no failure: {found}");
        assert_eq!(standing(&found, "proxies"), expected, "{found}");
        assert!(found.to_string().contains(said), "{found}");
        assert_eq!(standing(&found, "issuer clock"), "ok", "{found}");
    }
}

#[test]
fn an_issuer_that_is_not_the_address_people_use_is_found_by_the_form_that_was_refused() {
    let service = Service::start();
    let (code, found) = findings(&service);
    assert!(code == 0 && !found.to_string().contains("\"forms\""), "{found}");
    let form = service.client().post(service.url("/oauth/sign-in"));
    let refused = form.header("Origin", "https://bi.example.com").body("form=x").send();
    assert_eq!(refused.unwrap().status(), 403);
    let (code, found) = findings(&service);
    assert_eq!(code, 0, "a warning is no failure: {found}");
    assert_eq!(standing(&found, "forms"), "warning", "{found}");
    assert!(found.to_string().contains("https://bi.example.com"), "{found}");
}

#[test]
fn nobody_without_the_key_is_told_how_requests_arrive() {
    let service = Service::start();
    let http = service.client();
    for authorization in [None, Some("Diagnosis 1800000000.0000"), Some("Bearer x")] {
        let mut asked = http.get(service.url("/oauth/diagnosis"));
        if let Some(authorization) = authorization {
            asked = asked.header("Authorization", authorization);
        }
        let answer = asked.send().unwrap();
        assert_eq!(answer.status(), 404, "{authorization:?}");
        let nothing = http.get(service.url("/oauth/nothing-at-all")).send().unwrap();
        assert_eq!(answer.text().unwrap(), nothing.text().unwrap());
    }
}

#[test]
fn help_names_an_example_for_a_command_and_for_its_parts() {
    let service = Service::prepare(&[]);
    for command in [
        ["--help"].as_slice(),
        &["client", "--help"],
        &["client", "secret", "add", "--help"],
        &["doctor", "--help"],
    ] {
        let help = service.cli_ok(command);
        assert!(help.contains("Example"), "{command:?}: {help}");
    }
}
