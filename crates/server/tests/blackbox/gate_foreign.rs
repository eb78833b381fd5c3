//! Requests without a token of ours: other services' tokens, no token, CORS preflights.

use crate::support::*;

const PASS: (&str, &str) = ("INFORMER_OAUTH__GATE__FOREIGN_TOKENS", "pass");
const REQUIRED: (&str, &str) = ("INFORMER_OAUTH__GATE__REQUIRE_TOKEN", "true");

/// Credentials of Informer's own callers that begin with `Bearer`.
fn foreign(tokens: &Tokens) -> Vec<String> {
    let token = || jwt::Jwt::read(&tokens.access);
    vec![
        "an-informer-api-token".to_owned(),
        "whsec_1".to_owned(),
        String::new(),
        "a.b.c".to_owned(),
        "x y".to_owned(),
        token().with_claim("iss", json!("https://other.example")).text(),
        token()
            .with_claim("iss", json!("https://other.example"))
            .unsigned("none"),
        token().with_header("typ", json!("JWT")).text(),
        token().without_header("typ").text(),
        token().without_claim("iss").text(),
    ]
}

/// Tokens that claim to be ours and are no good.
fn broken(tokens: &Tokens) -> Vec<String> {
    let token = || jwt::Jwt::read(&tokens.access);
    vec![
        format!("{}x", tokens.access),
        format!("{0} {0}", tokens.access),
        format!("\"{}\"", tokens.access),
        tokens.refresh().to_owned(),
        token().unsigned("none"),
        token().with_claim("exp", json!(1_000_000_000)).text(),
        token()
            .with_header("typ", json!("application/AT+JWT"))
            .with_claim("sub", json!("root"))
            .text(),
        token().with_header("kid", json!("unknown")).text(),
    ]
}

fn has_informer_headers(answer: &Answer) -> bool {
    answer.headers.iter().any(|(name, _)| name.starts_with("x-informer"))
}

#[test]
fn tokens_of_other_issuers_pass_without_headers_and_ours_that_fail_never_do() {
    let world = World::start_with(&[PASS]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    for (method, uri) in [("GET", "/api/datasets"), ("POST", "/api/apps/admin:shop/_hook/x")] {
        for credential in foreign(&tokens) {
            let request = gate_request(method, uri, None).header("Authorization", &format!("Bearer {credential}"));
            let answer = world.http.send(request);
            assert_eq!(answer.status, 204, "{credential}: {answer}");
            assert!(!has_informer_headers(&answer), "{credential}: {answer}");
        }
        for credential in broken(&tokens) {
            let request = gate_request(method, uri, None).header("Authorization", &format!("Bearer {credential}"));
            let answer = world.http.send(request);
            assert_eq!(answer.status, 401, "{credential}: {answer}");
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(
                challenge.contains("error=\"invalid_token\""),
                "{credential}: {challenge}"
            );
        }
    }
}

#[test]
fn foreign_tokens_are_refused_with_the_directory_unless_the_setting_says_otherwise() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    for credential in foreign(&tokens).iter().chain(&broken(&tokens)) {
        let request =
            gate_request("GET", "/api/datasets", None).header("Authorization", &format!("Bearer {credential}"));
        let answer = world.http.send(request);
        assert_eq!(answer.status, 401, "{credential}: {answer}");
    }
    // The setting is about bearer tokens only.
    let basic = gate_request("GET", "/api/datasets", None).raw_basic("user", "password");
    world.http.send(basic).is(204);
    world.gate("GET", "/api/datasets?token=signed", None).is(204);
    let cookie = gate_request("GET", "/api/datasets", None).header("Cookie", "app_token=signed");
    world.http.send(cookie).is(204);
}

#[test]
fn preflights_pass_in_every_mode() {
    let preflight = |world: &World, headers: &[(&str, &str)]| {
        let request = gate_request("OPTIONS", "/api/datasets", None);
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value));
        world.http.send(request).status
    };
    let origin = ("Origin", "https://app.example");
    let method = ("Access-Control-Request-Method", "GET");
    for settings in [&[][..], &[PASS], &[REQUIRED], &[REQUIRED, PASS]] {
        let world = World::start_with(settings);
        assert_eq!(preflight(&world, &[origin, method]), 204, "{settings:?}");
        let foreign = ("Authorization", "Bearer an-informer-api-token");
        assert_eq!(preflight(&world, &[origin, method, foreign]), 204, "{settings:?}");
        // Neither half alone is one, nor is another method.
        let required = settings.contains(&REQUIRED);
        let plain = if required { 401 } else { 204 };
        assert_eq!(preflight(&world, &[origin]), plain, "{settings:?}");
        assert_eq!(preflight(&world, &[method]), plain, "{settings:?}");
        let get = gate_request("GET", "/api/datasets", None)
            .header(origin.0, origin.1)
            .header(method.0, method.1);
        assert_eq!(world.http.send(get).status, plain, "{settings:?}");
        // A token of ours is judged all the same.
        let client = world.public_client();
        let tokens = world.tokens_with(&client, "read:report");
        let bearer = format!("Bearer {}", tokens.access);
        assert_eq!(
            preflight(&world, &[origin, method, ("Authorization", &bearer)]),
            403,
            "{settings:?}"
        );
        let refresh = format!("Bearer {}", tokens.refresh());
        assert_eq!(
            preflight(&world, &[origin, method, ("Authorization", &refresh)]),
            401,
            "{settings:?}"
        );
    }
}

#[test]
fn required_token_must_be_one_of_ours() {
    let world = World::start_with(&[REQUIRED, PASS]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    for credential in foreign(&tokens) {
        let request =
            gate_request("GET", "/api/datasets", None).header("Authorization", &format!("Bearer {credential}"));
        world.http.send(request).is(401);
    }
    let basic = gate_request("GET", "/api/datasets", None).raw_basic("user", "password");
    let answer = world.http.send(basic).is(401);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    world.gate("GET", "/api/profile", Some(&tokens.access)).is(200);
}

#[test]
fn two_authorization_headers_are_refused_also_where_a_proxy_has_joined_them() {
    let world = World::start_with(&[PASS]);
    for credential in [
        "Bearer x, Bearer y",
        "Bearer x, Basic dXNlcjpwYXNzd29yZA==",
        "Basic dXNlcjpwYXNzd29yZA==, Bearer x",
    ] {
        let request = gate_request("GET", "/api/datasets", None).header("Authorization", credential);
        world.http.send(request).is(401);
    }
    let twice = gate_request("GET", "/api/datasets", Some("x")).bearer("y");
    world.http.send(twice).is(401);
}

#[test]
fn a_header_that_some_servers_read_as_x_informer_is_refused() {
    let world = World::start_with(&[PASS]);
    let client = world.public_client();
    let token = world.tokens(&client).access;
    for name in [
        "X-Informer_User",
        "X_Informer-User",
        "X_Informer_User",
        "x-informer_superuser",
        "X-Informer-Superuser",
    ] {
        for bearer in [None, Some("an-informer-api-token"), Some(token.as_str())] {
            let request = gate_request("GET", "/api/profile", bearer).header(name, "root");
            let answer = world.http.send(request).is(403);
            assert!(answer.text().contains("X-Informer"), "{answer}");
        }
    }
}

#[test]
fn an_upgrade_needs_a_write_scope_of_its_area() {
    let world = World::start_with(&[PASS]);
    let client = world.public_client();
    for (scope, uri, passes) in [
        ("read:dataset", "/api/datasets/sales/live", false),
        ("write:dataset", "/api/datasets/sales/live", true),
        ("read:global", "/api/datasets/sales/live", false),
        ("read:global", "/api/socket", false),
        ("write:global", "/api/socket", true),
        ("read:report", "/api/reports/q1/_run", false),
    ] {
        let token = world.tokens_with(&client, scope).access;
        for (name, value) in [
            ("X-Original-Upgrade", "websocket"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            let answer = world
                .http
                .send(gate_request("GET", uri, Some(&token)).header(name, value));
            assert_eq!(
                answer.status,
                if passes { 200 } else { 403 },
                "{scope} {uri} {name}: {answer}"
            );
            if !passes {
                let challenge = answer.header("www-authenticate").unwrap();
                assert!(challenge.contains("scope=\"write:"), "{challenge}");
            }
        }
        let none = gate_request("GET", uri, Some(&token)).header("X-Original-Upgrade", "");
        world.http.send(none).is(200);
    }
    // Informer's own rules apply to its own callers.
    let foreign = gate_request("GET", "/api/socket", Some("an-informer-api-token")).header("Upgrade", "websocket");
    world.http.send(foreign).is(204);
}

#[test]
fn refusals_leave_a_line_with_reason_client_user_and_route() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens_with(&client, "read:dataset");
    let line = |request: Request, status: u16| {
        let answer = world.http.send(request).is(status);
        let id = answer.header("x-request-id").unwrap().to_owned();
        let lines = || -> Vec<Value> {
            let log = world.service.log();
            let lines = log.lines().filter(|line| line.contains(&id));
            lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
        };
        let found = || lines().into_iter().find(|line| line["target"] == "gate");
        assert!(comes_true(A_SECOND, || found().is_some()), "{answer}");
        found().unwrap()
    };
    let refused = line(
        gate_request("DELETE", "/api/datasets/sales?secret=x", Some(&tokens.access)),
        403,
    );
    for (field, expected) in [
        ("level", "INFO"),
        ("reason", "insufficient_scope"),
        ("client_id", client.client_id.as_str()),
        ("user", "admin"),
        ("route", "* /api/datasets/**"),
        ("method", "DELETE"),
        ("path", "/api/datasets/sales"),
    ] {
        assert_eq!(refused[field], expected, "{field}: {refused}");
    }
    assert!(!refused.to_string().contains("secret"), "{refused}");
    let dots = line(gate_request("GET", "/api/../x", Some(&tokens.access)), 403);
    assert_eq!(
        (&dots["reason"], &dots["user"]),
        (&json!("path_dot_segment"), &json!("admin")),
        "{dots}"
    );
    let forged = jwt::Jwt::read(&tokens.access).with_claim("sub", json!("root")).text();
    let forged = line(gate_request("GET", "/api/x", Some(&forged)), 401);
    assert_eq!(forged["reason"], "token_signature_wrong", "{forged}");
    assert_eq!(forged.get("user"), None, "nothing unverified: {forged}");
    let foreign = line(gate_request("GET", "/api/x", Some("an-informer-api-token")), 401);
    assert_eq!(foreign["reason"], "foreign_token", "{foreign}");
    world.revoke(&client, &tokens.access).is(200);
    assert!(comes_true(A_SECOND, || world
        .gate("GET", "/api/datasets", Some(&tokens.access))
        .status
        == 401));
    let revoked = line(gate_request("GET", "/api/datasets", Some(&tokens.access)), 401);
    assert_eq!(
        (&revoked["reason"], &revoked["user"]),
        (&json!("grant_ended"), &json!("admin")),
        "{revoked}"
    );
}

#[test]
fn every_answer_has_the_callers_request_id() {
    let world = World::start();
    let client = world.public_client();
    let token = world.tokens_with(&client, "read:dataset").access;
    for (uri, token, status) in [
        ("/api/datasets", Some(token.as_str()), 200),
        ("/api/datasets", None, 204),
        ("/api/datasets", Some("x"), 401),
        ("/api/users", Some(token.as_str()), 403),
        ("/api/../users", Some(token.as_str()), 403),
    ] {
        let request = gate_request("GET", uri, token).header("X-Request-Id", "from-the-proxy");
        let answer = world.http.send(request).is(status);
        assert_eq!(answer.header("x-request-id"), Some("from-the-proxy"), "{answer}");
    }
}

#[test]
fn uses_of_every_token_are_noted_at_the_gate() {
    let world = World::start();
    for refreshing in [true, false] {
        let client =
            world.register(json!({ "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": refreshing }));
        let token = world.tokens(&client).access;
        let last_used = || {
            let page = world.manage(&client, "GET", "/tokens", None).is(200).json();
            page["_embedded"]["inf:oauth-token"][0]["lastUsedAt"].clone()
        };
        assert!(!last_used().is_string(), "{refreshing}: {}", last_used());
        assert!(world.works(&token));
        assert!(comes_true(A_SECOND * 2, || last_used().is_string()), "{refreshing}");
        let first = last_used();
        for _ in 0..5 {
            assert!(world.works(&token));
        }
        std::thread::sleep(A_SECOND);
        assert_eq!(last_used(), first, "once a minute");
    }
}
