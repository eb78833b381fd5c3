//! A person decides.

use crate::support::*;

#[test]
fn a_person_sees_which_client_on_what_device_from_where_asks_for_what() {
    let world = World::start();
    let client = world.register(json!({ "name": "Wall display", "description": "In the hall", "pkce": true }));
    let request = client
        .post("/oauth/device_authorization", &[("scope", "read:dataset write:report")])
        .header("User-Agent", "Mozilla/5.0 (SMART-TV; Linux; Tizen 9.0) <b>");
    let device = Device::read(&world.http.send(request));
    let ada = world.user("ada");
    let typed = device.user_code.replace('-', "").to_lowercase();
    for typed in [device.user_code.as_str(), &typed] {
        let answer = shown(&ada, typed).is(200).with_header("cache-control", "no-store");
        let details = answer.json();
        assert_eq!(details["user_code"], device.user_code);
        assert_eq!(details["client"]["name"], "Wall display");
        assert_eq!(details["client"]["client_id"], client.client_id);
        let scopes: Vec<&str> = details["scopes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|scope| scope["id"].as_str().unwrap())
            .collect();
        assert_eq!(scopes, ["read:dataset", "write:report"]);
        assert_eq!(details["requested"]["device"], "a television");
        assert_eq!(details["requested"]["address"], "127.0.0.1");
        assert!(details["requested"]["at"].as_str().unwrap().ends_with('Z'));
    }
}

#[test]
fn an_approved_device_gets_tokens_of_the_person_and_no_consent_is_remembered() {
    let world = World::start();
    let ada = world.user("ada");
    for client in [world.public_client(), world.confidential_client()] {
        let device = Device::start_with(&world, &client, &[("scope", "read:dataset")]);
        device.decide(&ada, true).is(204);
        let tokens = Tokens::read(world.http.send(client.poll(&device)).oauth_json());
        let introspected = world.gate("GET", "/api/datasets", Some(&tokens.access)).is(200);
        assert_eq!(introspected.header("x-informer-user"), Some("ada"));
        assert_eq!(introspected.header("x-informer-scope"), Some("read:dataset"));
        world.refreshed(&client, tokens.refresh());
        assert_eq!(world.count_events(&client, "device.approved"), 1);
        let ask = Ask::of(&client).with("scope", "read:dataset");
        let details = ada.api("GET", &ask.api(), None).is(200).json();
        assert_eq!(details["consent"], false, "no consent on record: {details}");
    }
}

#[test]
fn a_person_may_grant_less_than_was_asked_for_but_never_more_or_nothing() {
    let world = World::start();
    let client = world.public_client();
    let decide = |device: &Device, scope: &str| {
        let mut decision = device.decision(true);
        decision["scope"] = json!(scope);
        world.admin.api("POST", "/api/oauth/authorize_device", Some(&decision))
    };
    let device = Device::start_with(&world, &client, &[("scope", "write:dataset read:report")]);
    decide(&device, "read:profile").blames("payload", "scope");
    decide(&device, "read:everything").blames("payload", "scope");
    decide(&device, "read:dataset write:global").is(204);
    let tokens = world.http.send(client.poll(&device)).oauth_json();
    assert_eq!(tokens["scope"], "read:dataset");
}

#[test]
fn what_the_client_may_not_ask_for_any_more_is_neither_granted_nor_given_out() {
    let world = World::start();
    let client = world.public_client();
    let (waiting, approved) = (
        Device::start_with(&world, &client, &[("scope", "write:report")]),
        Device::start_with(&world, &client, &[("scope", "write:report")]),
    );
    approved.decide(&world.admin, true).is(204);
    world.patch(&client, &json!({ "scope": ["read:report"] }));
    assert!(comes_true(A_SECOND, || waiting.shown(&world.admin).status == 404));
    waiting.decide(&world.admin, true).api_error(404, "Not Found");
    world
        .http
        .send(client.poll(&approved))
        .oauth_error(400, "invalid_grant");
}

#[test]
fn a_denied_device_is_told_and_stays_denied() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    device.decide(&world.admin, false).is(204);
    for _ in 0..2 {
        world.http.send(client.poll(&device)).oauth_error(400, "access_denied");
    }
    device.decide(&world.admin, true).api_error(409, "Conflict");
    world.http.send(client.poll(&device)).oauth_error(400, "access_denied");
    assert_eq!(world.count_events(&client, "device.denied"), 1);
}

#[test]
fn what_was_decided_cannot_be_decided_again_by_anybody() {
    let world = World::start();
    let client = world.public_client();
    let (ada, bob) = (world.user("ada"), world.user("bob"));
    let device = Device::start(&world, &client);
    device.decide(&ada, true).is(204);
    device.decide(&ada, true).api_error(409, "Conflict");
    for approve in [true, false] {
        device.decide(&bob, approve).api_error(409, "Conflict");
    }
    device.shown(&bob).api_error(404, "Not Found");
    let tokens = Tokens::read(world.http.send(client.poll(&device)).oauth_json());
    let gate = world.gate("GET", "/api/profile", Some(&tokens.access));
    assert_eq!(gate.header("x-informer-user"), Some("ada"), "the first decision counts");
    device.decide(&ada, true).api_error(409, "Conflict");
}

#[test]
fn a_code_that_somebody_has_decided_is_not_a_wrong_one() {
    let world = World::start();
    let client = world.public_client();
    let (ada, bob) = (world.user("ada"), world.user("bob"));
    let device = Device::start(&world, &client);
    device.decide(&ada, true).is(204);
    for _ in 0..6 {
        device.shown(&bob).api_error(404, "Not Found");
        device.decide(&bob, true).api_error(409, "Conflict");
    }
    let other = Device::start(&world, &client);
    other.decide(&bob, true).is(204);
}

#[test]
fn of_two_decisions_at_once_one_counts() {
    let world = World::start();
    let client = world.public_client();
    let cookies: Vec<String> = world
        .admin
        .cookies()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    for _ in 0..3 {
        let device = Device::start(&world, &client);
        let decide = |approve| {
            Browser::scripted("POST", "/api/oauth/authorize_device", Some(&device.decision(approve)))
                .header("Cookie", &cookies.join("; "))
        };
        let answers = wire::race(&world.base_url(), vec![decide(true), decide(false)]);
        let decided: Vec<bool> = answers.iter().map(|answer| answer.status == 204).collect();
        assert_eq!(decided.iter().filter(|decided| **decided).count(), 1, "{answers:?}");
        let answer = world.http.send(client.poll(&device));
        assert_eq!(answer.status == 200, decided[0], "{answer}");
    }
}

#[test]
fn deciding_needs_a_session_and_a_page_of_this_site() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    let tokens = world.tokens_with(&client, "write:global");
    for path in ["/api/oauth/device_user_code", "/api/oauth/authorize_device"] {
        let body = if path.ends_with("code") {
            json!({ "user_code": device.user_code })
        } else {
            device.decision(true)
        };
        let stranger = Browser::new(world.base());
        stranger.api("POST", path, Some(&body)).api_error(401, "Unauthorized");
        let by_token = Request::post(path).bearer(&tokens.access).json(&body);
        world.http.send(by_token).api_error(401, "Unauthorized");
        for (name, value) in [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")] {
            let request = Request::post(path).header(name, value).json(&body);
            world.admin.send(request).api_error(403, "Forbidden");
        }
        let mut unknown = body.clone();
        unknown["extra"] = json!(1);
        world.admin.api("POST", path, Some(&unknown)).blames("payload", "extra");
    }
    world
        .http
        .send(client.poll(&device))
        .oauth_error(400, "authorization_pending");
}
