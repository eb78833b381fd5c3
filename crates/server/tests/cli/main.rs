//! The binary as an operator meets it: its command line, its files, its start and its end.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod backup;
mod clients;
mod configuration;
mod doctor;
mod example;
mod given_secrets;
mod grant;
mod health;
mod informer;
mod keys;
mod login;
mod migrate;
mod once;
mod smoke;
mod start;
mod stop;
mod tour;
mod users;

use std::process::Output;

/// What a command wrote to standard error.
fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a command wrote to standard output.
fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The exit code: 0 fine, 1 failed, 2 misused.
fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// What a command that must succeed printed as JSON.
fn json(service: &common::Service, arguments: &[&str]) -> serde_json::Value {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--output", "json"]);
    serde_json::from_str(&service.cli_ok(&arguments)).unwrap()
}
