//! The gate for reverse proxies. Requests without a token of ours are in `gate_foreign.rs`, paths in `gate_paths.rs`.

use crate::support::*;

/// Method, URI, and the scopes that let a token through.
type Row = (&'static str, &'static str, &'static [&'static str]);

const READ_DATASET: &[&str] = &["read:dataset", "write:dataset", "read:global", "write:global"];
const WRITE_DATASET: &[&str] = &["write:dataset", "write:global"];
const READ_REPORT: &[&str] = &["read:report", "write:report", "read:global", "write:global"];
const WRITE_REPORT: &[&str] = &["write:report", "write:global"];
const READ_QUERY: &[&str] = &["write:report", "read:global", "write:global"];
const READ_PROFILE: &[&str] = &["read:profile", "write:profile", "read:global", "write:global"];
const WRITE_PROFILE: &[&str] = &["write:profile", "write:global"];
const READ_ANY: &[&str] = &["read:global", "write:global"];
const WRITE_ANY: &[&str] = &["write:global"];

const TABLE: &[Row] = &[
    ("GET", "/api/datasets", READ_DATASET),
    ("HEAD", "/api/datasets/sales", READ_DATASET),
    ("OPTIONS", "/api/datasets/sales/data", READ_DATASET),
    ("POST", "/api/datasets/sales/_search", READ_DATASET),
    ("POST", "/api/datasets/sales/_search?q=x", READ_DATASET),
    ("POST", "/api/datasets", WRITE_DATASET),
    ("PUT", "/api/datasets/sales", WRITE_DATASET),
    ("PATCH", "/api/datasets/sales", WRITE_DATASET),
    ("DELETE", "/api/datasets/sales", WRITE_DATASET),
    ("PUT", "/api/datasets/sales/_search", WRITE_DATASET),
    ("DELETE", "/api/datasets/sales/_search", WRITE_DATASET),
    ("POST", "/api/datasets/sales/_search/more", WRITE_DATASET),
    ("POST", "/api/datasets/_search", WRITE_DATASET),
    ("GET", "/api/reports", READ_REPORT),
    ("HEAD", "/api/reports/q1", READ_REPORT),
    ("POST", "/api/reports", WRITE_REPORT),
    ("PUT", "/api/reports/q1", WRITE_REPORT),
    ("DELETE", "/api/reports/q1", WRITE_REPORT),
    ("GET", "/api/queries", READ_QUERY),
    ("GET", "/api/queries/q1", READ_QUERY),
    ("POST", "/api/queries/q1/_execute", READ_QUERY),
    ("POST", "/api/queries", WRITE_REPORT),
    ("PUT", "/api/queries/q1", WRITE_REPORT),
    ("DELETE", "/api/queries/q1", WRITE_REPORT),
    ("GET", "/api/users/admin", READ_PROFILE),
    ("PATCH", "/api/users/admin", WRITE_PROFILE),
    ("GET", "/api/users/ada", READ_ANY),
    ("PATCH", "/api/users/ada", WRITE_ANY),
    ("GET", "/api/users", READ_ANY),
    ("GET", "/api/datasources", READ_ANY),
    ("POST", "/api/datasources", WRITE_ANY),
    ("GET", "/", READ_ANY),
    ("DELETE", "/api/oauth-clients/x", WRITE_ANY),
    ("GET", "/api/datasetsx", READ_ANY),
    ("GET", "/datasets", READ_ANY),
    ("BREW", "/api/datasets", WRITE_DATASET),
    ("get", "/api/datasets", WRITE_DATASET),
    ("TRACE", "/api/datasets", WRITE_DATASET),
];

fn token_of_each_scope(world: &World) -> Vec<(&'static str, String)> {
    let client = world.public_client();
    SCOPES
        .iter()
        .map(|scope| (*scope, world.tokens_with(&client, scope).access))
        .collect()
}

#[test]
fn no_token_gets_more_or_less_than_its_scopes_row() {
    let world = World::start();
    let tokens = token_of_each_scope(&world);
    for (method, uri, sufficient) in TABLE {
        for (scope, token) in &tokens {
            let answer = world.gate(method, uri, Some(token));
            let expected = if sufficient.contains(scope) { 200 } else { 403 };
            assert_eq!(answer.status, expected, "{scope}: {method} {uri}: {answer}");
            if expected == 403 {
                let challenge = answer.header("www-authenticate").unwrap_or_else(|| panic!("{answer}"));
                assert!(
                    challenge.starts_with("Bearer ") && challenge.contains("error=\"insufficient_scope\""),
                    "{challenge}"
                );
                let needed = challenge
                    .split("scope=\"")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next())
                    .unwrap_or_else(|| panic!("{challenge}"));
                assert!(sufficient.contains(&needed), "{method} {uri} asks for {needed}");
                assert!(
                    !answer.headers.iter().any(|(name, _)| name.starts_with("x-informer")),
                    "{answer}"
                );
            }
        }
    }
}

#[test]
fn a_combination_of_scopes_reaches_as_far_as_its_parts() {
    let world = World::start();
    let client = world.public_client();
    let token = world.tokens_with(&client, "read:dataset write:profile").access;
    for (method, uri, sufficient) in TABLE {
        let expected = if sufficient.contains(&"read:dataset") || sufficient.contains(&"write:profile") {
            200
        } else {
            403
        };
        assert_eq!(world.gate(method, uri, Some(&token)).status, expected, "{method} {uri}");
    }
}

#[test]
fn an_allowed_request_is_told_who_it_is() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens_with(&client, "read:dataset read:profile");
    let answer = world.gate("GET", "/api/datasets", Some(&tokens.access)).is(200);
    let record = jwt::Jwt::read(&tokens.access).claim("tid").as_str().unwrap().to_owned();
    assert_eq!(answer.header("x-informer-user"), Some("admin"));
    assert_eq!(answer.header("x-informer-client"), Some(client.client_id.as_str()));
    assert_eq!(answer.header("x-informer-scope"), Some("read:dataset read:profile"));
    assert_eq!(answer.header("x-informer-token"), Some(record.as_str()));
    // What the request itself claims to be does not come through.
    let forged = gate_request("GET", "/api/datasets", Some(&tokens.access))
        .header("X-Informer-User", "root")
        .header("X-Informer-Scope", "write:global");
    let answer = world.http.send(forged).is(200);
    assert_eq!(answer.headers("x-informer-user"), ["admin"]);
    assert_eq!(answer.headers("x-informer-scope"), ["read:dataset read:profile"]);
}

#[test]
fn either_pair_of_headers_names_the_original_request_and_a_pair_that_disagrees_is_refused() {
    let world = World::start();
    let client = world.public_client();
    let token = world.tokens_with(&client, "read:dataset").access;
    let ask = |headers: &[(&str, &str)]| {
        let request = headers.iter().fold(
            Request::get("/oauth/verify").bearer(&token),
            |request, (name, value)| request.header(name, value),
        );
        world.http.send(request).status
    };
    let (good, bad) = ("/api/datasets", "/api/users");
    assert_eq!(ask(&[("X-Original-Method", "GET"), ("X-Original-URI", good)]), 200);
    assert_eq!(ask(&[("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", good)]), 200);
    assert_eq!(ask(&[("X-Original-Method", "DELETE"), ("X-Original-URI", good)]), 403);
    assert_eq!(ask(&[("X-Forwarded-Method", "DELETE"), ("X-Forwarded-Uri", good)]), 403);
    // A client may add the pair that the proxy does not set: it must not loosen anything.
    for attack in [
        [
            ("X-Original-Method", "GET"),
            ("X-Original-URI", bad),
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Uri", good),
        ],
        [
            ("X-Original-Method", "GET"),
            ("X-Original-URI", good),
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Uri", bad),
        ],
        [
            ("X-Original-Method", "DELETE"),
            ("X-Original-URI", good),
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Uri", good),
        ],
        [
            ("X-Original-Method", "GET"),
            ("X-Original-URI", good),
            ("X-Forwarded-Method", "DELETE"),
            ("X-Forwarded-Uri", good),
        ],
        [
            ("X-Original-Method", "GET"),
            ("X-Original-Method", "DELETE"),
            ("X-Original-URI", good),
            ("X-Original-URI", good),
        ],
        [
            ("X-Original-Method", "GET"),
            ("X-Original-Method", "GET"),
            ("X-Original-URI", good),
            ("X-Original-URI", bad),
        ],
    ] {
        let status = ask(&attack);
        assert!((400..500).contains(&status), "{attack:?}: {status}");
    }
    for half in [
        &[("X-Original-URI", good)][..],
        &[("X-Original-Method", "GET")],
        &[],
        &[("X-Original-Method", "GET"), ("X-Forwarded-Uri", good)],
    ] {
        let status = ask(half);
        assert!((400..500).contains(&status), "{half:?}: {status}");
    }
}

#[test]
fn method_override_headers_and_parameters_are_ignored() {
    let world = World::start();
    let client = world.public_client();
    let token = world.tokens_with(&client, "read:dataset").access;
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let loosened = gate_request("DELETE", "/api/datasets/sales", Some(&token)).header(name, "GET");
        assert_eq!(world.http.send(loosened).status, 403, "{name}");
        let other = gate_request("GET", "/api/datasets/sales", Some(&token)).header(name, "DELETE");
        assert_eq!(
            world.http.send(other).status,
            200,
            "{name} is Informer's to see, and it is told not to look"
        );
    }
    assert_eq!(
        world
            .gate("DELETE", "/api/datasets/sales?_method=GET", Some(&token))
            .status,
        403
    );
}

#[test]
fn a_request_without_a_token_is_204_or_where_a_token_is_required_401() {
    let world = World::start();
    let answer = world.gate("GET", "/api/users", None).is(204);
    assert!(
        !answer.headers.iter().any(|(name, _)| name.starts_with("x-informer")),
        "{answer}"
    );
    assert!(answer.body.is_empty());
    // Other schemes are Informer's own business.
    let basic = gate_request("GET", "/api/users", None).raw_basic("user", "password");
    world.http.send(basic).is(204);
    let strict = World::start_with(&[("INFORMER_OAUTH__GATE__REQUIRE_TOKEN", "true")]);
    let answer = strict.gate("GET", "/api/users", None).is(401);
    assert!(
        answer
            .header("www-authenticate")
            .is_some_and(|value| value.starts_with("Bearer")),
        "{answer}"
    );
    let client = strict.public_client();
    let token = strict.tokens_with(&client, "read:global").access;
    strict.gate("GET", "/api/users", Some(&token)).is(200);
}

#[test]
fn a_token_that_is_no_good_is_401_invalid_token_and_never_taken_for_none() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let ask = |value: &str| {
        world
            .http
            .send(gate_request("GET", "/api/profile", None).header("Authorization", value))
    };
    for value in [
        "Bearer x",
        "Bearer ",
        "Bearer",
        "bearer x",
        "BEARER x",
        &format!("Bearer {}x", tokens.access),
        &format!("Bearer {0} {0}", tokens.access),
        &format!("Bearer {}", tokens.refresh()),
    ] {
        let answer = ask(value);
        assert_eq!(answer.status, 401, "{value}: {answer}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains("error=\"invalid_token\""), "{value}: {challenge}");
    }
    assert_eq!(
        ask(&format!("bearer {}", tokens.access)).status,
        200,
        "the scheme's case does not matter"
    );
    let twice = gate_request("GET", "/api/profile", Some(&tokens.access)).bearer(&tokens.access);
    assert_eq!(world.http.send(twice).status, 401);
    // Not from the query or a form: those end up in logs.
    let in_the_query = world.http.send(
        Request::get(format!("/oauth/verify?access_token={}", tokens.access))
            .header("X-Original-Method", "GET")
            .header("X-Original-URI", "/api/profile"),
    );
    assert_eq!(in_the_query.status, 204);
}

#[test]
fn a_token_for_another_resource_is_401() {
    let world = World::start();
    let client = world.register(json!({
        "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": true, "resources": ["https://warehouse.example/"],
    }));
    let ask = Ask::of(&client)
        .with("scope", "write:global")
        .with("resource", "https://warehouse.example/");
    let elsewhere = world.tokens_for(&world.admin, &client, &ask);
    world.gate("GET", "/api/profile", Some(&elsewhere.access)).is(401);
    world
        .http
        .send(Request::get("/api/oauth-clients").bearer(&elsewhere.access))
        .api_error(401, "Unauthorized");
    let resource_server = world.confidential(json!({ "introspect": true }));
    assert_eq!(
        world.introspect(&resource_server, &elsewhere.access)["aud"],
        "https://warehouse.example/",
        "its own server may use it"
    );
    let here = world.tokens_for(&world.admin, &client, &Ask::of(&client).with("resource", &world.issuer));
    world.gate("GET", "/api/profile", Some(&here.access)).is(200);
}

#[test]
fn every_way_to_revoke_a_record_closes_the_gate_within_a_second_also_without_expiry() {
    let world = World::start();
    for refreshing in [true, false] {
        let client =
            world.register(json!({ "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": refreshing }));
        let path = |tokens: &Tokens| {
            format!(
                "/tokens/{}",
                jwt::Jwt::read(&tokens.access).claim("tid").as_str().unwrap()
            )
        };
        let by_client = world.tokens(&client);
        let by_administrator = world.tokens(&client);
        let with_all = world.tokens(&client);
        for tokens in [&by_client, &by_administrator, &with_all] {
            assert!(world.works(&tokens.access));
        }
        world.revoke(&client, &by_client.access).is(200);
        assert!(comes_true(A_SECOND, || !world.works(&by_client.access)));
        world.manage(&client, "DELETE", &path(&by_administrator), None).is(204);
        assert!(comes_true(A_SECOND, || !world.works(&by_administrator.access)));
        assert!(world.works(&with_all.access));
        assert_eq!(
            world.manage(&client, "DELETE", "/tokens", None).is(200).json(),
            json!({ "revoked": 1 })
        );
        assert!(comes_true(A_SECOND, || !world.works(&with_all.access)));
    }
}

#[test]
fn the_proxys_own_method_and_any_body_do_not_matter() {
    let world = World::start();
    let client = world.public_client();
    let token = world.tokens_with(&client, "read:dataset").access;
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"] {
        let mut request = gate_request("GET", "/api/datasets", Some(&token));
        request.method = method.into();
        assert_eq!(world.http.send(request).status, 200, "{method}");
        let mut request = gate_request("DELETE", "/api/datasets/x", Some(&token));
        request.method = method.into();
        assert_eq!(world.http.send(request).status, 403, "{method}");
    }
}

#[test]
fn the_command_line_explains_what_the_gate_would_say() {
    let world = World::start();
    let allowed = world.service.cli(&[
        "gate",
        "explain",
        "POST",
        "/api/datasets/x/_search",
        "--scope",
        "read:dataset",
    ]);
    assert!(allowed.status.success(), "{}", String::from_utf8_lossy(&allowed.stderr));
    let said = String::from_utf8(allowed.stdout).unwrap();
    assert!(said.contains("allowed") && said.contains("read:dataset"), "{said}");
    let refused = world.service.cli(&[
        "gate",
        "explain",
        "DELETE",
        "/api/datasets/x",
        "--scope",
        "read:dataset",
    ]);
    let said = String::from_utf8(refused.stdout).unwrap();
    assert!(
        said.contains("insufficient") && said.contains("write:dataset"),
        "{said}"
    );
    let unjudged = world
        .service
        .cli(&["gate", "explain", "GET", "/api/..%2fx", "--scope", "write:global"]);
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&unjudged.stdout),
        String::from_utf8_lossy(&unjudged.stderr)
    );
    assert!(said.contains("dot segment"), "{said}");
}
