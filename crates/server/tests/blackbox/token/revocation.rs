//! RFC 7009.

use crate::support::*;

#[test]
fn either_kind_of_token_ends_its_whole_record_within_a_second() {
    let world = World::start();
    for client in [world.public_client(), world.confidential_client()] {
        for by_access in [true, false] {
            let tokens = world.tokens(&client);
            assert!(world.works(&tokens.access));
            let token = if by_access {
                tokens.access.as_str()
            } else {
                tokens.refresh()
            };
            let answer = world
                .revoke(&client, token)
                .is(200)
                .with_header("content-type", "application/json");
            assert_eq!(answer.text(), "{}");
            assert!(comes_true(A_SECOND, || !world.works(&tokens.access)));
            world
                .refresh(&client, tokens.refresh())
                .oauth_error(400, "invalid_grant");
        }
        assert_eq!(world.count_events(&client, "token.revoked"), 2);
    }
}

#[test]
fn a_token_without_expiry_stops_within_a_second_too() {
    let world = World::start();
    let client = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": false }));
    let tokens = world.tokens(&client);
    assert!(world.works(&tokens.access));
    world.revoke(&client, &tokens.access).is(200);
    assert!(comes_true(A_SECOND, || !world.works(&tokens.access)));
}

#[test]
fn a_well_formed_request_is_always_200_and_only_the_clients_own_tokens_are_touched() {
    let world = World::start();
    let (client, other) = (world.confidential_client(), world.confidential_client());
    let tokens = world.tokens(&client);
    for token in [tokens.access.as_str(), tokens.refresh()] {
        assert_eq!(world.revoke(&other, token).is(200).text(), "{}");
    }
    for token in ["nonsense", "a.b.c", "é", &"x".repeat(10_000)] {
        assert_eq!(world.revoke(&client, token).is(200).text(), "{}");
    }
    assert!(world.works(&tokens.access));
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let tokens = world.tokens(&client);
        world
            .http
            .send(client.post(
                "/oauth/revoke",
                &[("token", tokens.refresh()), ("token_type_hint", hint)],
            ))
            .is(200);
        assert!(
            comes_true(A_SECOND, || !world.works(&tokens.access)),
            "a wrong hint does not matter"
        );
    }
    let again = world.tokens(&client);
    for _ in 0..2 {
        assert_eq!(world.revoke(&client, &again.access).is(200).text(), "{}");
    }
    let rotated = world.tokens(&client);
    let next = world.refreshed(&client, rotated.refresh());
    world.revoke(&client, rotated.refresh()).is(200);
    assert!(
        comes_true(A_SECOND, || !world.works(&next.access)),
        "an old token of the family ends it as well"
    );
}

#[test]
fn a_request_without_token_or_authentication_is_refused() {
    let world = World::start();
    let client = world.confidential_client();
    let tokens = world.tokens(&client);
    world
        .http
        .send(client.post("/oauth/revoke", &[("token_type_hint", "access_token")]))
        .oauth_error(400, "invalid_request");
    world
        .revoke(&client.with_secret("wrong"), &tokens.access)
        .oauth_error(401, "invalid_client");
    world
        .http
        .send(Request::post("/oauth/revoke").form(&[("token", &tokens.access)]))
        .oauth_error(401, "invalid_client");
    world
        .http
        .send(client.post("/oauth/revoke", &[("token", &tokens.access), ("token", &tokens.access)]))
        .oauth_error(400, "invalid_request");
    assert!(world.works(&tokens.access));
}
