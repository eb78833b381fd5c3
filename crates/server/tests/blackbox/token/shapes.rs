//! What the answers look like, line by line of "What strict clients trip on".

use crate::support::*;

#[test]
fn a_success_has_exactly_the_members_that_apply() {
    let world = World::start();
    let refreshing = world.public_client();
    let answer = world.redeem(&refreshing, &world.code(&refreshing));
    let tokens = answer.oauth_json();
    assert_eq!(
        members(&tokens),
        ["access_token", "expires_in", "refresh_token", "scope", "token_type"]
    );
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "read:profile", "always echoed");
    assert_eq!(tokens["expires_in"], json!(900), "a number");
    let again = world
        .refresh(&refreshing, tokens["refresh_token"].as_str().unwrap())
        .oauth_json();
    assert_eq!(
        members(&again),
        ["access_token", "expires_in", "refresh_token", "scope", "token_type"]
    );
    assert_ne!(again["refresh_token"], tokens["refresh_token"]);

    let lasting = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": false }));
    let tokens = world.redeem(&lasting, &world.code(&lasting)).oauth_json();
    assert_eq!(members(&tokens), ["access_token", "scope", "token_type"]);
    assert_eq!(
        jwt::Jwt::read(tokens["access_token"].as_str().unwrap())
            .payload
            .get("exp"),
        None
    );
}

#[test]
fn every_answer_of_the_family_is_json_and_stored_by_nobody() {
    let world = World::start();
    let client = world.confidential_client();
    let tokens = world.tokens(&client);
    for request in [
        client.redemption(&world.code(&client)),
        client.refreshment(tokens.refresh()),
        client.refreshment("nonsense"),
        client.with_secret("wrong").refreshment("nonsense"),
        client.post("/oauth/introspect", &[("token", &tokens.access)]),
        client.post("/oauth/revoke", &[("token", &tokens.access)]),
        Request::post("/oauth/token"),
        Request::post("/api/oauth/access_token").json(&json!({})),
    ] {
        let answer = world.http.send(request);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{answer}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
        assert_eq!(answer.header("pragma"), Some("no-cache"), "{answer}");
        assert_eq!(find_null(&answer.json()), None, "{answer}");
    }
}

#[test]
fn an_access_token_is_a_jwt_of_rfc_9068_signed_with_a_published_key() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens_with(&client, "read:dataset read:report");
    let token = jwt::Jwt::read(&tokens.access);
    assert_eq!(token.header["typ"], "at+jwt");
    assert_eq!(token.header["alg"], "ES256");
    let keys = world.http.get("/.well-known/jwks.json").oauth_json();
    let kid = &token.header["kid"];
    assert!(
        keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == *kid),
        "{kid} of {keys}"
    );
    assert_eq!(
        members(&token.payload),
        ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub", "tid"]
    );
    assert_eq!(token.claim("iss"), &json!(world.issuer));
    assert_eq!(token.claim("aud"), &json!(world.issuer));
    assert_eq!(token.claim("sub"), "admin");
    assert_eq!(token.claim("client_id"), &json!(client.client_id));
    assert_eq!(token.claim("scope"), "read:dataset read:report");
    let (issued, expires) = (
        token.claim("iat").as_i64().unwrap(),
        token.claim("exp").as_i64().unwrap(),
    );
    assert_eq!(expires - issued, 900);
    let another = jwt::Jwt::read(&world.tokens(&client).access);
    assert_ne!(another.claim("jti"), token.claim("jti"));
    assert_ne!(another.claim("tid"), token.claim("tid"));
    let refreshed = jwt::Jwt::read(&world.refreshed(&client, tokens.refresh()).access);
    assert_eq!(refreshed.claim("tid"), token.claim("tid"), "one record per grant");
    assert_ne!(refreshed.claim("jti"), token.claim("jti"));
}

#[test]
fn a_refresh_token_has_no_nbf_and_is_good_within_the_second_for_thirty_days_from_the_grant() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let first = jwt::Jwt::read(tokens.refresh());
    assert_eq!(first.payload.get("nbf"), None);
    assert_eq!(
        first.claim("exp").as_i64().unwrap() - first.claim("iat").as_i64().unwrap(),
        2_592_000
    );
    let mut token = tokens.refresh().to_owned();
    for _ in 0..5 {
        token = world.refreshed(&client, &token).refresh().to_owned();
        assert_eq!(
            jwt::Jwt::read(&token).claim("exp"),
            first.claim("exp"),
            "refreshing does not prolong the grant"
        );
    }
}

#[test]
fn the_json_twin_is_the_same_endpoint_and_takes_forms_too() {
    let world = World::start();
    for client in [world.public_client(), world.confidential_client()] {
        let as_json = |pairs: Vec<(&str, String)>| {
            let mut body = json!({});
            for (name, value) in pairs {
                body[name] = json!(value);
            }
            body["client_id"] = json!(client.client_id);
            if let Some(secret) = &client.secret {
                body["client_secret"] = json!(secret);
            }
            Request::post("/api/oauth/access_token").json(&body)
        };
        let tokens = Tokens::read(world.http.send(as_json(world.code(&client).pairs())).oauth_json());
        let refresh = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", tokens.refresh().to_owned()),
        ];
        let again = Tokens::read(world.http.send(as_json(refresh)).oauth_json());
        assert!(world.works(&again.access));
        let by_form = client.post("/api/oauth/access_token", &world.code(&client).pairs());
        world.http.send(by_form).oauth_json();
        let only_forms = Request::post("/oauth/token").json(&json!({ "grant_type": "authorization_code" }));
        world.http.send(only_forms).oauth_error(415, "invalid_request");
    }
}

#[test]
fn an_unknown_or_unsupported_grant_type_is_unsupported_grant_type() {
    let world = World::start();
    let client = world.confidential_client();
    for grant in [
        "password",
        "client_credentials",
        "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "AUTHORIZATION_CODE",
        "x",
    ] {
        world
            .http
            .send(client.post("/oauth/token", &[("grant_type", grant)]))
            .oauth_error(400, "unsupported_grant_type");
    }
    world
        .http
        .send(client.post("/oauth/token", &[("code", "x")]))
        .oauth_error(400, "invalid_request");
    world
        .http
        .send(client.post("/oauth/token", &[("grant_type", "authorization_code")]))
        .oauth_error(400, "invalid_request");
    world
        .http
        .send(client.post("/oauth/token", &[("grant_type", "refresh_token")]))
        .oauth_error(400, "invalid_request");
}

#[test]
fn a_repeated_parameter_is_invalid_request_and_burns_nothing() {
    let world = World::start();
    let client = world.public_client();
    let code = world.code(&client);
    for name in ["grant_type", "code", "redirect_uri", "code_verifier"] {
        let mut pairs = code.pairs();
        let value = pairs.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        pairs.push((name, value));
        world
            .http
            .send(client.post("/oauth/token", &pairs))
            .oauth_error(400, "invalid_request");
    }
    world.redeem(&client, &code).is(200);
}

#[test]
fn the_endpoints_take_post_only_and_ignore_the_query() {
    let world = World::start();
    let client = world.public_client();
    for path in [
        "/oauth/token",
        "/oauth/revoke",
        "/oauth/introspect",
        "/api/oauth/access_token",
    ] {
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            world
                .http
                .send(Request::new(method, path))
                .oauth_error(405, "invalid_request");
        }
    }
    let code = world.code(&client);
    let mut pairs = code.pairs();
    pairs.push(("client_id", client.client_id.clone()));
    let in_the_query = Request::post(format!("/oauth/token?{}", form_encoded(&pairs)));
    let answer = world.http.send(in_the_query);
    assert!((400..500).contains(&answer.status), "{answer}");
    world.redeem(&client, &code).is(200);
}

#[test]
fn resource_is_accepted_at_every_step_and_must_stay_what_was_granted() {
    let world = World::start();
    let client = world.register(json!({
        "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": true, "resources": ["https://warehouse.example/"],
    }));
    let granted = ("resource", "https://warehouse.example/".to_owned());
    let code = world.admin.code(&Ask::of(&client).with("resource", &granted.1));
    let mut pairs = code.pairs();
    pairs.push(granted.clone());
    let tokens = Tokens::read(world.http.send(client.post("/oauth/token", &pairs)).oauth_json());
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh()),
        ("resource", "https://evil.example/"),
    ];
    world
        .http
        .send(client.post("/oauth/token", &refresh))
        .oauth_error(400, "invalid_target");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh()),
        ("resource", granted.1.as_str()),
    ];
    let again = Tokens::read(world.http.send(client.post("/oauth/token", &refresh)).oauth_json());
    assert_eq!(jwt::Jwt::read(&again.access).claim("aud"), "https://warehouse.example/");

    let code = world.admin.code(&Ask::of(&client).with("resource", &granted.1));
    let mut pairs = code.pairs();
    pairs.push(("resource", "https://evil.example/".into()));
    world
        .http
        .send(client.post("/oauth/token", &pairs))
        .oauth_error(400, "invalid_target");
}
