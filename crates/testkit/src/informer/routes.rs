//! Which request gets which answer.

use std::{collections::BTreeMap, time::Duration};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    connection::Shared,
    login,
    payload::Answer,
    people::People,
    socket,
    wire::{Head, Seen, SeenRequest},
};

pub(super) fn answer(shared: &Shared, head: &Head, seen: &Seen) -> Answer {
    let people = &mut *shared.people.lock().expect("no thread panics with it");
    let segments: Vec<String> = head
        .path
        .trim_start_matches('/')
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let other_tenant = people
        .tenant
        .as_deref()
        .is_some_and(|tenant| head.header("x-inf-tenant") != Some(tenant));
    let vouched_for = head.header("x-informer-user").is_some();
    match (head.method.as_str(), segments.as_slice()) {
        ("GET" | "HEAD", [""]) => login::home(people, head),
        ("GET" | "HEAD", ["login"]) => login::form(200, parameter(&head.query, "return").as_deref(), None),
        ("POST", ["login"]) => login::sign_in(people, &seen.body),
        ("POST", ["logout"]) => login::sign_out(people, head),
        (_, ["api", "sessions" | "users", ..]) if other_tenant && !vouched_for => {
            Answer::error(404, "Tenant not found")
        }
        ("GET" | "HEAD", ["api", "sessions", sid]) if !vouched_for => session(people, head, sid),
        ("GET" | "HEAD", ["api", "users", username]) if !vouched_for => user(shared, people, head, username),
        (_, ["api", "datasets", _, "_export"]) => match number(&head.query, "bytes", 1024) {
            Some(bytes) => Answer::export(bytes, parameter(&head.query, "chunked").as_deref() == Some("true")),
            None => Answer::error(400, "bytes must be a number"),
        },
        ("GET", ["api", "socket"]) => socket::accept(head),
        ("GET", ["api", "events"]) => {
            match (
                number(&head.query, "count", 20),
                number(&head.query, "interval_ms", 100),
            ) {
                (Some(count), Some(interval)) => Answer::events(count, Duration::from_millis(interval)),
                _ => Answer::error(400, "count and interval_ms must be numbers"),
            }
        }
        (_, ["api", _, ..]) => Answer::json(&echo(&seen.request)),
        _ => Answer::error(404, "Not Found"),
    }
}

fn session(people: &People, head: &Head, sid: &str) -> Answer {
    match people.session(sid) {
        Some((session, user)) if head.cookie("sid") == Some(sid) => {
            Answer::json(&session.to_json(sid, user, people.tenant.as_deref()))
        }
        _ => Answer::error(404, "Session not found"),
    }
}

fn user(shared: &Shared, people: &People, head: &Head, username: &str) -> Answer {
    let token = head.header("authorization").and_then(|value| value.split_once(' '));
    let may_read = if let Some((scheme, token)) = token {
        (scheme.eq_ignore_ascii_case("bearer") && token == shared.api_token).then_some(true)
    } else {
        let reader = head.cookie("sid").and_then(|sid| people.signed_in(sid));
        reader.map(|reader| reader.superuser || reader.username == username)
    };
    match may_read {
        None => Answer::error(401, "Missing or invalid authentication"),
        Some(false) => Answer::error(403, "Insufficient permissions"),
        Some(true) => match people.user(username) {
            Some(user) => Answer::json(&user.to_json()),
            None => Answer::error(404, "User not found"),
        },
    }
}

fn echo(request: &SeenRequest) -> Value {
    let mut headers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in &request.headers {
        headers.entry(name).or_default().push(value);
    }
    let headers: serde_json::Map<String, Value> = headers
        .into_iter()
        .map(|(name, values)| {
            let value = match values.as_slice() {
                [value] => json!(value),
                several => json!(several),
            };
            (name.to_owned(), value)
        })
        .collect();
    json!({
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": headers,
        "bodyLength": request.body_length,
        "bodySha256": request.body_sha256,
    })
}

/// A parameter of a query or a form.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

fn number(query: &str, name: &str, default: u64) -> Option<u64> {
    parameter(query, name).map_or(Some(default), |text| text.parse().ok())
}
