use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

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
            "issuer"
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
        let told = ["durability", "cache settings"].map(|check| standing(&found, check));
        assert_eq!(told, standings, "{found}");
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
