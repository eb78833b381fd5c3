//! A small language in which the tests read as sentences, on top of the launcher.

#![allow(dead_code, reason = "a language is larger than any one test needs")]

mod answer;
mod browser;
mod device;
mod html;
mod http;
pub(crate) mod images;
pub(crate) mod jwt;
mod oauth;
pub(crate) mod wire;
mod world;

use std::{
    thread,
    time::{Duration, Instant},
};

pub(crate) use answer::{Answer, Redirected};
pub(crate) use browser::{Browser, consent, credentials};
pub(crate) use device::{DEVICE_GRANT, Device, INTERVAL, shown};
pub(crate) use html::{Form, forms, unescape};
pub(crate) use http::{Http, Request, form_encoded};
pub(crate) use oauth::{Ask, Client, Code, Tokens, challenge_of, verifier};
pub(crate) use serde_json::{Value, json};
pub(crate) use world::{PASSWORD, World, gate_request, is_of_kind};

/// Every scope of the service.
pub(crate) const SCOPES: [&str; 8] = [
    "read:dataset",
    "write:dataset",
    "read:report",
    "write:report",
    "read:profile",
    "write:profile",
    "read:global",
    "write:global",
];

/// What "stops working within a second" means.
pub(crate) const A_SECOND: Duration = Duration::from_secs(1);

/// Whether something comes true before the deadline. Asks often instead of sleeping long.
pub(crate) fn comes_true(within: Duration, mut happens: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + within;
    loop {
        if happens() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The path of the first JSON null, if there is one.
pub(crate) fn find_null(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find_null(item).map(|rest| format!("/{index}{rest}"))),
        Value::Object(members) => members
            .iter()
            .find_map(|(name, member)| find_null(member).map(|rest| format!("/{name}{rest}"))),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The names of an object's members, sorted.
pub(crate) fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"))
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}
