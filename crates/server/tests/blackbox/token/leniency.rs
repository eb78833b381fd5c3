//! What strict servers trip on, and this one accepts.

use std::time::Duration;

use crate::support::*;

#[test]
fn a_resource_is_known_in_another_spelling_and_aud_keeps_the_configured_one() {
    let world = World::start();
    let client = world.public_client();
    let slash = format!("{}/", world.issuer);
    let ask = World::natural_ask(&client).with("resource", &slash);
    world
        .admin
        .open(&ask.clone().and("resource", &world.issuer).page())
        .is(200);
    let code = world.admin.code(&ask);
    let mut pairs = code.pairs();
    pairs.extend([("resource", slash.clone()), ("resource", slash.clone())]);
    let tokens = Tokens::read(world.http.send(client.post("/oauth/token", &pairs)).oauth_json());
    assert_eq!(jwt::Jwt::read(&tokens.access).claim("aud"), &json!(world.issuer));
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh()),
        ("resource", &slash),
    ];
    let next = Tokens::read(world.http.send(client.post("/oauth/token", &refresh)).oauth_json());
    assert_eq!(jwt::Jwt::read(&next.access).claim("aud"), &json!(world.issuer));

    let two = [
        ("grant_type", "refresh_token"),
        ("refresh_token", next.refresh()),
        ("resource", &slash),
        ("resource", "https://other.example"),
    ];
    world
        .http
        .send(client.post("/oauth/token", &two))
        .oauth_error(400, "invalid_target");
    let device = Device::start_with(&world, &client, &[("resource", &slash)]);
    device.decide(&world.admin, true).is(204);
    world.http.send(client.poll(&device)).is(200);
}

#[test]
fn unknown_parameters_may_be_repeated_and_a_repeated_known_one_is_named() {
    let world = World::start();
    let client = world.public_client();
    let ask = World::natural_ask(&client).and("utm", "1").and("utm", "2");
    world.admin.open(&ask.page()).is(200);
    let code = world.code(&client);
    let mut pairs = code.pairs();
    pairs.extend([("utm", "1".to_owned()), ("utm", "2".to_owned())]);
    world.http.send(client.post("/oauth/token", &pairs)).is(200);
    let twice = [("token", "a"), ("token", "b")];
    let answer = world.http.send(client.post("/oauth/revoke", &twice));
    answer.oauth_error(400, "invalid_request");
    assert!(answer.text().contains("more than once: token"), "{answer}");
}

#[test]
fn scopes_of_openid_connect_grant_nothing() {
    let world = World::start();
    let client = world.public_client();
    let granted = |scope: &str| world.tokens_with(&client, scope).answer["scope"].clone();
    assert_eq!(granted("read:dataset offline_access"), "read:dataset");
    assert_eq!(granted("openid read:report email"), "read:report");
    assert_eq!(granted("openid profile"), "read:profile");
    let writer = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "scope": ["write:report"] }));
    let reading = world.tokens_with(&writer, "read:report openid");
    assert_eq!(reading.answer["scope"], "read:report");
    for (scope, named) in [
        ("read:report address", "Unknown scope: address"),
        ("openid", "This client may not ask for the scope: read:profile"),
    ] {
        let answer = world
            .http
            .send(writer.post("/oauth/device_authorization", &[("scope", scope)]));
        answer.oauth_error(400, "invalid_scope");
        assert_eq!(answer.json()["error_description"], named);
    }
}

#[test]
fn an_expired_access_token_can_be_revoked() {
    let world = World::start_with(&[("INFORMER_OAUTH__TOKENS__ACCESS_SECONDS", "1")]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    std::thread::sleep(Duration::from_millis(2050));
    assert!(!world.works(&tokens.access));
    world.revoke(&client, &tokens.access).is(200);
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    assert_eq!(world.count_events(&client, "token.revoked"), 1);
}

#[test]
fn the_charset_of_forms_and_json_is_ignored() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let form = form_encoded(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh()),
        ("client_id", &client.client_id),
    ]);
    let typed = "application/x-www-form-urlencoded; charset=ISO-8859-1";
    let next = world.http.send(Request::post("/oauth/token").body(typed, form));
    let next = Tokens::read(next.oauth_json());
    let body = json!({
        "grant_type": "refresh_token",
        "refresh_token": next.refresh(),
        "client_id": client.client_id,
        "scope": null,
        "resource": null,
    });
    let typed = "application/json; charset=iso-8859-1";
    let json = Request::post("/api/oauth/access_token").body(typed, body.to_string());
    world.http.send(json).is(200);
}

#[test]
fn other_schemes_and_empty_authorization_headers_are_ignored() {
    let world = World::start();
    let client = world.public_client();
    let mut tokens = world.tokens(&client);
    for header in ["Bearer x", "", "Negotiate", "DPoP x"] {
        let request = client.refreshment(tokens.refresh()).header("authorization", header);
        tokens = Tokens::read(world.http.send(request).oauth_json());
    }
    let confidential = world.confidential_client();
    let nameless = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let answer = world
        .http
        .send(Request::post("/oauth/token").form(&nameless).bearer("x"));
    answer.oauth_error(401, "invalid_client");
    assert_eq!(answer.header("www-authenticate"), None);
    let refused = confidential.with_secret("wrong").post("/oauth/token", &nameless);
    assert!(world.http.send(refused).header("www-authenticate").is_some());
}

#[test]
fn preflights_allow_tracing_headers_and_authorization() {
    let world = World::start();
    for path in ["/oauth/token", "/oauth/revoke", "/api/oauth/access_token"] {
        let preflight = Request::new("OPTIONS", path)
            .header("origin", "https://app.example")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,baggage,sentry-trace,traceparent,x-own",
            );
        let answer = world.http.send(preflight).is(204);
        let allowed = answer
            .header("access-control-allow-headers")
            .unwrap()
            .to_ascii_lowercase();
        let allowed: Vec<&str> = allowed.split(", ").collect();
        for name in ["*", "authorization", "traceparent", "sentry-trace", "baggage"] {
            assert!(allowed.contains(&name), "{name} is not in {allowed:?}");
        }
        let post = Request::post(path).header("origin", "https://app.example");
        let exposed = world.http.send(post.form(&[("a", "b")]));
        let exposed = exposed.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("WWW-Authenticate"), "{exposed}");
    }
}

#[test]
fn user_codes_are_read_as_phones_send_them() {
    let world = World::start();
    let client = world.public_client();
    let ada = world.user("ada");
    let device = Device::start(&world, &client);
    let (left, right) = device.user_code.split_once('-').unwrap();
    let wide: String = format!("{left}{right}")
        .chars()
        .filter_map(|letter| char::from_u32(u32::from(letter) + 0xfee0))
        .collect();
    for slip in ["B", "BKFT—DNL", "“BKFT”", "aeiou", "1234-5678", "BKFTDNLZBKFT"] {
        shown(&ada, slip).api_error(404, "Not Found");
    }
    for typed in [
        format!("{left}\u{2014}{right}"),
        format!("{left}--{right}\n"),
        format!("\u{201c}{left}-{right}\u{201d}"),
        wide,
    ] {
        shown(&ada, &typed).is(200);
    }
}
