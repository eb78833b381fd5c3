//! The same endpoint as JSON, for Informer's own front end.

use crate::support::*;

#[test]
fn the_json_endpoint_describes_the_request_and_says_whether_consent_is_on_record() {
    let world = World::start();
    let client = world.register(json!({ "name": "Board", "redirect_uri": ["https://app.example/cb"] }));
    let ask = Ask::of(&client).with("scope", "write:report read:dataset");
    let before = world.admin.api("GET", &ask.api(), None).is(200).json();
    let text = before.to_string();
    assert!(
        text.contains("\"Board\"") && text.contains(&client.client_id),
        "{before}"
    );
    assert!(
        text.contains("See your datasets and search them") && text.contains("read:dataset"),
        "{before}"
    );
    assert!(text.contains("https://app.example/cb"), "{before}");
    world.admin.code(&ask);
    let after = world.admin.api("GET", &ask.api(), None).is(200).json();
    let flipped: Vec<&String> = before
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, value)| **value == false && after[*name] == true)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        flipped.len(),
        1,
        "one member says that consent is on record: {before} {after}"
    );
}

#[test]
fn the_json_decision_answers_with_the_redirect_uri() {
    let world = World::start();
    let client = world.public_client();
    let ask = Ask::of(&client);
    let denied = world
        .admin
        .api("POST", "/api/oauth/authorize", Some(&ask.decision(false)))
        .is(200)
        .json();
    assert_eq!(members(&denied), ["redirect_uri"]);
    let target = Redirected(url::Url::parse(denied["redirect_uri"].as_str().unwrap()).unwrap());
    target.is_error("access_denied", Some("a state"), &world.issuer);
    let allowed = world
        .admin
        .api("POST", "/api/oauth/authorize", Some(&ask.decision(true)))
        .is(200)
        .json();
    assert_eq!(members(&allowed), ["redirect_uri"]);
    let target = Redirected(url::Url::parse(allowed["redirect_uri"].as_str().unwrap()).unwrap());
    assert_eq!(target.get("state").as_deref(), Some("a state"));
    assert_eq!(target.get("iss").as_deref(), Some(world.issuer.as_str()));
    let code = Code {
        code: target.code(),
        redirect_uri: Some(client.redirect_uri.clone()),
        verifier: ask.verifier,
    };
    world.redeem(&client, &code).is(200);
}

#[test]
fn the_json_endpoint_needs_a_session_and_a_page_of_the_same_origin() {
    let world = World::start();
    let client = world.public_client();
    let ask = Ask::of(&client);
    let stranger = Browser::new(world.base());
    stranger.api("GET", &ask.api(), None).api_error(401, "Unauthorized");
    stranger
        .api("POST", "/api/oauth/authorize", Some(&ask.decision(true)))
        .api_error(401, "Unauthorized");
    for headers in [
        vec![],
        vec![("Origin", "https://evil.example")],
        vec![("Sec-Fetch-Site", "cross-site")],
    ] {
        let mut request = Request::post("/api/oauth/authorize").json(&ask.decision(true));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        world.admin.send(request).api_error(403, "Forbidden");
    }
    // A token, however mighty, is not the user at the screen: it cannot grant further tokens.
    let tokens = world.tokens_with(&client, "write:global");
    let answer = world.http.send(
        Request::post("/api/oauth/authorize")
            .bearer(&tokens.access)
            .json(&ask.decision(true)),
    );
    assert!([401, 403].contains(&answer.status), "{answer}");
    assert_eq!(
        world.count_events(&client, "consent.granted"),
        1,
        "only the one that made the token"
    );
}

#[test]
fn a_malformed_decision_is_a_bad_request_that_names_the_field() {
    let world = World::start();
    let client = world.public_client();
    let good = Ask::of(&client).decision(true);
    let post = |body: &Value| world.admin.api("POST", "/api/oauth/authorize", Some(body));
    let mut unknown = good.clone();
    unknown["approved"] = json!(true);
    post(&unknown).blames("payload", "approved");
    let mut missing = good.clone();
    missing.as_object_mut().unwrap().remove("approve");
    post(&missing).blames("payload", "approve");
    let mut wrong = good.clone();
    wrong["approve"] = json!("yes");
    post(&wrong).blames("payload", "approve");
    post(&json!([good])).api_error(400, "Bad Request");
    assert_eq!(world.count_events(&client, "consent.granted"), 0);
}

#[test]
fn all_eight_scopes_are_discoverable_with_their_descriptions() {
    let world = World::start();
    let scopes = world.admin.api("GET", "/api/oauth/scopes", None).is(200).json();
    let ids: Vec<&str> = scopes
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| scope["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, SCOPES);
    for scope in scopes.as_array().unwrap() {
        assert_eq!(members(scope), ["description", "id"]);
        assert!(scope["description"].as_str().unwrap().len() > 10, "{scope}");
    }
}

#[test]
fn a_decision_about_a_bad_request_issues_nothing_and_says_what_is_wrong() {
    let world = World::start();
    let client = world.public_client();
    let good = Ask::of(&client);
    for (ask, error) in [
        (good.clone().with("scope", "address"), "invalid_scope"),
        (good.clone().with("code_challenge_method", "plain"), "invalid_request"),
        (good.clone().without("code_challenge"), "invalid_request"),
        (good.clone().with("response_type", "token"), "unsupported_response_type"),
        (good.clone().with("resource", "https://evil.example"), "invalid_target"),
        (good.clone().with("state", &"s".repeat(2049)), "invalid_request"),
    ] {
        let answer = world
            .admin
            .api("POST", "/api/oauth/authorize", Some(&ask.decision(true)));
        assert!([200, 400].contains(&answer.status), "{answer}");
        assert!(answer.text().contains(error), "{error}: {answer}");
        assert!(!answer.text().contains("code="), "{answer}");
    }
    assert_eq!(world.count_events(&client, "consent.granted"), 0);
}
