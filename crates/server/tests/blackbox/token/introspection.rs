//! RFC 7662.

use crate::support::*;

const INACTIVE: &str = "{\"active\":false}";

#[test]
fn a_client_sees_its_own_tokens_and_a_resource_server_everybodys() {
    let world = World::start();
    let client = world.confidential_client();
    let other = world.confidential_client();
    let resource_server = world.confidential(json!({ "introspect": true }));
    let public = world.public_client();
    let tokens = world.tokens_with(&client, "read:dataset write:report");
    let publics = world.tokens(&public);
    for asking in [&client, &resource_server] {
        let access = world.introspect(asking, &tokens.access);
        let token = jwt::Jwt::read(&tokens.access);
        assert_eq!(access["active"], true);
        assert_eq!(access["scope"], "read:dataset write:report");
        assert_eq!(access["client_id"], json!(client.client_id));
        assert_eq!(access["username"], "admin");
        assert_eq!(access["sub"], "admin");
        assert_eq!(access["token_type"], "Bearer");
        for claim in ["exp", "iat", "iss", "aud", "jti"] {
            assert_eq!(&access[claim], token.claim(claim), "{claim} of {access}");
        }
        let refresh = world.introspect(asking, tokens.refresh());
        assert_eq!(
            (&refresh["active"], &refresh["client_id"]),
            (&json!(true), &json!(client.client_id)),
            "{refresh}"
        );
        assert_eq!(refresh.get("token_type"), None, "{refresh}");
    }
    assert_eq!(world.introspect(&resource_server, &publics.access)["active"], true);
    for token in [tokens.access.as_str(), tokens.refresh(), &publics.access] {
        let answer = world.http.send(other.post("/oauth/introspect", &[("token", token)]));
        assert_eq!(answer.text(), INACTIVE, "{answer}");
    }
}

#[test]
fn inactive_is_exactly_active_false_whatever_the_reason() {
    let world = World::start();
    let client = world.confidential_client();
    let rotated = world.tokens(&client);
    world.refreshed(&client, rotated.refresh());
    let revoked = world.tokens(&client);
    world.revoke(&client, &revoked.access).is(200);
    let code = world.code(&client).code;
    let mut mangled = rotated.access.clone();
    mangled.pop();
    for token in [
        rotated.refresh(),
        &revoked.access,
        revoked.refresh(),
        &code,
        &mangled,
        "nonsense",
        "a.b.c",
        "é",
        "..",
        &"x".repeat(10_000),
    ] {
        let answer = world
            .http
            .send(client.post("/oauth/introspect", &[("token", token)]))
            .is(200);
        assert_eq!(answer.text(), INACTIVE, "{token}");
        let hinted = world
            .http
            .send(client.post(
                "/oauth/introspect",
                &[("token", token), ("token_type_hint", "nonsense")],
            ))
            .is(200);
        assert_eq!(hinted.text(), INACTIVE, "{token}");
    }
    assert_eq!(world.introspect(&client, &rotated.access)["active"], true);
}

#[test]
fn only_confidential_clients_that_authenticate_may_ask() {
    let world = World::start();
    let public = world.public_client();
    let confidential = world.confidential_client();
    let tokens = world.tokens(&public);
    let ask = |client: &Client| {
        world
            .http
            .send(client.post("/oauth/introspect", &[("token", &tokens.access)]))
    };
    ask(&public).oauth_error(401, "invalid_client");
    ask(&confidential.with_secret("wrong")).oauth_error(401, "invalid_client");
    world
        .http
        .send(Request::post("/oauth/introspect").form(&[("token", &tokens.access)]))
        .oauth_error(401, "invalid_client");
    let cookie_only = Request::post("/oauth/introspect")
        .header("Sec-Fetch-Site", "same-origin")
        .form(&[("token", &tokens.access)]);
    world.admin.send(cookie_only).oauth_error(401, "invalid_client");
    world
        .http
        .send(confidential.post("/oauth/introspect", &[("other", "x")]))
        .oauth_error(400, "invalid_request");
}

#[test]
fn a_locked_users_refresh_token_is_inactive() {
    let world = World::start();
    let ada = world.user("ada");
    let client = world.confidential_client();
    let tokens = world.tokens_for(&ada, &client, &Ask::plainly_of(&client));
    assert_eq!(world.introspect(&client, tokens.refresh())["active"], true);
    world.service.cli_ok(&["user", "lock", "ada"]);
    assert!(comes_true(
        A_SECOND,
        || world.introspect(&client, tokens.refresh())["active"] == false
    ));
}
