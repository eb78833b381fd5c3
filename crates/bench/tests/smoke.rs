//! The bench itself: every operation for a second, half of it to warm up. It asserts answers, not speed, and so does this.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The service as the tests build it, in the folder above this test's.
fn service() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let folder = here.parent().and_then(Path::parent).unwrap();
    let binary = folder.join("informer-oauth");
    assert!(
        binary.is_file(),
        "{} is missing: build the package informer-oauth first",
        binary.display()
    );
    binary
}

fn bench(out: &Path, options: &[&str]) -> Value {
    measure(out, &[&["--quick"], options].concat())
}

fn measure(out: &Path, options: &[&str]) -> Value {
    let run = Command::new(env!("CARGO_BIN_EXE_informer-oauth-bench"))
        .args(["--rounds", "1", "--connections", "4"])
        .arg("--binary")
        .arg(service())
        .arg("--out")
        .arg(out)
        .args(options)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}\n{said}", run.status);
    let page = std::fs::read_to_string(out.join("report.md")).unwrap();
    assert!(String::from_utf8_lossy(&run.stdout).contains(&page));
    let json = std::fs::read_to_string(out.join("report.json")).unwrap();
    serde_json::from_str(&json).unwrap()
}

#[test]
fn every_operation_is_answered_rightly_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let report = bench(
        folder.path(),
        &["--no-peer", "--stores", "embedded", "--seconds", "0.5"],
    );
    let comparisons = report["comparisons"].as_array().unwrap();
    let titles: Vec<&str> = comparisons
        .iter()
        .map(|found| found["title"].as_str().unwrap())
        .collect();
    for title in [
        "Refresh with rotation, public client",
        "Code and PKCE exchange",
        "Refresh with rotation, confidential client",
        "Introspection",
        "The gate, tokens seen before",
        "Device poll, pending",
        "JWKS",
        "Metadata",
    ] {
        assert!(titles.contains(&title), "{title} is not among {titles:?}");
    }
    for comparison in comparisons {
        for side in comparison["sides"].as_array().unwrap() {
            for round in side["rounds"].as_array().unwrap() {
                assert!(round["requests"].as_u64().unwrap() > 0, "{side}");
                assert!(
                    round["p99"].as_f64().unwrap() >= round["p50"].as_f64().unwrap(),
                    "{side}"
                );
            }
        }
    }
    let races = report["races"].as_array().unwrap();
    assert_eq!(races.len(), 2);
    for race in races {
        assert_eq!(
            race["winners"],
            serde_json::json!([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
            "{race}"
        );
    }
    assert!(report["footprints"][0]["idle"].as_f64().unwrap() > 1.0);
    assert!(report["conditions"].as_array().unwrap().len() >= 5);
}

#[test]
fn what_takes_ten_microseconds_has_more_rounds_and_a_hello_that_is_as_long() {
    let folder = tempfile::tempdir().unwrap();
    let only = ["--only", "gate,jwks,metadata", "--seconds", "0.1"];
    let options = [&["--no-peer", "--stores", "embedded"], only.as_slice()].concat();
    let report = measure(folder.path(), &options);
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 3);
    for comparison in comparisons {
        let sides = comparison["sides"].as_array().unwrap();
        let names: Vec<&str> = sides.iter().map(|side| side["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["informer-oauth", "hello", "hello, as long"]);
        for side in sides {
            assert_eq!(side["rounds"].as_array().unwrap().len(), 9, "{side}");
        }
    }
}

#[test]
fn seeded_databases_and_replicas_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let only = ["--no-peer", "--only", "growth", "replicas", "--seconds", "0.2"];
    let report = bench(folder.path(), &[only.as_slice(), &["--records", "64", "2000"]].concat());
    let comparisons = report["comparisons"].as_array().unwrap();
    let names: Vec<Vec<&str>> = comparisons
        .iter()
        .map(|found| {
            let sides = found["sides"].as_array().unwrap();
            sides.iter().map(|side| side["name"].as_str().unwrap()).collect()
        })
        .collect();
    let replicas = ["one", "two replicas"];
    let sizes = [
        "64 records, 10 clients",
        "64 records, 10 000 clients",
        "2 000 records, 10 000 clients",
    ];
    assert_eq!(names, [sizes.as_slice(), &replicas, &replicas]);
    let found = comparisons[0]["findings"].as_array().unwrap();
    assert!(found.iter().any(|found| found["budget"]["at_most"] == 1.3), "{found:?}");
}

/// The peer is somebody else's: that it answers as it should is asserted as for our own.
#[test]
fn the_peer_is_measured_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let only = ["--only", "refresh,code,introspect,device,races", "--seconds", "0.2"];
    let report = bench(folder.path(), &only);
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 4);
    for comparison in comparisons {
        let found = comparison["findings"].as_array().unwrap();
        let judged = found.iter().find(|found| found["budget"]["at_least"].is_number());
        let what = judged.unwrap()["what"].as_str().unwrap();
        assert!(what.ends_with("to node-oidc-provider, Redis"), "{what}");
    }
    let races = report["races"].as_array().unwrap();
    let peers = races.iter().filter(|race| race["name"] == "node-oidc-provider, Redis");
    assert_eq!(peers.count(), 2, "{races:?}");
}

#[test]
fn what_needs_postgres_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_informer-oauth-bench"))
        .args(["--stores", "embedded", "--only", "growth", "--no-peer"])
        .arg("--binary")
        .arg(service())
        .arg("--out")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!run.status.success());
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(said.contains("on Postgres only"), "{said}");
    assert!(!folder.path().join("report.md").exists());
}
