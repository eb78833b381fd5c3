//! What is refused, and how it is said.

use crate::support::*;

#[test]
fn a_bad_field_is_400_and_named() {
    let world = World::start();
    let existing = world.public_client();
    let uris = |uri: &str| json!({ "name": "x", "redirect_uri": [uri] });
    let mut cases = vec![
        ("name", json!({})),
        ("name", json!({ "name": "" })),
        ("name", json!({ "name": "   " })),
        ("name", json!({ "name": "n".repeat(101) })),
        ("name", json!({ "name": 7 })),
        ("name", json!({ "name": "a\u{0}b" })),
        ("name", json!({ "name": "a\u{7}b" })),
        ("description", json!({ "name": "x", "description": "d".repeat(1001) })),
        ("description", json!({ "name": "x", "description": [] })),
        ("pkce", json!({ "name": "x", "pkce": "true" })),
        ("enableRefreshTokens", json!({ "name": "x", "enableRefreshTokens": 1 })),
        ("enabled", json!({ "name": "x", "enabled": "no" })),
        ("introspect", json!({ "name": "x", "introspect": {} })),
        ("confidential", json!({ "name": "x", "confidential": "yes" })),
        ("scope", json!({ "name": "x", "scope": ["read:everything"] })),
        ("scope", json!({ "name": "x", "scope": 7 })),
        ("resources", json!({ "name": "x", "resources": ["nonsense"] })),
        (
            "resources",
            json!({ "name": "x", "resources": ["https://a.example/#b"] }),
        ),
        (
            "redirect_uri",
            json!({ "name": "x", "redirect_uri": "https://a.example/" }),
        ),
        (
            "redirect_uri",
            json!({ "name": "x", "redirect_uri": (0..21).map(|n| format!("https://a.example/{n}")).collect::<Vec<_>>() }),
        ),
        (
            "redirect_uri",
            json!({ "name": "x", "redirect_uri": ["https://a.example/", "https://a.example/"] }),
        ),
        ("template", json!({ "template": "No such template" })),
        ("template", json!({ "template": 7 })),
        ("nonsense", json!({ "name": "x", "nonsense": 1 })),
        ("clientId", json!({ "name": "x", "clientId": "a6bd8f0f72b2c3275ff6" })),
        ("id", json!({ "name": "x", "id": existing.id })),
        ("client_id", json!({ "name": "x", "client_id": "0123456789abcdef0123" })),
        ("createdBy", json!({ "name": "x", "createdBy": "root" })),
        ("source", json!({ "name": "x", "source": "template" })),
    ];
    for url in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "http://a.example",
        "ftp://a.example",
        "file:///etc/passwd",
        "//a.example",
        "a.example",
        "https://",
        "https://user@a.example/",
        "https://a.example/\n",
        " https://a.example/",
        "vbscript:x",
        "blob:https://a.example/x",
    ] {
        cases.push(("url", json!({ "name": "x", "url": url })));
    }
    for uri in [
        "",
        "/cb",
        "app.example/cb",
        "https://",
        "https://a.example/cb#",
        "https://a.example/cb#x",
        "https://user@a.example/cb",
        "https://user:pw@a.example/cb",
        "https://*.example/cb",
        "https://a.example/*",
        "https://a.example/c\\b",
        "https:\\\\a.example",
        "https://a.example/\tcb",
        "https://a.example/cb\n",
        "https://a.example/cb\u{0}",
        "https://a.example/c b",
        "http://a.example/cb",
        "http://127.0.0.2/cb",
        "http://localhost.evil.example/cb",
        "http://0.0.0.0/cb",
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "file:///x",
        "blob:x",
        "vbscript:x",
        "about:blank",
        "myapp:/cb",
        "ftp://a.example/cb",
        "mailto:a@a.example",
    ] {
        cases.push(("redirect_uri", uris(uri)));
    }
    let before = world.admin.api("GET", "/api/oauth-clients", None).json()["total"].clone();
    for (field, body) in &cases {
        world
            .admin
            .api("POST", "/api/oauth-clients", Some(body))
            .blames("payload", field);
        if body.get("name").is_some() && !["template", "id"].contains(field) {
            world.manage(&existing, "PUT", "", Some(body)).blames("payload", field);
            world
                .manage(&existing, "PATCH", "", Some(body))
                .blames("payload", field);
        }
    }
    assert_eq!(
        world.admin.api("GET", "/api/oauth-clients", None).json()["total"],
        before
    );
    let limits = json!({ "name": "n".repeat(100), "description": "d".repeat(1000), "redirect_uri": (0..20).map(|n| format!("https://a.example/{n}")).collect::<Vec<_>>() });
    world.admin.api("POST", "/api/oauth-clients", Some(&limits)).is(201);
    let characters = json!({ "name": "ü".repeat(100), "description": "漢".repeat(1000) });
    world.admin.api("POST", "/api/oauth-clients", Some(&characters)).is(201);
}

#[test]
fn custom_schemes_named_in_the_configuration_are_let_through() {
    let world = World::start_with(&[("INFORMER_OAUTH__SECURITY__ALLOWED_CUSTOM_SCHEMES", "myapp")]);
    world.register(json!({ "redirect_uri": ["myapp:/cb"] }));
    let other = json!({ "name": "x", "redirect_uri": ["yourapp:/cb"] });
    world
        .admin
        .api("POST", "/api/oauth-clients", Some(&other))
        .blames("payload", "redirect_uri");
    let dangerous =
        crate::common::Service::prepare(&[("INFORMER_OAUTH__SECURITY__ALLOWED_CUSTOM_SCHEMES", "javascript")]);
    assert_eq!(
        dangerous.cli(&["config", "check"]).status.code(),
        Some(2),
        "some can never be allowed"
    );
}

#[test]
fn malformed_payloads_are_400_413_or_415_in_the_informer_format() {
    let world = World::start();
    let client = world.public_client();
    let path = format!("/api/oauth-clients/{}", client.id);
    for (method, path) in [
        ("POST", "/api/oauth-clients".to_owned()),
        ("PUT", path.clone()),
        ("PATCH", path),
        ("POST", format!("/api/oauth-clients/{}/secrets", client.id)),
    ] {
        let send = |kind: &str, body: &[u8]| {
            world
                .admin
                .send(Browser::scripted(method, &path, None).body(kind, body))
        };
        for body in [
            &b"{"[..],
            b"[]",
            b"null",
            b"7",
            b"\"x\"",
            b"\xff\xfe",
            b"{\"name\":\"a\",}",
            b"{\"name\":\"\\ud800\"}",
        ] {
            let answer = send("application/json", body);
            if path.ends_with("/secrets") && answer.status == 201 {
                continue;
            }
            answer.api_error(400, "Bad Request");
        }
        let huge = json!({ "name": "x", "description": "d".repeat(65 * 1024) }).to_string();
        send("application/json", huge.as_bytes()).api_error(413, "Payload Too Large");
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/xml",
            "text/json",
        ] {
            send(kind, b"{\"name\":\"x\"}").api_error(415, "Unsupported Media Type");
        }
    }
    let twice = Browser::scripted("POST", "/api/oauth-clients", None)
        .body("application/json", "{\"name\":\"a\",\"name\":\"b\"}");
    world.admin.send(twice).blames("payload", "name");
}

#[test]
fn unknown_paths_and_methods_answer_in_the_format_of_their_family() {
    let world = World::start();
    world.admin.api("GET", "/api/nowhere", None).api_error(404, "Not Found");
    world
        .admin
        .api("GET", "/api/oauth-clients/00000000-0000-7000-8000-000000000000", None)
        .api_error(404, "Not Found");
    world
        .admin
        .api("PUT", "/api/oauth-clients", Some(&json!({})))
        .api_error(405, "Method Not Allowed");
    world
        .admin
        .api("POST", "/api/oauth-clients-list", Some(&json!({})))
        .api_error(405, "Method Not Allowed");
    world.http.get("/nowhere").api_error(404, "Not Found");
    world.http.get("/oauth/nowhere").oauth_error(404, "invalid_request");
    world
        .http
        .get("/.well-known/nowhere")
        .oauth_error(404, "invalid_request");
    world
        .http
        .send(Request::new("DELETE", "/.well-known/jwks.json"))
        .oauth_error(405, "invalid_request");
}
