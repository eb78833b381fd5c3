//! What is wrong with a request whose client and redirect URI are good goes back to the client.

use crate::support::*;

/// Demands that a request comes back with an error, by the page and by the JSON endpoint's page twin, signed in or not.
#[track_caller]
fn comes_back(world: &World, ask: &Ask, error: &str, state: Option<&str>) {
    let answer = world.admin.open(&ask.page());
    let target = answer.redirected();
    let expected = ask.get("redirect_uri").unwrap();
    assert!(target.0.as_str().starts_with(expected), "{answer}");
    target.is_error(error, state, &world.issuer);
    assert!(target.get("error_description").is_some(), "{answer}");
    // Nobody has to sign in to be told.
    Browser::new(world.base())
        .open(&ask.page())
        .redirected()
        .is_error(error, state, &world.issuer);
}

#[test]
fn a_repeated_known_parameter_is_invalid_request() {
    let world = World::start();
    let client = world.public_client();
    let ask = Ask::of(&client)
        .with("scope", "read:dataset")
        .with("prompt", "consent")
        .with("nonce", "n")
        .with("resource", &world.issuer);
    for name in [
        "response_type",
        "scope",
        "code_challenge",
        "code_challenge_method",
        "prompt",
    ] {
        let value = ask.get(name).unwrap().to_owned();
        comes_back(
            &world,
            &ask.clone().and(name, &value),
            "invalid_request",
            Some("a state"),
        );
        comes_back(
            &world,
            &ask.clone().and(name, "another"),
            "invalid_request",
            Some("a state"),
        );
    }
    comes_back(
        &world,
        &ask.clone().and("resource", "https://other.example"),
        "invalid_target",
        Some("a state"),
    );
    comes_back(&world, &ask.and("state", "another"), "invalid_request", None);
}

#[test]
fn a_response_type_other_than_code_is_unsupported() {
    let world = World::start();
    let client = world.public_client();
    for kind in [
        "token",
        "id_token",
        "code token",
        "code id_token",
        "none",
        "Code",
        "code ",
    ] {
        comes_back(
            &world,
            &Ask::of(&client).with("response_type", kind),
            "unsupported_response_type",
            Some("a state"),
        );
    }
    comes_back(
        &world,
        &Ask::of(&client).without("response_type"),
        "invalid_request",
        Some("a state"),
    );
    for mode in ["fragment", "form_post"] {
        comes_back(
            &world,
            &Ask::of(&client).with("response_mode", mode),
            "invalid_request",
            Some("a state"),
        );
    }
}

#[test]
fn a_pkce_client_without_an_s256_challenge_of_43_base64url_characters_is_invalid_request() {
    let world = World::start();
    let client = world.public_client();
    let ask = Ask::of(&client);
    comes_back(&world, &Ask::plainly_of(&client), "invalid_request", Some("a state"));
    comes_back(
        &world,
        &ask.clone().without("code_challenge"),
        "invalid_request",
        Some("a state"),
    );
    comes_back(
        &world,
        &ask.clone().without("code_challenge_method"),
        "invalid_request",
        Some("a state"),
    );
    for method in ["plain", "s256", "S512", "none"] {
        comes_back(
            &world,
            &ask.clone().with("code_challenge_method", method),
            "invalid_request",
            Some("a state"),
        );
    }
    for challenge in [
        "a".repeat(42),
        "a".repeat(44),
        format!("{}=", "a".repeat(42)),
        format!("{}+", "a".repeat(42)),
        format!("{} ", "a".repeat(42)),
        "ä".repeat(43),
    ] {
        comes_back(
            &world,
            &ask.clone().with("code_challenge", &challenge),
            "invalid_request",
            Some("a state"),
        );
    }
    // `plain` is refused for everyone, also where PKCE is a free choice.
    let free = world.confidential_client();
    comes_back(
        &world,
        &Ask::of(&free).with("code_challenge_method", "plain"),
        "invalid_request",
        Some("a state"),
    );
    comes_back(
        &world,
        &Ask::of(&free).with("code_challenge", "short"),
        "invalid_request",
        Some("a state"),
    );
}

#[test]
fn a_client_without_secret_and_without_pkce_is_unauthorized() {
    let world = World::start();
    let client = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "pkce": false }));
    comes_back(
        &world,
        &Ask::plainly_of(&client),
        "unauthorized_client",
        Some("a state"),
    );
}

#[test]
fn a_scope_outside_the_eight_or_outside_the_clients_own_list_is_invalid_scope() {
    let world = World::start();
    let client = world
        .register(json!({ "redirect_uri": ["https://app.example/cb"], "scope": ["read:dataset", "write:report"] }));
    for scope in [
        "openid",
        "read:everything",
        "Read:dataset",
        "read:dataset,write:report",
        "read:dataset address",
        "read:dataset\tread:dataset",
        "<script>",
        "write:dataset",
        "read:global",
        "write:global",
        " ",
    ] {
        comes_back(
            &world,
            &Ask::of(&client).with("scope", scope),
            "invalid_scope",
            Some("a state"),
        );
    }
    for scope in [
        "read:dataset",
        "write:report",
        "write:report read:dataset",
        "read:report",
        "openid read:dataset offline_access",
    ] {
        world.admin.open(&Ask::of(&client).with("scope", scope).page()).is(200);
    }
}

#[test]
fn an_omitted_scope_means_the_clients_own_list_or_reading_the_profile_where_it_has_none() {
    let world = World::start();
    let listed = world
        .register(json!({ "redirect_uri": ["https://app.example/cb"], "scope": ["write:report", "read:dataset"] }));
    assert_eq!(world.tokens(&listed).answer["scope"], "read:dataset write:report");
    let open = world.public_client();
    assert_eq!(world.tokens(&open).answer["scope"], "read:profile");
}

#[test]
fn state_longer_than_2_kib_is_invalid_request() {
    let world = World::start();
    let client = world.public_client();
    let longest = "s".repeat(2048);
    let target = world.code_and_target(&Ask::of(&client).with("state", &longest));
    assert_eq!(target.get("state").as_deref(), Some(longest.as_str()));
    for longest in ["é".repeat(1024), "%".repeat(2048), "\u{1}".repeat(2048)] {
        // The limit counts bytes after decoding, and the way through the sign-in page stays short.
        let ask = Ask::of(&client).with("state", &longest).with("prompt", "consent");
        let browser = Browser::new(world.base());
        let to_sign_in = browser.open(&ask.page()).is(303);
        let location = to_sign_in.header("location").unwrap();
        assert!(location.len() < 4000, "{} bytes", location.len());
        let page = browser.visit(location).is(200);
        let back = browser.submit(&page, credentials(&page, "admin", world.service.admin_password()));
        assert!(back.header("location").unwrap().len() < 4000, "{back}");
        let page = browser.follow(back).is(200);
        // To another user and back.
        let leave = forms(&page.text())
            .into_iter()
            .find(|form| form.action.ends_with("/oauth/sign-out"))
            .unwrap();
        let left = browser.submit(&page, leave).is(303);
        assert!(left.header("location").unwrap().len() < 4000, "{left}");
        let page = browser.follow(left).is(200);
        let back = browser.submit(&page, credentials(&page, "admin", world.service.admin_password()));
        let page = browser.follow(back).is(200);
        let answer = browser.submit(&page, consent(&page).press("decision", "allow"));
        assert_eq!(answer.redirected().get("state").as_deref(), Some(longest.as_str()));
    }
    for state in ["s".repeat(2049), "é".repeat(1025)] {
        comes_back(&world, &Ask::of(&client).with("state", &state), "invalid_request", None);
    }
}

#[test]
fn state_comes_back_byte_for_byte() {
    let world = World::start();
    let client = world.public_client();
    for state in [
        "plain",
        "with space",
        "a+b",
        "a%20b",
        "%",
        "%zz",
        "&code=forged&iss=evil",
        "=",
        "#fragment",
        "\"'<>",
        "<script>alert(1)</script>",
        "line\nfeed",
        "carriage\r\nreturn",
        "tab\t",
        "é ü 漢 🦀",
        "e\u{301}",
        "back\\slash",
        "{\"json\":[1,2]}",
        "nul\u{1}",
    ] {
        let ask = Ask::of(&client).with("state", state);
        // Through sign-in, consent and back.
        let browser = Browser::new(world.base());
        let page = browser.visit(&ask.page()).is(200);
        let back = browser.submit(&page, credentials(&page, "admin", world.service.admin_password()));
        let page = browser.follow(back);
        let answer = if page.status == 200 {
            browser.submit(&page, consent(&page).press("decision", "deny"))
        } else {
            page
        };
        assert_eq!(answer.redirected().get("state").as_deref(), Some(state));
        // By JSON.
        let by_json = world
            .admin
            .api("POST", "/api/oauth/authorize", Some(&ask.decision(false)))
            .is(200)
            .json();
        let target = url::Url::parse(by_json["redirect_uri"].as_str().unwrap()).unwrap();
        let (_, came_back) = target.query_pairs().find(|(name, _)| name == "state").unwrap();
        assert_eq!(came_back, state);
    }
    let without = world.code_and_target(&Ask::of(&client).without("state"));
    assert_eq!(without.get("state"), None);
}

#[test]
fn an_unknown_resource_is_invalid_target_and_a_known_one_becomes_the_audience() {
    let world = World::start_with(&[("INFORMER_OAUTH__TOKENS__AUDIENCE", "https://bi.example/api")]);
    let client = world.register(json!({
        "redirect_uri": ["https://app.example/cb"],
        "enableRefreshTokens": true,
        "resources": ["https://warehouse.example/"],
    }));
    for resource in [
        "https://other.example",
        "https://warehouse.example/#x",
        "https://warehouse.example//",
        "warehouse",
        "https://BI.example/API",
    ] {
        comes_back(
            &world,
            &Ask::of(&client).with("resource", resource),
            "invalid_target",
            Some("a state"),
        );
    }
    let issuer = world.issuer.clone();
    for resource in [issuer.as_str(), "https://bi.example/api", "https://warehouse.example/"] {
        let tokens = world.tokens_for(&world.admin, &client, &Ask::of(&client).with("resource", resource));
        assert_eq!(jwt::Jwt::read(&tokens.access).claim("aud"), resource);
        let again = world.refreshed(&client, tokens.refresh());
        assert_eq!(jwt::Jwt::read(&again.access).claim("aud"), resource);
    }
    for (spelling, known) in [
        ("https://warehouse.example", "https://warehouse.example/"),
        ("HTTPS://BI.example:443/api", "https://bi.example/api"),
    ] {
        let tokens = world.tokens_for(&world.admin, &client, &Ask::of(&client).with("resource", spelling));
        assert_eq!(jwt::Jwt::read(&tokens.access).claim("aud"), known);
    }
    let tokens = world.tokens(&client);
    assert_eq!(jwt::Jwt::read(&tokens.access).claim("aud"), "https://bi.example/api");
}

#[test]
fn damaged_way_back_is_an_error_page() {
    let world = World::start();
    for query in ["resume=x", "resume=", "resume=%C3%A9", "resume=_w"] {
        for browser in [&world.admin, &Browser::new(world.base())] {
            browser.visit(&format!("/oauth/authorize?{query}")).is_error_page(&[]);
        }
    }
}

#[test]
fn the_endpoint_takes_get_and_form_posts_only() {
    let world = World::start();
    let client = world.public_client();
    let page = Ask::of(&client).page();
    for method in ["PUT", "DELETE", "PATCH"] {
        world
            .admin
            .send(Request::new(method, &page).header("Sec-Fetch-Site", "same-origin"))
            .is(405);
    }
    let by_json = world.admin.send(
        Request::post("/oauth/authorize")
            .header("Sec-Fetch-Site", "same-origin")
            .json(&Ask::of(&client).decision(true)),
    );
    assert!([400, 403, 415].contains(&by_json.status), "{by_json}");
}

impl World {
    /// Consents through the page and gives where the browser was sent.
    #[track_caller]
    pub(crate) fn code_and_target(&self, ask: &Ask) -> Redirected {
        let page = self.admin.visit(&ask.page());
        let answer = if page.status == 200 {
            self.admin.submit(&page, consent(&page).press("decision", "allow"))
        } else {
            page
        };
        let target = answer.redirected();
        target.code();
        target
    }
}
