//! Secrets of clients.

use std::time::Duration;

use crate::support::*;

const RELATION: &str = "inf:oauth-client-secret";

fn in_seconds(seconds: i64) -> String {
    let at = time::OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    at.format(&time::format_description::well_known::Rfc3339).unwrap()
}

/// Whether a secret authenticates: the refusal is then about the grant.
fn works(world: &World, client: &Client) -> bool {
    let answer = world.http.send(client.refreshment("nonsense"));
    answer.json()["error"] == "invalid_grant"
}

#[test]
fn a_secret_is_shown_once_and_listed_by_its_hint() {
    let world = World::start();
    let client = world.public_client();
    let made = world.manage(&client, "POST", "/secrets", Some(&json!({}))).is(201);
    let secret = made.json();
    let text = secret["secret"].as_str().unwrap();
    assert!(text.len() == 35 && text.starts_with("cs_"), "{text}");
    assert!(text[3..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text}");
    assert_eq!(secret["hint"], format!("*****{}", &text[27..]));
    assert_eq!(made.header("cache-control"), Some("no-store"), "{made}");
    let list = world.manage(&client, "GET", "/secrets", None).is(200).json();
    assert_eq!(list["total"], 1);
    let listed = &list["_embedded"][RELATION][0];
    assert_eq!(listed["oauthClientId"], json!(client.id));
    for name in ["id", "hint", "createdAt", "updatedAt"] {
        assert_eq!(listed[name], secret[name], "{name}");
    }
    for name in ["lastUsedAt", "expiresAt", "label"] {
        assert!(listed.get(name).is_none_or(Value::is_null), "{name} of {listed}");
    }
    let one = world
        .manage(
            &client,
            "GET",
            &format!("/secrets/{}", secret["id"].as_str().unwrap()),
            None,
        )
        .is(200)
        .json();
    assert_eq!(&one, listed);
    assert!(
        !world
            .manage(&client, "GET", "/secrets", None)
            .text()
            .contains(&text[3..11]),
        "the lookup id stays inside"
    );
    assert!(works(&world, &client.with_secret(text)));
    assert!(comes_true(A_SECOND, || world
        .manage(&client, "GET", "/secrets", None)
        .json()["_embedded"][RELATION][0]["lastUsedAt"]
        .is_string()));
    // The body may be left out.
    world.manage(&client, "POST", "/secrets", None).is(201);
}

#[test]
fn a_label_is_kept_and_shown_and_two_may_have_the_same() {
    let world = World::start();
    let client = world.public_client();
    let label = "Anna's \"laptop\" <b>&amp;</b> \\ %s {} Ноутбук 🦀";
    for _ in 0..2 {
        let made = world.new_secret(&client, &json!({ "label": format!("\t{label}\n") }));
        assert_eq!(made["label"], label);
        let path = format!("/secrets/{}", made["id"].as_str().unwrap());
        assert_eq!(world.manage(&client, "GET", &path, None).is(200).json()["label"], label);
    }
    assert!(world.new_secret(&client, &json!({ "label": null }))["label"].is_null());
    let list = world.manage(&client, "GET", "/secrets", None).is(200).json();
    let labels = [0, 1, 2].map(|at| list["_embedded"][RELATION][at]["label"].clone());
    assert_eq!(labels, [json!(label), json!(label), Value::Null]);
    let created = world.events(&client);
    let told = created.iter().filter(|event| {
        event["kind"] == "secret.created"
            && event["target"]
                .as_str()
                .is_some_and(|target| target.ends_with(&format!(" ({label})")))
    });
    assert_eq!(told.count(), 2, "{created:?}");
}

#[test]
fn what_is_no_label_is_400_and_named_and_a_secret_least_of_all() {
    let world = World::start();
    let client = world.public_client();
    let secret = world.new_secret(&client, &json!({}))["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    for bad in [
        json!(""),
        json!(" \t"),
        json!(7),
        json!(["production"]),
        json!("two\nlines"),
        json!("\u{1b}[31m"),
        json!("🦀".repeat(101)),
        json!(secret),
        json!(format!("mine is {secret}")),
    ] {
        let answer = world.manage(&client, "POST", "/secrets", Some(&json!({ "label": bad })));
        assert!(!answer.text().contains(&secret[3..]), "{answer}");
        answer.blames("payload", "label");
    }
    assert_eq!(world.manage(&client, "GET", "/secrets", None).json()["total"], 1);
    assert!(!world.service.log().contains(&secret[11..]), "not in the log");
    let fits = "🦀".repeat(100);
    assert_eq!(
        world.new_secret(&client, &json!({ "label": fits }))["label"],
        json!(fits)
    );
}

#[test]
fn an_expiry_in_the_past_or_unreadable_is_400_and_named() {
    let world = World::start();
    let client = world.public_client();
    let post = |body: Value| world.manage(&client, "POST", "/secrets", Some(&body));
    for bad in [
        json!(in_seconds(-5)),
        json!("tomorrow"),
        json!("2027-13-45T00:00:00Z"),
        json!(7),
        json!(""),
    ] {
        post(json!({ "expiresAt": bad })).blames("payload", "expiresAt");
    }
    for bad in [json!(-1), json!("60"), json!(1.5), json!(u64::MAX)] {
        post(json!({ "expireOthersIn": bad })).blames("payload", "expireOthersIn");
    }
    post(json!({ "secret": "cs_mine" })).blames("payload", "secret");
    assert_eq!(world.manage(&client, "GET", "/secrets", None).json()["total"], 0);
    let soon = in_seconds(3600);
    let made = post(json!({ "expiresAt": soon })).is(201).json();
    assert_eq!(made["expiresAt"].as_str().unwrap()[..19], soon[..19]);
}

#[test]
fn rotation_in_one_call_gives_every_older_secret_a_deadline() {
    let world = World::start();
    let client = world.confidential_client();
    let second = world.new_secret(&client, &json!({}));
    let earlier = world.new_secret(&client, &json!({ "expiresAt": in_seconds(1) }));
    let third = world.new_secret(&client, &json!({ "expireOthersIn": 3600 }));
    let list = world.manage(&client, "GET", "/secrets", None).json();
    let expiry = |id: &Value| {
        list["_embedded"][RELATION]
            .as_array()
            .unwrap()
            .iter()
            .find(|secret| secret["id"] == *id)
            .unwrap()["expiresAt"]
            .clone()
    };
    assert!(expiry(&second["id"]).is_string());
    assert!(expiry(&third["id"]).is_null(), "the new one has none");
    assert!(
        expiry(&earlier["id"]).as_str() < expiry(&second["id"]).as_str(),
        "an earlier deadline is kept: {list}"
    );
    let others: Vec<Client> = [&second, &third]
        .map(|secret| client.with_secret(secret["secret"].as_str().unwrap()))
        .into();
    assert!(
        works(&world, &client) && others.iter().all(|other| works(&world, other)),
        "all work until then"
    );
    // At once.
    let last = world.new_secret(&client, &json!({ "expireOthersIn": 0 }));
    assert!(comes_true(A_SECOND, || !works(&world, &client)
        && others.iter().all(|other| !works(&world, other))));
    assert!(works(&world, &client.with_secret(last["secret"].as_str().unwrap())));
}

#[test]
fn a_deadline_ends_the_older_secret_by_itself() {
    let world = World::start();
    let client = world.confidential_client();
    assert!(works(&world, &client));
    let new = world.new_secret(&client, &json!({ "expireOthersIn": 1 }));
    assert!(works(&world, &client), "both work meanwhile");
    assert!(comes_true(Duration::from_secs(3), || !works(&world, &client)));
    assert!(works(&world, &client.with_secret(new["secret"].as_str().unwrap())));
}

#[test]
fn the_eleventh_secret_is_409_and_none_is_evicted() {
    let world = World::start();
    let client = world.public_client();
    let secrets: Vec<Value> = (0..10).map(|_| world.new_secret(&client, &json!({}))).collect();
    world
        .manage(&client, "POST", "/secrets", Some(&json!({})))
        .api_error(409, "Conflict");
    for secret in &secrets {
        assert!(works(&world, &client.with_secret(secret["secret"].as_str().unwrap())));
    }
    world
        .manage(
            &client,
            "DELETE",
            &format!("/secrets/{}", secrets[0]["id"].as_str().unwrap()),
            None,
        )
        .is(204);
    world.manage(&client, "POST", "/secrets", Some(&json!({}))).is(201);
}

#[test]
fn a_deleted_secret_stops_within_a_second_and_is_gone() {
    let world = World::start();
    let client = world.confidential_client();
    let doomed = world.new_secret(&client, &json!({}));
    let doomed_client = client.with_secret(doomed["secret"].as_str().unwrap());
    assert!(works(&world, &doomed_client), "and is remembered");
    let path = format!("/secrets/{}", doomed["id"].as_str().unwrap());
    let answer = world.manage(&client, "DELETE", &path, None).is(204);
    assert!(answer.body.is_empty());
    assert!(comes_true(A_SECOND, || !works(&world, &doomed_client)));
    world.manage(&client, "GET", &path, None).api_error(404, "Not Found");
    world.manage(&client, "DELETE", &path, None).api_error(404, "Not Found");
    assert!(works(&world, &client));
}

#[test]
fn a_secret_deleted_at_the_command_line_stops_within_a_second() {
    let world = World::start();
    let client = world.confidential_client();
    let doomed = world.new_secret(&client, &json!({}));
    let doomed_client = client.with_secret(doomed["secret"].as_str().unwrap());
    assert!(works(&world, &doomed_client));
    world.service.cli_ok(&[
        "client",
        "secret",
        "remove",
        &client.client_id,
        doomed["id"].as_str().unwrap(),
    ]);
    assert!(
        comes_true(A_SECOND, || !works(&world, &doomed_client)),
        "though another process did it"
    );
}

#[test]
fn every_change_of_secrets_is_recorded_with_actor_target_and_address() {
    let world = World::start();
    let client = world.public_client();
    let secret = world.new_secret(&client, &json!({}));
    let id = secret["id"].as_str().unwrap();
    world.manage(&client, "DELETE", &format!("/secrets/{id}"), None).is(204);
    for kind in ["secret.created", "secret.deleted"] {
        let event = world
            .events(&client)
            .into_iter()
            .find(|event| is_of_kind(event, kind))
            .unwrap_or_else(|| panic!("{kind}"));
        for part in ["admin", id, "127.0.0.1"] {
            assert!(is_of_kind(&event, part), "{part} of {event}");
        }
    }
}
