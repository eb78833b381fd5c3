//! Token records and audit events.

use crate::support::*;

const RELATION: &str = "inf:oauth-token";

fn record_of(tokens: &Tokens) -> String {
    jwt::Jwt::read(&tokens.access).claim("tid").as_str().unwrap().to_owned()
}

#[test]
fn token_records_are_listed_without_token_values() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens_with(&client, "read:dataset write:report");
    let answer = world.manage(&client, "GET", "/tokens", None).is(200);
    let page = answer.json();
    assert_eq!(
        (&page["start"], &page["count"], &page["total"]),
        (&json!(0), &json!(1), &json!(1))
    );
    let record = &page["_embedded"][RELATION][0];
    assert_eq!(record["id"], json!(record_of(&tokens)));
    assert_eq!(record["username"], "admin");
    let scope = record["scope"].to_string();
    assert!(
        scope.contains("read:dataset") && scope.contains("write:report"),
        "{record}"
    );
    assert!(
        record["createdAt"].is_string() && record["expiresAt"].is_string(),
        "{record}"
    );
    let text = answer.text();
    for secret in [tokens.access.as_str(), tokens.refresh()] {
        assert!(!text.contains(secret) && !text.contains(secret.rsplit('.').next().unwrap()));
    }
    let refresh_id = jwt::Jwt::read(tokens.refresh())
        .claim("jti")
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!text.contains(&refresh_id), "{text}");
    let lasting = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": false }));
    world.tokens(&lasting);
    let page = world.manage(&lasting, "GET", "/tokens", None).json();
    assert!(page["_embedded"][RELATION][0]["expiresAt"].is_null(), "{page}");
}

#[test]
fn records_have_pages_and_may_be_narrowed_to_a_user() {
    let world = World::start();
    let ada = world.user("ada");
    let client = world.public_client();
    for _ in 0..3 {
        world.tokens(&client);
    }
    world.tokens_for(&ada, &client, &Ask::of(&client));
    let list = |target: &str| world.admin.api("GET", target, None).is(200).json();
    let path = format!("/api/oauth-clients/{}/tokens", client.id);
    let mut seen = std::collections::BTreeSet::new();
    let mut page = list(&format!("{path}?limit=3"));
    loop {
        for record in page["_embedded"][RELATION].as_array().unwrap() {
            assert!(seen.insert(record["id"].as_str().unwrap().to_owned()));
        }
        match page["_links"]["next"]["href"].as_str() {
            Some(next) => page = list(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 4);
    let adas = list(&format!("{path}?username=ada"));
    assert_eq!(
        (&adas["total"], &adas["_embedded"][RELATION][0]["username"]),
        (&json!(1), &json!("ada"))
    );
}

#[test]
fn revoking_all_or_a_users_or_one_record_stops_exactly_those() {
    let world = World::start();
    let ada = world.user("ada");
    let (client, other) = (world.public_client(), world.public_client());
    let admins: Vec<Tokens> = (0..3).map(|_| world.tokens(&client)).collect();
    let adas = world.tokens_for(&ada, &client, &Ask::of(&client));
    let elsewhere = world.tokens(&other);
    assert!(
        [&admins[0], &admins[1], &admins[2], &adas, &elsewhere]
            .iter()
            .all(|tokens| world.works(&tokens.access))
    );

    world
        .manage(&client, "DELETE", &format!("/tokens/{}", record_of(&admins[0])), None)
        .is(204);
    assert!(comes_true(A_SECOND, || !world.works(&admins[0].access)));
    world
        .manage(&client, "DELETE", &format!("/tokens/{}", record_of(&admins[0])), None)
        .api_error(404, "Not Found");
    assert!(world.works(&admins[1].access));

    let revoke = |query: &str| {
        world
            .manage(&client, "DELETE", &format!("/tokens{query}"), None)
            .is(200)
            .json()
    };
    assert_eq!(revoke("?username=ada"), json!({ "revoked": 1 }));
    assert!(comes_true(A_SECOND, || !world.works(&adas.access)));
    assert!(world.works(&admins[1].access));
    assert_eq!(revoke("?username=nobody"), json!({ "revoked": 0 }));

    assert_eq!(revoke(""), json!({ "revoked": 2 }));
    assert!(comes_true(A_SECOND, || !world.works(&admins[1].access)
        && !world.works(&admins[2].access)));
    for tokens in &admins {
        world
            .refresh(&client, tokens.refresh())
            .oauth_error(400, "invalid_grant");
    }
    assert_eq!(revoke(""), json!({ "revoked": 0 }));
    assert!(world.works(&elsewhere.access), "another client's");
    assert_eq!(world.manage(&client, "GET", "/tokens", None).json()["total"], 0);
    assert_eq!(world.count_events(&client, "token.revoked"), 1);
    assert!(world.count_events(&client, "tokens.revoked") >= 2);
}

#[test]
fn events_are_newest_first_in_pages_and_hold_no_secret() {
    let world = World::start();
    let client = world.confidential_client();
    for number in 0..5 {
        world.patch(&client, &json!({ "description": format!("version {number}") }));
    }
    let events = world.events(&client);
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["kind"].as_str().unwrap_or_else(|| panic!("{event}")))
        .collect();
    assert_eq!(
        kinds,
        [
            "client.updated",
            "client.updated",
            "client.updated",
            "client.updated",
            "client.updated",
            "secret.created",
            "client.created"
        ]
    );
    let page = world.manage(&client, "GET", "/events?limit=2&start=5", None).json();
    assert_eq!((&page["count"], &page["total"]), (&json!(2), &json!(7)));
    assert!(
        page["_links"]["prev"].is_object() && page["_links"].get("next").is_none(),
        "{page}"
    );
    let updated = &events[0];
    assert!(
        is_of_kind(updated, "admin") && is_of_kind(updated, "127.0.0.1") && is_of_kind(updated, "description"),
        "actor, address, what changed: {updated}"
    );
}

#[test]
fn every_security_event_is_readable_through_the_clients_events() {
    let world = World::start();
    let client = world.confidential_client();
    let (victim, public) = (world.public_client(), world.public_client());
    // A wrong secret.
    world
        .refresh(&client.with_secret("cs_00000000000000000000000000000000"), "x")
        .oauth_error(401, "invalid_client");
    // A code used twice, and one stolen.
    let code = world.code(&client);
    world.redeem(&client, &code).is(200);
    world.redeem(&client, &code).oauth_error(400, "invalid_grant");
    world
        .redeem(&client, &world.code(&victim))
        .oauth_error(400, "invalid_grant");
    // A refresh token used twice, and one stolen.
    let tokens = world.tokens(&client);
    world.refreshed(&client, tokens.refresh());
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    world
        .refresh(&client, world.tokens(&public).refresh())
        .oauth_error(400, "invalid_grant");
    // A revocation.
    world.revoke(&client, &world.tokens(&client).access).is(200);
    for kind in [
        "client.authentication_failed",
        "code.replayed",
        "code.presented_by_other_client",
        "refresh.replayed",
        "refresh.presented_by_other_client",
        "token.revoked",
        "consent.granted",
    ] {
        let event = world
            .events(&client)
            .into_iter()
            .find(|event| is_of_kind(event, kind))
            .unwrap_or_else(|| panic!("{kind} is missing"));
        assert!(is_of_kind(&event, "127.0.0.1"), "the address: {event}");
        assert!(
            event
                .as_object()
                .unwrap()
                .values()
                .any(|value| value.as_str().is_some_and(|text| text.ends_with('Z'))),
            "the time: {event}"
        );
    }
}
