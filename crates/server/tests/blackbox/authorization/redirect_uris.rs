//! Whom the browser is sent to, and whom never.

use crate::support::*;

/// Asks with a redirect URI and demands the error page.
#[track_caller]
fn is_refused(world: &World, client: &Client, redirect_uri: &str) {
    let ask = Ask::of(client).with("redirect_uri", redirect_uri);
    for browser in [&world.admin, &Browser::new(world.base())] {
        browser
            .visit(&ask.page())
            .is_error_page(&["<script>", "href=\"https://evil.example"]);
    }
    world.admin.api("GET", &ask.api(), None).api_error(400, "Bad Request");
    world
        .admin
        .api("POST", "/api/oauth/authorize", Some(&ask.decision(true)))
        .api_error(400, "Bad Request");
}

#[track_caller]
fn is_followed(world: &World, client: &Client, redirect_uri: &str) {
    let ask = Ask::of(client).with("redirect_uri", redirect_uri);
    let page = world.admin.visit(&ask.page()).is(200);
    let target = world
        .admin
        .submit(&page, consent(&page).press("decision", "deny"))
        .redirected();
    assert!(
        target.0.as_str().starts_with(redirect_uri),
        "{} is not {redirect_uri}",
        target.0
    );
    target.is_error("access_denied", Some("a state"), &world.issuer);
}

#[test]
fn an_unknown_client_gets_an_error_page_without_a_redirect_and_nothing_is_reflected_unescaped() {
    let world = World::start();
    let client = world.public_client();
    let good = Ask::of(&client);
    let evil = "<script>alert(1)</script>";
    for browser in [&world.admin, &Browser::new(world.base())] {
        browser
            .visit(&good.clone().without("client_id").page())
            .is_error_page(&[evil]);
        for id in [
            "",
            "0123456789abcdef0123",
            "nobody",
            evil,
            "' OR 1=1 --",
            "%00",
            &client.client_id.to_uppercase(),
            &client.id,
        ] {
            let ask = good.clone().with("client_id", id).with("state", evil);
            browser.visit(&ask.page()).is_error_page(&[evil]);
        }
        let twice = good.clone().and("client_id", &client.client_id);
        browser.visit(&twice.page()).is_error_page(&[]);
    }
}

#[test]
fn a_redirect_uri_that_is_not_registered_gets_an_error_page_without_a_redirect() {
    let world = World::start();
    let client = world.register(json!({ "redirect_uri": ["https://app.example/cb", "https://app.example/other?x=1"] }));
    for other in [
        "https://app.example/CB",
        "https://APP.example/cb",
        "HTTPS://app.example/cb",
        "https://app.example/cb/",
        "https://app.example/cb/more",
        "https://app.example//cb",
        "https://app.example/./cb",
        "https://app.example/x/../cb",
        "https://app.example/%63b",
        "https://app.example/cb?",
        "https://app.example/cb?x=1",
        "https://app.example/other",
        "https://app.example/other?x=2",
        "https://app.example/other?x=1&y=2",
        "https://app.example:443/cb",
        "https://app.example:8443/cb",
        "http://app.example/cb",
        "https://app.example.evil.example/cb",
        "https://evil.example/cb",
        "https://evil.example/https://app.example/cb",
        "//app.example/cb",
        "//evil.example/cb",
        "/cb",
        "https://user@app.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example\\@evil.example/cb",
        "https:\\\\app.example\\cb",
        "https://app.example\\cb",
        "https://app.example/cb#",
        "https://app.example/cb#fragment",
        "https://app.ex\tample/cb",
        "https://app.example/cb\n",
        "https://app.example/cb\r\nLocation: https://evil.example",
        " https://app.example/cb",
        "https://app.example/cb ",
        "https://app.example/cb\0",
        "https://app。example/cb",
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "https://app.example/cb\"><script>alert(1)</script>",
    ] {
        is_refused(&world, &client, other);
    }
    let unnamed = Ask::of(&client).without("redirect_uri");
    world.admin.visit(&unnamed.page()).is_error_page(&[]);
    let twice = Ask::of(&client).and("redirect_uri", "https://app.example/other?x=1");
    world.admin.visit(&twice.page()).is_error_page(&[]);
    let none = world.register(json!({ "redirect_uri": [] }));
    world
        .admin
        .visit(&Ask::of(&none).without("redirect_uri").page())
        .is_error_page(&[]);
    world
        .admin
        .visit(&Ask::of(&none).with("redirect_uri", "https://app.example/cb").page())
        .is_error_page(&[]);
}

#[test]
fn the_registered_redirect_uri_is_followed_with_its_query_kept() {
    let world = World::start();
    let client = world.register(json!({ "redirect_uri": ["https://app.example/other?x=1"] }));
    is_followed(&world, &client, "https://app.example/other?x=1");
    // The only registered one need not be named.
    let page = world
        .admin
        .visit(&Ask::of(&client).without("redirect_uri").page())
        .is(200);
    let target = world
        .admin
        .submit(&page, consent(&page).press("decision", "allow"))
        .redirected();
    assert!(
        target.0.as_str().starts_with("https://app.example/other?x=1&"),
        "{}",
        target.0
    );
    let code = Code {
        code: target.code(),
        redirect_uri: None,
        verifier: Some(verifier(1)),
    };
    world.redeem(&client, &code).is(200);
}

#[test]
fn a_public_client_chooses_its_loopback_port_and_nothing_else() {
    let world = World::start();
    let client = world.register(json!({ "redirect_uri": ["http://127.0.0.1/cb", "http://[::1]:9000/cb"] }));
    for fine in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:1024/cb",
        "http://127.0.0.1:65535/cb",
        "http://[::1]:5000/cb",
        "http://[::1]/cb",
    ] {
        is_followed(&world, &client, fine);
    }
    for other in [
        "http://localhost/cb",
        "http://localhost:1024/cb",
        "http://127.0.0.2:1024/cb",
        "http://127.1:1024/cb",
        "http://0.0.0.0:1024/cb",
        "http://127.0.0.1:1024/other",
        "http://127.0.0.1:1024/cb/",
        "http://127.0.0.1:1024/cb?x=1",
        "https://127.0.0.1:1024/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:1024@evil.example/cb",
        "http://evil.example:1024/cb",
        "http://[::1]:5000/other",
        "http://[0:0:0:0:0:0:0:1]:5000/cb",
    ] {
        is_refused(&world, &client, other);
    }
    let by_name = world.register(json!({ "redirect_uri": ["http://localhost:3000/cb"] }));
    is_followed(&world, &by_name, "http://localhost:3001/cb");
    is_refused(&world, &by_name, "http://127.0.0.1:3000/cb");
}

#[test]
fn a_loopback_code_is_redeemed_with_the_port_that_it_was_asked_with() {
    let world = World::start();
    let client = world.register(json!({ "redirect_uri": ["http://127.0.0.1/cb"] }));
    let ask = Ask::of(&client).with("redirect_uri", "http://127.0.0.1:4444/cb");
    let code = world.admin.code(&ask);
    let other = Code {
        redirect_uri: Some("http://127.0.0.1:5555/cb".into()),
        ..code.clone()
    };
    world.redeem(&client, &other).oauth_error(400, "invalid_grant");
    world.redeem(&client, &code).is(200);
}

#[test]
fn loopback_port_is_free_for_requests_with_a_code_challenge_only() {
    let world = World::start();
    let confidential = world.confidential(json!({ "redirect_uri": ["http://127.0.0.1:3000/cb"] }));
    let public = world.register(json!({ "redirect_uri": ["http://127.0.0.1:3000/cb"] }));
    for client in [&confidential, &public] {
        is_followed(&world, client, "http://127.0.0.1:3001/cb");
        is_followed(&world, client, "http://127.0.0.1/cb");
        let plainly = Ask::plainly_of(client).with("redirect_uri", "http://127.0.0.1:3001/cb");
        let page = world.admin.visit(&plainly.page());
        page.is_error_page(&[]);
        assert!(
            page.text().contains("code_challenge"),
            "it says what is missing: {page}"
        );
        world
            .admin
            .api("GET", &plainly.api(), None)
            .blames("query", "redirect_uri");
    }
    // With the registered port a confidential client needs no PKCE.
    world.admin.visit(&Ask::plainly_of(&confidential).page()).is(200);
    // The code is bound to the port that was asked with.
    let code = world
        .admin
        .code(&Ask::of(&confidential).with("redirect_uri", "http://127.0.0.1:3002/cb"));
    world.redeem(&confidential, &code).is(200);
}

#[test]
fn query_of_a_registered_uri_has_no_parameter_of_the_answer() {
    let world = World::start();
    let register = |uri: &str| {
        let fields = json!({ "name": "App", "redirect_uri": [uri] });
        world.admin.api("POST", "/api/oauth-clients", Some(&fields))
    };
    for name in ["state", "code", "iss", "error", "error_description", "errors", "%63ode"] {
        let answer = register(&format!("https://app.example/cb?x=1&{name}=1"));
        answer.blames("payload", "redirect_uri");
        assert!(answer.text().contains("part of the answer"), "{answer}");
    }
    register("https://app.example/cb?tenant=1&postcode=2").is(201);
    let client = world.public_client();
    world
        .manage(
            &client,
            "PATCH",
            "",
            Some(&json!({ "redirect_uri": ["https://app.example/cb?state=1"] })),
        )
        .blames("payload", "redirect_uri");
}

#[test]
fn error_page_names_the_error_the_parameter_and_the_request() {
    let world = World::start();
    let client = world.public_client();
    let good = Ask::of(&client);
    for (ask, words) in [
        (
            good.clone().without("client_id"),
            ["no client_id", "invalid_request", "client_id"],
        ),
        (
            good.clone().with("client_id", "<b>nobody</b>"),
            ["No application", "invalid_client", "client_id=<b>nobody</b>"],
        ),
        (
            good.clone().and("client_id", "x"),
            ["more than one client_id", "invalid_request", "client_id="],
        ),
        (
            good.clone()
                .with("redirect_uri", "https://evil.example/?a=\"'><script>"),
            [
                "not registered",
                "invalid_request",
                "redirect_uri=https://evil.example/?a=\"'><script>",
            ],
        ),
        (
            good.and("redirect_uri", "x"),
            ["more than one redirect_uri", "invalid_request", "redirect_uri="],
        ),
    ] {
        let page = world.admin.visit(&ask.page());
        page.is_error_page(&["<script>", "<b>"]);
        let text = unescape(&page.text());
        for word in words {
            assert!(text.contains(word), "{word:?} is missing in {page}");
        }
        let id = page.header("x-request-id").unwrap();
        assert!(text.contains(id), "the request's id is missing in {page}");
    }
}

#[test]
fn a_disabled_client_gets_an_error_page() {
    let world = World::start();
    let client = world.public_client();
    world.patch(&client, &json!({ "enabled": false }));
    assert!(comes_true(A_SECOND, || world
        .admin
        .visit(&Ask::of(&client).page())
        .status
        == 400));
    world.admin.visit(&Ask::of(&client).page()).is_error_page(&[]);
    Browser::new(world.base())
        .visit(&Ask::of(&client).page())
        .is_error_page(&[]);
    world
        .admin
        .api("POST", "/api/oauth/authorize", Some(&Ask::of(&client).decision(true)))
        .api_error(400, "Bad Request");
}
