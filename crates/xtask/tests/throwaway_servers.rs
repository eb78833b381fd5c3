//! `cargo xtask with-servers` from outside: a command gets both servers, and nothing outlives the run, however it ends.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A folder for temporary files that Postgres's own account may enter.
fn temporary() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn with_servers(temporary: &TempDir, script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .args(["with-servers", "sh", "-c", script])
        .env("TMPDIR", temporary.path())
        .env_remove("INFORMER_OAUTH_TEST_POSTGRES_URL")
        .env_remove("INFORMER_OAUTH_TEST_REDIS_URL");
    command
}

fn is_empty(temporary: &TempDir) -> bool {
    fs::read_dir(temporary.path()).unwrap().next().is_none()
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Starts a command that waits, and gives the two ports it was told of.
fn waiting(temporary: &TempDir) -> (Child, [u16; 2]) {
    let script = "echo at $INFORMER_OAUTH_TEST_POSTGRES_URL $INFORMER_OAUTH_TEST_REDIS_URL; read -r _";
    let mut xtask = with_servers(temporary, script)
        // The waiting command ends with this pipe, at the latest when the test does.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(xtask.stdout.take().unwrap()).lines();
    let urls = lines
        .map(Result::unwrap)
        .find_map(|line| line.strip_prefix("at ").map(str::to_owned))
        .expect("the command runs once both servers are up");
    let ports: Vec<u16> = urls
        .split(' ')
        .map(|url| url.trim_end_matches("/postgres").rsplit(':').next().unwrap())
        .map(|port| port.parse().unwrap())
        .collect();
    (xtask, ports.try_into().unwrap())
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn nothing_outlives(signal: &str) {
    let temporary = temporary();
    let (mut xtask, ports) = waiting(&temporary);
    assert!(ports.iter().all(|port| listens(*port)) && !is_empty(&temporary));
    let kill = format!("kill -s {signal} {}", xtask.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert!(!xtask.wait().unwrap().success());
    for port in ports {
        eventually("the server is stopped", || !listens(port));
    }
    eventually("the folders are removed", || is_empty(&temporary));
}

#[test]
fn nothing_outlives_a_run_that_is_killed() {
    nothing_outlives("KILL");
}

#[test]
fn nothing_outlives_a_run_that_is_interrupted() {
    nothing_outlives("INT");
}

#[test]
fn nothing_outlives_a_run_whose_command_fails_and_the_run_fails_too() {
    let temporary = temporary();
    let output = with_servers(&temporary, "exit 3").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(
        said.contains("Postgres ") && said.contains("Redis ") && said.matches("on port ").count() == 2,
        "{said}"
    );
    assert!(is_empty(&temporary));
}

#[test]
fn a_server_that_dies_during_the_run_fails_it() {
    let temporary = temporary();
    let script = "kill -s QUIT \"$(head -n 1 \"$TMPDIR\"/informer-oauth-postgres-*/data/postmaster.pid)\"; sleep 2";
    let output = with_servers(&temporary, script).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("Postgres") && said.contains("ended by itself"), "{said}");
    assert!(is_empty(&temporary));
}
