//! `tour`: what a newcomer runs first.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{code, common::command, stderr, stdout};

/// The tour, with its temporary folder in `folder`; a setting of one's own does not reach it.
fn tour(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command(folder);
    command
        .arg("tour")
        .args(arguments)
        .env("TMPDIR", folder)
        .env("INFORMER_OAUTH__FEATURES__TOKEN_API", "false");
    command
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

/// Nobody listens there any more.
fn is_gone(base: &str) -> bool {
    TcpStream::connect(base.trim_start_matches("http://")).is_err()
}

fn base_of(line: &str) -> &str {
    let (_, rest) = line.split_once("on http://").unwrap();
    rest.split(',').next().unwrap()
}

#[test]
fn it_goes_through_the_whole_job_in_a_few_seconds_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let output = tour(folder.path(), &[]).output().unwrap();
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}\n{}", stderr(&output));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    for part in [
        "1. What clients look for first",
        "10. It is given back",
        "\n   200 {\"issuer\": \"http://127.0.0.1:",
        "\n   303 location: /oauth\n",
        "\n   201 {\"client_id\": ",
        "\n   200 {\"access_token\": \"eyJ",
        "-d \"refresh_token=$refresh_token\"",
        "-H \"Authorization: Bearer $access_token\"",
        "\n   200 x-informer-user: admin, x-informer-scope: read:dataset read:profile\n",
        "\n   403 {\"error\": \"insufficient_scope\"",
        "\n   400 {\"error\": \"invalid_grant\"",
        "\n   200 {\"user_code\": ",
        "\n   204",
        "\n   401 {\"error\": \"invalid_token\"",
        "16 requests, and every answer was as it should be",
    ] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    let longest = text
        .split(['"', ' ', '='])
        .filter(|word| word.starts_with("eyJ"))
        .map(str::len)
        .max();
    assert!(longest < Some(30), "tokens are shortened: {text}");
    assert!(is_empty(folder.path()) && is_gone(base_of(&text)));
}

#[test]
fn programs_get_the_steps_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let output = tour(folder.path(), &["--output", "json"]).output().unwrap();
    let steps: Value = serde_json::from_slice(&output.stdout).unwrap();
    let statuses: Vec<u64> = steps
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["status"].as_u64().unwrap())
        .collect();
    assert_eq!(
        statuses,
        [
            200, 200, 303, 201, 200, 200, 200, 403, 200, 400, 401, 200, 204, 200, 200, 401
        ]
    );
    assert!(
        steps
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["request"].as_str().unwrap().starts_with("curl "))
    );
}

#[test]
fn interrupted_it_takes_the_service_with_it() {
    for signal in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = tour(folder.path(), &[]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        let sent = Command::new("kill").args([signal, &process.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let status = process.wait().unwrap();
        let mut said = String::new();
        process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        // A fast machine may have been through already.
        if status.code() != Some(0) {
            assert_eq!(status.code(), Some(130), "{said}");
            assert!(said.contains("interrupted"), "{said}");
        }
        assert!(is_empty(folder.path()) && is_gone(base_of(&first)), "{signal}");
    }
}

#[test]
fn a_tour_that_cannot_begin_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let output = tour(&folder.path().join("."), &[])
        .env("TMPDIR", folder.path().join("missing"))
        .output()
        .unwrap();
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("no temporary folder"), "{}", stderr(&output));
}
