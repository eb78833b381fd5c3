//! A device asks.

use crate::support::*;

const DOORS: [&str; 2] = ["/oauth/device_authorization", "/api/oauth/device_token"];

#[test]
fn a_device_is_told_what_to_show_and_how_to_poll_at_either_door() {
    let world = World::start();
    for client in [world.public_client(), world.confidential_client()] {
        for door in DOORS {
            let answer = world.http.send(client.post::<&str, &str>(door, &[]));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            let device = Device::read(&answer);
            assert_eq!(
                members(&device.answer),
                [
                    "device_code",
                    "expires_in",
                    "interval",
                    "user_code",
                    "verification_uri",
                    "verification_uri_complete"
                ]
            );
            assert_eq!(device.device_code.len(), 32);
            assert!(device.device_code.bytes().all(|c| b"0123456789abcdef".contains(&c)));
            let (first, second) = device.user_code.split_once('-').expect("a dash");
            for half in [first, second] {
                assert!(half.len() == 4 && half.bytes().all(|c| b"BCDFGHJKLMNPQRSTVWXZ".contains(&c)));
            }
            assert_eq!(device.answer["expires_in"], 1800);
            assert_eq!(device.answer["interval"], 5);
            let page = format!("{}/oauth/device", world.issuer);
            assert_eq!(device.answer["verification_uri"], page);
            assert_eq!(
                device.answer["verification_uri_complete"],
                format!("{page}?code={}", device.user_code)
            );
        }
    }
}

#[test]
fn the_api_door_also_takes_json_and_the_other_does_not() {
    let world = World::start();
    let client = world.public_client();
    let body = json!({ "client_id": client.client_id, "scope": "read:dataset" });
    let device = Device::read(&world.http.send(Request::post(DOORS[1]).json(&body)));
    assert_eq!(device.shown(&world.admin).json()["scopes"][0]["id"], "read:dataset");
    world
        .http
        .send(Request::post(DOORS[0]).json(&body))
        .oauth_error(415, "invalid_request");
    let poll = json!({ "client_id": client.client_id, "grant_type": DEVICE_GRANT, "device_code": device.device_code });
    world
        .http
        .send(Request::post("/api/oauth/device_access_token").json(&poll))
        .oauth_error(400, "authorization_pending");
}

#[test]
fn a_device_authenticates_like_any_client_and_asks_for_no_more() {
    let world = World::start();
    let confidential = world.confidential_client();
    for door in DOORS {
        world.http.send(Request::post(door)).oauth_error(400, "invalid_request");
        let nameless = Client {
            secret: None,
            ..confidential.clone()
        };
        let stranger = Client {
            client_id: "00000000000000000000".into(),
            ..nameless.clone()
        };
        for client in [nameless, stranger] {
            world
                .http
                .send(client.post::<&str, &str>(door, &[]))
                .oauth_error(401, "invalid_client");
        }
        let wrong = confidential.with_secret(&format!("cs_{}", "x".repeat(32)));
        let answer = world.http.send(wrong.post::<&str, &str>(door, &[]));
        answer.oauth_error(401, "invalid_client");
        assert!(
            answer
                .header("www-authenticate")
                .is_some_and(|value| value.starts_with("Basic"))
        );
        world
            .http
            .send(confidential.post(door, &[("scope", "read:everything")]))
            .oauth_error(400, "invalid_scope");
        world
            .http
            .send(confidential.post(door, &[("resource", "https://elsewhere.example")]))
            .oauth_error(400, "invalid_target");
        world
            .http
            .send(confidential.post(door, &[("scope", "read:dataset"), ("scope", "read:report")]))
            .oauth_error(400, "invalid_request");
    }
    let narrow = world.register(json!({ "name": "Narrow", "scope": ["read:report"] }));
    world
        .http
        .send(narrow.post(DOORS[0], &[("scope", "read:dataset")]))
        .oauth_error(400, "invalid_scope");
    let device = Device::start(&world, &narrow);
    assert_eq!(device.shown(&world.admin).json()["scopes"][0]["id"], "read:report");
    world.patch(&narrow, &json!({ "enabled": false }));
    assert!(comes_true(A_SECOND, || {
        let refused = world.http.send(narrow.post::<&str, &str>(DOORS[0], &[]));
        refused.status == 400 && refused.json()["error"] == "unauthorized_client"
    }));
    shown(&world.admin, &device.user_code).api_error(404, "Not Found");
}

#[test]
fn the_metadata_names_the_endpoint_and_the_grant() {
    let world = World::start();
    let metadata = world.http.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(
        metadata["device_authorization_endpoint"],
        format!("{}/oauth/device_authorization", world.issuer)
    );
    assert!(
        metadata["grant_types_supported"]
            .as_array()
            .unwrap()
            .contains(&json!(DEVICE_GRANT))
    );
}
