//! What an administrator takes away from a client is taken from its living grants.

use crate::support::*;

const ELSEWHERE: &str = "https://reports.example/api";

/// A client for everything, with a secret, and also registered for [`ELSEWHERE`].
fn wide(world: &World, refreshes: bool) -> Client {
    world.confidential(json!({ "enableRefreshTokens": refreshes, "resources": [ELSEWHERE] }))
}

fn ask_elsewhere(client: &Client) -> Ask {
    World::natural_ask(client).with("resource", ELSEWHERE)
}

/// Polls until `code` is the answer: a replica may know the client of a second ago.
#[track_caller]
fn refused_soon(code: &str, mut send: impl FnMut() -> Answer) {
    let mut last = None;
    let refused = comes_true(A_SECOND, || {
        let answer = send();
        let refused = answer.status != 200;
        last = Some(answer);
        refused
    });
    let last = last.unwrap();
    assert!(refused, "{last}");
    last.oauth_error(400, code);
}

#[test]
fn a_narrowed_scope_ends_codes_refresh_tokens_and_access_tokens() {
    let world = World::start();
    let (client, lasting) = (wide(&world, true), wide(&world, false));
    let server = world.confidential(json!({ "introspect": true }));
    let tokens = world.tokens_with(&client, "write:global");
    let lasting_tokens = world.tokens_with(&lasting, "write:global");
    let profile = world.tokens_with(&lasting, "read:profile");
    let code = world
        .admin
        .code(&World::natural_ask(&client).with("scope", "write:global"));
    let device = Device::start_with(&world, &client, &[("scope", "write:global")]);
    device.decide(&world.admin, true).is(204);
    assert!(world.works(&tokens.access) && world.works(&lasting_tokens.access));

    for narrowed in [&client, &lasting] {
        world.patch(narrowed, &json!({ "scope": ["write:profile"] }));
    }
    assert!(comes_true(A_SECOND, || !world.works(&tokens.access)
        && !world.works(&lasting_tokens.access)));
    assert!(world.works(&profile.access), "reading is within writing");
    for token in [&tokens.access, &lasting_tokens.access, tokens.refresh()] {
        assert_eq!(world.introspect(&server, token), json!({ "active": false }));
    }
    world
        .http
        .send(Request::get("/api/oauth-clients").bearer(&lasting_tokens.access))
        .api_error(401, "Unauthorized");
    refused_soon("invalid_grant", || world.refresh(&client, tokens.refresh()));
    world.redeem(&client, &code).oauth_error(400, "invalid_grant");
    world.http.send(client.poll(&device)).oauth_error(400, "invalid_grant");

    for given_back in [&client, &lasting] {
        world.patch(given_back, &json!({ "scope": [] }));
    }
    assert!(comes_true(A_SECOND, || world.works(&lasting_tokens.access)));
}

#[test]
fn a_removed_resource_ends_codes_refresh_tokens_and_access_tokens() {
    let world = World::start();
    let (client, lasting) = (wide(&world, true), wide(&world, false));
    let server = world.confidential(json!({ "introspect": true }));
    let tokens = world.tokens_for(&world.admin, &client, &ask_elsewhere(&client));
    let lasting_tokens = world.tokens_for(&world.admin, &lasting, &ask_elsewhere(&lasting));
    let code = world.admin.code(&ask_elsewhere(&client));
    let device = Device::start_with(&world, &client, &[("resource", ELSEWHERE)]);
    device.decide(&world.admin, true).is(204);
    let active = |token: &str| world.introspect(&server, token)["active"] == true;
    assert!(active(&tokens.access) && active(&lasting_tokens.access) && active(tokens.refresh()));

    for emptied in [&client, &lasting] {
        world.patch(emptied, &json!({ "resources": [] }));
    }
    assert!(comes_true(A_SECOND, || !active(&tokens.access)
        && !active(&lasting_tokens.access)
        && !active(tokens.refresh())));
    refused_soon("invalid_target", || world.refresh(&client, tokens.refresh()));
    world.redeem(&client, &code).oauth_error(400, "invalid_target");
    world.http.send(client.poll(&device)).oauth_error(400, "invalid_target");
}
