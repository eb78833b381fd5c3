//! Registering, reading, changing and deleting clients.

use crate::support::*;

const FIELDS: [&str; 18] = [
    "_links",
    "client_id",
    "confidential",
    "createdAt",
    "createdBy",
    "description",
    "enableRefreshTokens",
    "enabled",
    "id",
    "introspect",
    "name",
    "pkce",
    "redirect_uri",
    "resources",
    "scope",
    "source",
    "updatedAt",
    "url",
];

#[track_caller]
fn is_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("{value}"));
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "RFC 3339 UTC with milliseconds");
}

#[test]
fn a_registered_client_comes_back_whole_with_location_links_and_a_strong_tag() {
    let world = World::start();
    let fields = json!({
        "name": "Board",
        "description": "Charts",
        "url": "https://board.example/",
        "redirect_uri": ["https://board.example/cb", "http://127.0.0.1/cb", "com.example.board:/cb"],
        "pkce": false,
        "enableRefreshTokens": true,
        "scope": ["read:dataset", "write:report"],
        "enabled": true,
        "introspect": true,
        "resources": ["https://warehouse.example/"],
        "confidential": true,
    });
    let made = world.admin.api("POST", "/api/oauth-clients", Some(&fields)).is(201);
    let client = made.json();
    assert_eq!(members(&client), FIELDS);
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(&client[name], value, "{name}");
    }
    assert_eq!(client["createdBy"], "admin");
    assert_eq!(client["source"], "admin");
    is_time(&client["createdAt"]);
    is_time(&client["updatedAt"]);
    let id = client["id"].as_str().unwrap();
    assert_eq!(id.as_bytes()[14], b'7', "UUID v7: {id}");
    let client_id = client["client_id"].as_str().unwrap();
    assert!(
        client_id.len() == 20
            && client_id
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
        "{client_id}"
    );
    let location = made.header("location").unwrap();
    assert!(location.ends_with(&format!("/api/oauth-clients/{id}")), "{location}");
    for name in ["self", "inf:secrets", "inf:icon", "inf:tokens", "inf:events"] {
        let href = client["_links"][name]["href"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} of {client}"));
        world.admin.api("GET", href, None).is(200);
    }
    let read = world.admin.api("GET", location, None).is(200);
    assert_eq!(read.json(), client);
    let tag = read.header("etag").unwrap();
    assert!(
        tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2,
        "strong: {tag}"
    );
    assert_eq!(read.header("content-type"), Some("application/json"));
    let hal = world
        .admin
        .send(Request::get(location).header("Accept", "application/hal+json"))
        .is(200);
    assert_eq!(hal.header("content-type"), Some("application/hal+json"));
    assert_eq!(hal.json(), client);
}

#[test]
fn defaults_are_safe_and_the_smallest_client_is_a_name() {
    let world = World::start();
    let client = world
        .admin
        .api("POST", "/api/oauth-clients", Some(&json!({ "name": "Small" })))
        .is(201)
        .json();
    assert_eq!((&client["pkce"], &client["enabled"]), (&json!(true), &json!(true)));
    assert_eq!(
        (&client["introspect"], &client["enableRefreshTokens"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(client["confidential"], false);
    for name in ["redirect_uri", "scope", "resources"] {
        assert_eq!(client[name], json!([]), "{name}");
    }
}

#[test]
fn put_replaces_and_patch_merges() {
    let world = World::start();
    let client = world.register(json!({ "name": "One", "description": "first", "url": "https://one.example/", "scope": ["read:dataset"], "redirect_uri": ["https://one.example/cb"] }));
    let patched = world.patch(&client, &json!({ "description": "second" }));
    assert_eq!(
        (&patched["name"], &patched["description"]),
        (&json!("One"), &json!("second"))
    );
    assert_eq!(patched["scope"], json!(["read:dataset"]));
    let merge = Browser::scripted("PATCH", &format!("/api/oauth-clients/{}", client.id), None).body(
        "application/merge-patch+json",
        "{\"name\":\"Two\",\"url\":null,\"scope\":null}",
    );
    let patched = world.admin.send(merge).is(200).json();
    assert_eq!(patched["name"], "Two");
    assert!(patched["url"].is_null(), "RFC 7396: null takes it away: {patched}");
    assert_eq!(patched["scope"], json!([]));
    assert_eq!(patched["description"], "second");
    let replaced = world
        .manage(&client, "PUT", "", Some(&json!({ "name": "Three" })))
        .is(200)
        .json();
    assert_eq!(
        (&replaced["name"], &replaced["description"]),
        (&json!("Three"), &json!(""))
    );
    assert_eq!(replaced["redirect_uri"], json!([]));
    for same in ["id", "client_id", "createdAt", "createdBy", "source"] {
        assert_eq!(replaced[same], patched[same], "{same}");
    }
    assert!(replaced["updatedAt"].as_str() >= patched["updatedAt"].as_str());
    // What was read may be sent back as it is.
    let mut read = world.manage(&client, "GET", "", None).json();
    read["name"] = json!("Four");
    assert_eq!(
        world.manage(&client, "PUT", "", Some(&read)).is(200).json()["name"],
        "Four"
    );
    for (field, value) in [
        ("client_id", json!("0123456789abcdef0123")),
        ("source", json!("template")),
        ("createdBy", json!("root")),
        ("id", json!("00000000-0000-7000-8000-000000000000")),
    ] {
        world
            .manage(&client, "PATCH", "", Some(&json!({ field: value })))
            .blames("payload", field);
    }
    world
        .manage(&client, "PATCH", "", Some(&json!({ "name": null })))
        .blames("payload", "name");
}

#[test]
fn if_match_with_an_old_tag_is_412_and_with_the_current_one_succeeds() {
    let world = World::start();
    let client = world.public_client();
    let path = format!("/api/oauth-clients/{}", client.id);
    let tag = || world.admin.api("GET", &path, None).header("etag").unwrap().to_owned();
    let send = |method: &str, tag: &str, body: Option<&Value>| {
        world
            .admin
            .send(Browser::scripted(method, &path, body).header("If-Match", tag))
    };
    let old = tag();
    let patched = send("PATCH", &old, Some(&json!({ "name": "New" }))).is(200);
    let current = tag();
    assert_ne!(old, current);
    assert_eq!(
        patched.header("etag"),
        Some(current.as_str()),
        "the answer carries the new tag"
    );
    for stale in [old.as_str(), "\"nonsense\"", "nonsense", &format!("W/{current}")] {
        send("PATCH", stale, Some(&json!({ "name": "Lost" }))).api_error(412, "Precondition Failed");
        send("PUT", stale, Some(&json!({ "name": "Lost" }))).api_error(412, "Precondition Failed");
        send("DELETE", stale, None).api_error(412, "Precondition Failed");
    }
    for (method, body) in [("PATCH", Some(json!({ "name": "Lost" }))), ("DELETE", None)] {
        let weakened = send(method, &format!("W/{current}"), body.as_ref());
        assert!(
            weakened.text().contains("weak ETag"),
            "it says what is wrong: {weakened}"
        );
    }
    send(
        "PUT",
        &format!("\"other\", {current}"),
        Some(&json!({ "name": "Newer", "redirect_uri": ["https://app.example/cb"] })),
    )
    .is(200);
    send("PATCH", "*", Some(&json!({ "name": "Newest" }))).is(200);
    assert_eq!(world.admin.api("GET", &path, None).json()["name"], "Newest");
    let current = tag();
    let unchanged = world.admin.send(Request::get(&path).header("If-None-Match", &current));
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0), "{unchanged}");
    send("DELETE", &current, None).is(204);
}

#[test]
fn templates_are_listed_and_clients_are_made_from_them() {
    let world = World::start();
    let templates = world
        .admin
        .api("GET", "/api/oauth-client-templates", None)
        .is(200)
        .json();
    let items = templates["_embedded"]["items"].as_array().unwrap();
    let names: Vec<&str> = items.iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Generic App", "Informer CLI", "Informer GO"]);
    for item in items {
        assert_eq!(members(item), ["group", "name", "oauthClient"]);
        assert_eq!(item["group"], "__top");
    }
    assert_eq!(
        items[0]["oauthClient"],
        json!({
            "name": "My Application", "description": "A generic OAuth application", "pkce": false,
            "enableRefreshTokens": true,
        })
    );
    for (item, client_id) in [(&items[1], "a6bd8f0f72b2c3275ff6"), (&items[2], "7de183326832a18237b4")] {
        let client = &item["oauthClient"];
        assert_eq!(
            (&client["name"], &client["client_id"], &client["pkce"]),
            (&item["name"], &json!(client_id), &json!(true)),
            "{item}"
        );
        assert_eq!(client["enableRefreshTokens"], true, "{item}");
    }
    let made = world
        .admin
        .api(
            "POST",
            "/api/oauth-clients",
            Some(&json!({ "template": "Generic App", "name": "Mine" })),
        )
        .is(201)
        .json();
    assert_eq!(
        (&made["name"], &made["source"], &made["enableRefreshTokens"]),
        (&json!("Mine"), &json!("template"), &json!(true))
    );
    world
        .admin
        .api(
            "POST",
            "/api/oauth-clients",
            Some(&json!({ "template": "Generic App" })),
        )
        .is(201);
    world
        .admin
        .api(
            "POST",
            "/api/oauth-clients",
            Some(&json!({ "template": "Generic App" })),
        )
        .is(201);
}

#[test]
fn the_built_in_clients_keep_their_ids_and_exist_once() {
    let world = World::start();
    for (name, client_id) in [
        ("Informer CLI", "a6bd8f0f72b2c3275ff6"),
        ("Informer GO", "7de183326832a18237b4"),
    ] {
        let path = format!("/api/oauth-clients/{client_id}");
        let built_in = world.admin.api("GET", &path, None).is(200).json();
        assert_eq!(
            (&built_in["name"], &built_in["client_id"]),
            (&json!(name), &json!(client_id))
        );
        assert_eq!(
            (&built_in["pkce"], &built_in["enableRefreshTokens"], &built_in["source"]),
            (&json!(true), &json!(true), &json!("template"))
        );
        let second = json!({ "template": name });
        world
            .admin
            .api("POST", "/api/oauth-clients", Some(&second))
            .api_error(409, "Conflict");
        world.admin.api("DELETE", &path, None).is(204);
        let again = world
            .admin
            .api("POST", "/api/oauth-clients", Some(&second))
            .is(201)
            .json();
        assert_eq!(again["client_id"], json!(client_id));
        assert_ne!(again["id"], built_in["id"]);
        world
            .admin
            .api("POST", "/api/oauth-clients", Some(&second))
            .api_error(409, "Conflict");
    }
    let none = World::start_with(&[("INFORMER_OAUTH__BOOTSTRAP__BUILTIN_CLIENTS", "false")]);
    assert_eq!(none.admin.api("GET", "/api/oauth-clients", None).json()["total"], 0);
}

#[test]
fn a_built_in_client_deleted_stays_deleted_after_a_restart() {
    let mut world = World::start();
    world
        .admin
        .api("DELETE", "/api/oauth-clients/a6bd8f0f72b2c3275ff6", None)
        .is(204);
    world.service.restart();
    world.reconnect();
    world
        .admin
        .api("GET", "/api/oauth-clients/a6bd8f0f72b2c3275ff6", None)
        .api_error(404, "Not Found");
}

#[test]
fn deleting_takes_the_secrets_along_and_is_404_the_second_time() {
    let world = World::start();
    let client = world.confidential_client();
    let tokens = world.tokens(&client);
    let path = format!("/api/oauth-clients/{}", client.client_id);
    let answer = world.admin.api("DELETE", &path, None).is(204);
    assert!(answer.body.is_empty());
    world.admin.api("DELETE", &path, None).api_error(404, "Not Found");
    for below in ["", "/secrets", "/tokens", "/icon"] {
        world.manage(&client, "GET", below, None).api_error(404, "Not Found");
    }
    assert!(comes_true(A_SECOND, || !world.works(&tokens.access)));
    world
        .http
        .send(client.post("/oauth/introspect", &[("token", &tokens.access)]))
        .oauth_error(401, "invalid_client");
    assert!(
        world
            .events(&client)
            .iter()
            .any(|event| is_of_kind(event, "client.deleted")),
        "what happened to it is still told"
    );
}
