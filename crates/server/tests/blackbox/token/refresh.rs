//! Refreshing, rotation and replay.

use crate::support::*;

#[test]
fn a_refresh_token_is_rotated_at_every_use_and_a_rotated_one_revokes_the_family() {
    let world = World::start();
    let client = world.public_client();
    let first = world.tokens(&client);
    let second = world.refreshed(&client, first.refresh());
    let third = world.refreshed(&client, second.refresh());
    for access in [&first.access, &second.access, &third.access] {
        assert!(world.works(access), "rotation does not end access tokens");
    }
    world
        .refresh(&client, first.refresh())
        .oauth_error(400, "invalid_grant");
    world
        .refresh(&client, third.refresh())
        .oauth_error(400, "invalid_grant");
    for access in [&first.access, &second.access, &third.access] {
        assert!(comes_true(A_SECOND, || !world.works(access)));
    }
    assert_eq!(world.count_events(&client, "refresh.replayed"), 1);
    let event = world
        .events(&client)
        .into_iter()
        .find(|event| is_of_kind(event, "refresh.replayed"))
        .unwrap();
    let record = jwt::Jwt::read(&first.access).claim("tid").as_str().unwrap().to_owned();
    assert!(
        is_of_kind(&event, &record) && is_of_kind(&event, "127.0.0.1"),
        "{event}"
    );
}

#[test]
fn another_family_is_not_touched_by_a_replay() {
    let world = World::start();
    let client = world.public_client();
    let (replayed, other) = (world.tokens(&client), world.tokens(&client));
    world.refreshed(&client, replayed.refresh());
    world
        .refresh(&client, replayed.refresh())
        .oauth_error(400, "invalid_grant");
    assert!(world.works(&other.access));
    world.refreshed(&client, other.refresh());
}

#[test]
fn a_refresh_token_presented_by_another_client_is_refused_not_burnt_and_recorded() {
    let world = World::start();
    let (owner, thief) = (world.public_client(), world.confidential_client());
    let tokens = world.tokens(&owner);
    world
        .refresh(&thief, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    world.refreshed(&owner, tokens.refresh());
    assert_eq!(world.count_events(&thief, "refresh.presented_by_other_client"), 1);
}

#[test]
fn tokens_of_one_kind_are_refused_as_the_other() {
    let world = World::start();
    let client = world.confidential_client();
    let tokens = world.tokens_with(&client, "write:global");
    world.refresh(&client, &tokens.access).oauth_error(400, "invalid_grant");
    world.gate("GET", "/api/profile", Some(tokens.refresh())).is(401);
    world
        .http
        .send(Request::get("/api/oauth-clients").bearer(tokens.refresh()))
        .api_error(401, "Unauthorized");
    let code = world.code(&client);
    world.refresh(&client, &code.code).oauth_error(400, "invalid_grant");
    world.gate("GET", "/api/profile", Some(&code.code)).is(401);
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn a_refresh_token_of_another_installation_is_invalid_grant() {
    let (here, there) = (World::start(), World::start());
    let foreign = there.tokens(&there.public_client());
    here.refresh(&here.public_client(), foreign.refresh())
        .oauth_error(400, "invalid_grant");
    here.gate("GET", "/api/profile", Some(&foreign.access)).is(401);
}

#[test]
fn a_wider_scope_is_invalid_scope_and_a_narrower_one_narrows_this_access_token_only() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens_with(&client, "read:dataset write:report");
    let described = |answer: &Answer| {
        answer.json()["error_description"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let ask = |token: &str, scope: &str| {
        world.http.send(client.post(
            "/oauth/token",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
                ("scope", scope),
            ],
        ))
    };
    for wider in [
        "read:dataset read:profile",
        "write:dataset",
        "write:global",
        "openid",
        " ",
    ] {
        ask(tokens.refresh(), wider).oauth_error(400, "invalid_scope");
    }
    let refused = ask(tokens.refresh(), "read:dataset write:dataset");
    assert_eq!(
        described(&refused),
        "This grant does not include the scope: write:dataset"
    );
    let narrow = Tokens::read(ask(tokens.refresh(), "read:dataset").oauth_json());
    assert_eq!(narrow.answer["scope"], "read:dataset");
    world.gate("GET", "/api/datasets", Some(&narrow.access)).is(200);
    world.gate("GET", "/api/reports", Some(&narrow.access)).is(403);
    let reading = Tokens::read(ask(narrow.refresh(), "read:report offline_access").oauth_json());
    assert_eq!(reading.answer["scope"], "read:report", "narrower by meaning");
    world.gate("DELETE", "/api/reports/1", Some(&reading.access)).is(403);
    let whole = world.refreshed(&client, reading.refresh());
    assert_eq!(
        whole.answer["scope"], "read:dataset write:report",
        "the grant is as wide as it was"
    );
    world.gate("GET", "/api/reports", Some(&whole.access)).is(200);
}

#[test]
fn a_scope_since_removed_from_the_client_is_invalid_grant() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens_with(&client, "read:dataset read:report");
    world.patch(&client, &json!({ "scope": ["read:dataset"] }));
    let (error, _) = world.refused_within_a_second(&client, tokens.refresh());
    assert_eq!(error, "invalid_grant");
}

#[test]
fn a_client_that_is_disabled_is_invalid_grant_until_it_is_enabled_again() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    world.patch(&client, &json!({ "enabled": false }));
    assert!(
        comes_true(A_SECOND, || !world.works(&tokens.access)),
        "its access tokens stop too"
    );
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    world.patch(&client, &json!({ "enabled": true }));
    assert!(comes_true(A_SECOND, || world.works(&tokens.access)));
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn a_deleted_clients_grants_are_invalid_client_and_its_tokens_stop_within_a_second() {
    let world = World::start();
    let client = world.public_client();
    let resource_server = world.confidential(json!({ "introspect": true }));
    let lasting = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": false }));
    let (tokens, lasting_tokens) = (world.tokens(&client), world.tokens(&lasting));
    assert!(world.works(&tokens.access) && world.works(&lasting_tokens.access));
    let (code, device) = (world.code(&client), Device::start(&world, &client));
    for gone in [&client, &lasting] {
        world.manage(gone, "DELETE", "", None).is(204);
    }
    assert!(comes_true(A_SECOND, || !world.works(&tokens.access)
        && !world.works(&lasting_tokens.access)));
    let refused = world.refresh(&client, tokens.refresh());
    refused.oauth_error(401, "invalid_client");
    assert_eq!(refused.header("www-authenticate"), None);
    world.redeem(&client, &code).oauth_error(401, "invalid_client");
    world.http.send(client.poll(&device)).oauth_error(401, "invalid_client");
    assert_eq!(
        world.introspect(&resource_server, &tokens.access),
        json!({ "active": false })
    );
    world.manage(&client, "GET", "", None).api_error(404, "Not Found");
}

#[test]
fn a_locked_users_tokens_stop_refreshing_and_lasting_ones_stop_working() {
    let world = World::start();
    let ada = world.user("ada");
    let client = world.public_client();
    let lasting = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": false }));
    let tokens = world.tokens_for(&ada, &client, &Ask::of(&client));
    let lasting_tokens = world.tokens_for(&ada, &lasting, &Ask::of(&lasting));
    let admins = world.tokens(&client);
    assert!(world.works(&lasting_tokens.access));
    world.service.cli_ok(&["user", "lock", "ada"]);
    let (error, _) = world.refused_within_a_second(&client, tokens.refresh());
    assert_eq!(error, "invalid_grant");
    assert!(comes_true(A_SECOND, || !world.works(&lasting_tokens.access)));
    world.refreshed(&client, admins.refresh());
}

#[test]
fn locked_users_access_tokens_stop_within_a_second_everywhere() {
    let world = World::start();
    let ada = world.user("ada");
    let client = world.public_client();
    let lasting = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": false }));
    let resource_server = world.confidential(json!({ "introspect": true }));
    let ask = |client: &Client| Ask::of(client).with("scope", "read:global");
    let expiring = world.tokens_for(&ada, &client, &ask(&client)).access;
    let lasting = world.tokens_for(&ada, &lasting, &ask(&lasting)).access;
    let admins = world.tokens(&client).access;
    let list = |token: &str| {
        let request = Request::get("/api/oauth-clients-list").bearer(token);
        world.http.send(request).status
    };
    for token in [&expiring, &lasting] {
        assert!(world.works(token));
        assert_eq!(list(token), 200);
        assert_eq!(world.introspect(&resource_server, token)["active"], true);
    }
    world.service.cli_ok(&["user", "lock", "ada"]);
    for token in [&expiring, &lasting] {
        assert!(comes_true(A_SECOND, || !world.works(token)));
        assert_eq!(list(token), 401);
        assert_eq!(world.introspect(&resource_server, token), json!({ "active": false }));
    }
    assert!(world.works(&admins));
    world.service.cli_ok(&["user", "unlock", "ada"]);
    assert!(comes_true(A_SECOND, || world.works(&expiring)), "a lock ends no grant");
}

#[test]
fn switching_refresh_tokens_off_ends_refreshing() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    world.patch(&client, &json!({ "enableRefreshTokens": false }));
    let (error, _) = world.refused_within_a_second(&client, tokens.refresh());
    assert!(
        ["unauthorized_client", "invalid_grant"].contains(&error.as_str()),
        "{error}"
    );
}

#[test]
fn an_expired_grant_is_invalid_grant_and_its_access_token_ends_with_it() {
    let world = World::start_with(&[
        ("INFORMER_OAUTH__TOKENS__REFRESH_SECONDS", "2"),
        ("INFORMER_OAUTH__TOKENS__ACCESS_SECONDS", "900"),
    ]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    assert!(
        tokens.answer["expires_in"].as_i64().unwrap() <= 2,
        "never past the grant: {}",
        tokens.answer
    );
    let again = world.refreshed(&client, tokens.refresh());
    let limit = std::time::Duration::from_secs(4);
    assert!(comes_true(limit, || !world.works(&again.access)));
    world
        .refresh(&client, again.refresh())
        .oauth_error(400, "invalid_grant");
    assert_eq!(world.count_events(&client, "refresh.replayed"), 0, "late is not stolen");
}

#[test]
fn an_access_token_expires_and_a_refreshed_one_works() {
    let world = World::start_with(&[("INFORMER_OAUTH__TOKENS__ACCESS_SECONDS", "1")]);
    let client = world.confidential_client();
    let tokens = world.tokens(&client);
    assert_eq!(tokens.answer["expires_in"], json!(1));
    let limit = std::time::Duration::from_secs(3);
    assert!(comes_true(limit, || !world.works(&tokens.access)));
    assert_eq!(world.introspect(&client, &tokens.access), json!({ "active": false }));
    assert!(world.works(&world.refreshed(&client, tokens.refresh()).access));
}

#[test]
fn the_last_use_of_a_record_is_kept() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let record = || world.manage(&client, "GET", "/tokens", None).json()["_embedded"]["inf:oauth-token"][0].clone();
    let before = record();
    world.refreshed(&client, tokens.refresh());
    let after = record();
    assert_ne!(before["lastUsedAt"], after["lastUsedAt"], "{before} {after}");
    assert!(after["lastUsedAt"].is_string());
}
