//! The consent page: what it says, whom it obeys, what it remembers.

use crate::support::*;

#[test]
fn a_browser_goes_from_sign_in_to_consent_and_back_to_the_client_with_code_state_and_issuer() {
    let world = World::start();
    let client = world.register(json!({
        "name": "Sales board",
        "description": "Charts for everyone",
        "url": "https://board.example/about",
        "redirect_uri": ["https://board.example/cb"],
        "enableRefreshTokens": true,
    }));
    let ask = Ask::of(&client).with("scope", "read:dataset write:report");
    let browser = Browser::new(world.base());
    let sign_in = browser.visit(&ask.page()).is(200);
    assert!(
        sign_in.text().contains("Sales board"),
        "the sign-in page says who waits: {sign_in}"
    );
    let answer = browser.submit(&sign_in, credentials(&sign_in, "admin", world.service.admin_password()));
    assert!(matches!(answer.status, 302 | 303), "{answer}");
    let page = browser.follow(answer).is(200);
    let text = unescape(&page.text());
    for part in [
        "Sales board",
        "Charts for everyone",
        "https://board.example/about",
        "admin",
        "See your datasets and search them",
        "See, run, change and delete your reports and queries",
        "board.example",
        &format!("/api/oauth-clients/{}/icon", client.id),
    ] {
        assert!(text.contains(part), "{part:?} is missing in {page}");
    }
    assert!(
        !text.contains("Do everything that you can do"),
        "only what is asked for: {page}"
    );
    let answer = browser.submit(&page, consent(&page).press("decision", "allow")).is(303);
    let target = answer.redirected();
    assert_eq!(target.get("state").as_deref(), Some("a state"));
    assert_eq!(target.get("iss").as_deref(), Some(world.issuer.as_str()));
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
    let code = Code {
        code: target.code(),
        redirect_uri: Some(client.redirect_uri.clone()),
        verifier: Some(verifier(1)),
    };
    assert!(code.code.len() >= 43, "256 bits: {}", code.code);
    let tokens = Tokens::read(world.redeem(&client, &code).oauth_json());
    assert_eq!(tokens.answer["scope"], "read:dataset write:report");
    world
        .gate("GET", "/api/datasets", Some(&tokens.access))
        .is(200)
        .with_header("x-informer-user", "admin");
}

#[test]
fn saying_no_comes_back_as_access_denied() {
    let world = World::start();
    let client = world.public_client();
    let page = world.admin.visit(&Ask::of(&client).page()).is(200);
    let answer = world
        .admin
        .submit(&page, consent(&page).press("decision", "deny"))
        .is(303);
    answer
        .redirected()
        .is_error("access_denied", Some("a state"), &world.issuer);
    assert_eq!(world.count_events(&client, "consent.denied"), 1);
    let event = world
        .events(&client)
        .into_iter()
        .find(|event| is_of_kind(event, "consent.denied"))
        .unwrap();
    assert!(
        is_of_kind(&event, "admin") && is_of_kind(&event, "127.0.0.1"),
        "actor and address: {event}"
    );
}

#[test]
fn a_consent_form_without_its_token_or_with_another_sessions_or_replayed_is_403_and_nothing_is_issued() {
    let world = World::start();
    let client = world.public_client();
    let ask = Ask::of(&client);
    let page = world.admin.visit(&ask.page()).is(200);
    let form = consent(&page);
    let token_field = form
        .fields
        .iter()
        .find(|(name, _)| name != "request")
        .map(|(name, _)| name.clone())
        .unwrap();

    let refused = |answer: Answer| {
        assert_eq!(answer.header("location"), None, "{answer}");
        answer.is(403);
    };
    refused(
        world
            .admin
            .submit(&page, form.clone().without(&token_field).press("decision", "allow")),
    );
    refused(
        world
            .admin
            .submit(&page, form.clone().fill(&token_field, "").press("decision", "allow")),
    );
    refused(
        world.admin.submit(
            &page,
            form.clone()
                .fill(&token_field, "9999999999.nonce.0123")
                .press("decision", "allow"),
        ),
    );

    // Somebody else's page in this browser, and this page in somebody else's.
    let mallory = world.user("mallory");
    let theirs = mallory.visit(&ask.page()).is(200);
    refused(world.admin.submit(&theirs, consent(&theirs).press("decision", "allow")));
    refused(mallory.submit(&page, form.clone().press("decision", "allow")));

    // A token of one request does not carry another.
    let other = world.register(json!({ "redirect_uri": ["https://other.example/cb"] }));
    let others_page = world.admin.visit(&Ask::of(&other).page()).is(200);
    let request = consent(&others_page)
        .fields
        .into_iter()
        .find(|(name, _)| *name != token_field);
    if let Some((name, value)) = request {
        refused(
            world
                .admin
                .submit(&page, form.clone().fill(&name, &value).press("decision", "allow")),
        );
    }
    assert_eq!(world.count_events(&client, "consent.granted"), 0);

    let answer = world.admin.submit(&page, form.clone().press("decision", "allow"));
    answer.redirected().code();
    refused(world.admin.submit(&page, form.press("decision", "allow")));
    assert_eq!(world.count_events(&client, "consent.granted"), 1);
    assert_eq!(world.manage(&client, "GET", "/tokens", None).json()["total"], 0);
}

#[test]
fn a_form_posted_by_another_site_is_403_and_nothing_is_issued() {
    let world = World::start();
    let client = world.public_client();
    let origin = world.base_url().origin().ascii_serialization();
    for headers in [
        vec![("Origin", "https://evil.example")],
        vec![("Origin", "null")],
        vec![("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
        vec![("Origin", "http://127.0.0.1")],
        vec![("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
        vec![("Origin", origin.as_str()), ("Sec-Fetch-Site", "cross-site")],
        vec![("Sec-Fetch-Site", "same-site")],
        vec![("Sec-Fetch-Site", "none")],
        vec![],
    ] {
        let page = world.admin.visit(&Ask::of(&client).page()).is(200);
        let answer = world
            .admin
            .submit_from(&page, consent(&page).press("decision", "allow"), &headers);
        assert_eq!(answer.header("location"), None, "{headers:?}: {answer}");
        answer.is(403);
    }
    assert_eq!(world.count_events(&client, "consent.granted"), 0);
    for headers in [
        vec![("Origin", origin.as_str())],
        vec![("Sec-Fetch-Site", "same-origin")],
        // A proxy's `Referrer-Policy: no-referrer` takes the origin away.
        vec![("Origin", "null"), ("Sec-Fetch-Site", "same-origin")],
    ] {
        let page = world
            .admin
            .visit(&Ask::of(&client).with("prompt", "consent").page())
            .is(200);
        world
            .admin
            .submit_from(&page, consent(&page).press("decision", "allow"), &headers)
            .redirected()
            .code();
    }
}

#[test]
fn a_decision_is_allow_or_deny_and_nothing_else() {
    let world = World::start();
    let client = world.public_client();
    for decision in [None, Some(""), Some("maybe"), Some("Allow")] {
        let page = world.admin.visit(&Ask::of(&client).page()).is(200);
        let mut form = consent(&page);
        form.fields
            .extend(decision.map(|decision| ("decision".to_owned(), decision.to_owned())));
        let answer = world.admin.submit(&page, form);
        assert_eq!(answer.header("location"), None, "{decision:?}: {answer}");
        assert!((400..500).contains(&answer.status), "{decision:?}: {answer}");
    }
    assert_eq!(world.count_events(&client, "consent.granted"), 0);
}

#[test]
fn framing_inline_scripts_and_other_origins_are_refused_on_every_page() {
    let world = World::start();
    let client = world.public_client();
    let consent_page = world.admin.visit(&Ask::of(&client).page()).is(200);
    let sign_in_page = Browser::new(world.base()).visit(&Ask::of(&client).page()).is(200);
    let error_page = world.admin.visit("/oauth/authorize");
    let docs = world.http.get("/oauth/docs").is(200);
    for page in [&consent_page, &sign_in_page, &error_page, &docs] {
        let policy = page
            .header("content-security-policy")
            .unwrap_or_else(|| panic!("{page}"));
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval") && !policy.contains('*'),
            "{policy}"
        );
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{page}");
        assert_eq!(page.header("referrer-policy"), Some("same-origin"), "{page}");
        let text = page.text();
        for inline in ["<script>", "onclick=", "onload=", "style=\"", "<style"] {
            assert!(!text.contains(inline), "{inline} in {page}");
        }
    }
    for page in [&consent_page, &sign_in_page] {
        // Chromium applies `form-action` to every redirect after a form, also to the client's own.
        let policy = page.header("content-security-policy").unwrap();
        assert!(!policy.contains("form-action"), "{policy}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{page}");
    }
    let others = [
        "/oauth",
        "/oauth/device",
        "/oauth/applications",
        "/oauth/admin",
        "/oauth/nothing",
    ];
    let others = others.map(|path| world.admin.visit(path));
    for page in others.iter().chain([&error_page]) {
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self';"), "{policy}");
    }
    for page in others.iter().chain([&consent_page, &sign_in_page, &error_page, &docs]) {
        assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"), "{page}");
    }
}

#[test]
fn markup_in_a_clients_name_description_or_url_appears_as_text() {
    let world = World::start();
    let evil = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}";
    let client = world.register(json!({
        "name": evil,
        "description": evil,
        "url": "https://app.example/?q=%22%3E%3Cscript%3E&x='",
        "redirect_uri": ["https://app.example/cb"],
    }));
    let signed_out = Browser::new(world.base()).visit(&Ask::of(&client).page()).is(200);
    let signed_in = world.admin.visit(&Ask::of(&client).page()).is(200);
    for page in [signed_out, signed_in] {
        let text = page.text();
        for raw in ["<script>alert(1)", "<img src=x", "onerror=alert(2)>{{", ">49"] {
            assert!(!text.contains(raw), "{raw} in {page}");
        }
        assert!(unescape(&text).contains(evil), "it appears as text: {page}");
    }
    let icon = world
        .http
        .get(&format!("/api/oauth-clients/{}/icon", client.id))
        .is(200);
    assert!(!icon.text().contains("<script"), "{icon}");
}

#[test]
fn consent_is_remembered_per_user_client_and_scope_and_asking_for_more_asks_again() {
    let world = World::start();
    let client = world.public_client();
    let asks = |browser: &Browser, scope: &str| {
        let answer = browser.open(&Ask::of(&client).with("scope", scope).page());
        if answer.status == 200 {
            consent(&answer);
            return true;
        }
        answer.redirected().code();
        false
    };
    assert!(asks(&world.admin, "read:dataset read:report"));
    world.code_and_target(&Ask::of(&client).with("scope", "read:dataset read:report"));
    assert!(!asks(&world.admin, "read:dataset read:report"), "the same again");
    assert!(!asks(&world.admin, "read:report"), "less");
    assert!(asks(&world.admin, "read:report write:report"), "more");
    world.code_and_target(&Ask::of(&client).with("scope", "write:report"));
    assert!(!asks(&world.admin, "read:dataset write:report"), "both were allowed");
    assert!(asks(&world.user("ada"), "read:dataset"), "another user");
    let other = world.public_client();
    world
        .admin
        .open(&Ask::of(&other).with("scope", "read:dataset").page())
        .is(200);
}

#[test]
fn consent_is_remembered_per_resource() {
    let world = World::start_with(&[("INFORMER_OAUTH__TOKENS__AUDIENCE", "https://bi.example/api")]);
    let client = world.register(json!({
        "redirect_uri": ["https://app.example/cb"],
        "resources": ["https://one.example/", "https://two.example/"],
    }));
    let at = |resource: &str| {
        let ask = Ask::of(&client);
        if resource.is_empty() {
            ask
        } else {
            ask.with("resource", resource)
        }
    };
    let resources = ["", "https://one.example/", "https://two.example/"];
    for (n, allowed) in resources.iter().enumerate() {
        for (m, resource) in resources.iter().enumerate() {
            let details = world.admin.api("GET", &at(resource).api(), None).is(200).json();
            assert_eq!(details["consent"], json!(m < n), "{allowed:?} {resource:?}");
        }
        world.admin.open(&at(allowed).page()).is(200);
        world.code_and_target(&at(allowed));
        world.admin.open(&at(allowed).page()).redirected().code();
    }
    // The audience by its own name is the audience.
    world
        .admin
        .open(&at("https://bi.example/api").page())
        .redirected()
        .code();
    // Taking it back concerns every resource.
    let page = world.admin.visit("/oauth/applications").is(200);
    let form = forms(&page.text())
        .into_iter()
        .find(|form| form.buttons.iter().any(|(name, _)| name == "disconnect"))
        .unwrap();
    let (_, everything) = form.buttons[0].clone();
    world.admin.submit(&page, form.press("disconnect", &everything)).is(303);
    for resource in resources {
        world.admin.open(&at(resource).page()).is(200);
    }
}

#[test]
fn redirect_to_the_users_own_device_is_asked_about_every_time() {
    let world = World::start();
    for uri in ["http://127.0.0.1/cb", "http://localhost:3000/cb", "com.example.app:/cb"] {
        for client in [
            world.register(json!({ "redirect_uri": [uri] })),
            world.confidential(json!({ "redirect_uri": [uri] })),
        ] {
            let ask = Ask::of(&client);
            for _ in 0..2 {
                let page = world.admin.open(&ask.page()).is(200);
                let allowed = world.admin.submit(&page, consent(&page).press("decision", "allow"));
                allowed.redirected().code();
                let details = world.admin.api("GET", &ask.api(), None).is(200).json();
                assert_eq!(details["consent"], json!(false), "{uri}");
            }
            world
                .admin
                .open(&ask.clone().with("prompt", "none").page())
                .redirected()
                .is_error("consent_required", Some("a state"), &world.issuer);
            assert_eq!(world.count_events(&client, "consent.reused"), 0);
        }
    }
}

#[test]
fn code_without_a_page_is_an_event() {
    let world = World::start();
    let client = world.public_client();
    let ask = Ask::of(&client);
    world.code_and_target(&ask);
    assert_eq!(world.count_events(&client, "consent.reused"), 0);
    world.admin.open(&ask.page()).redirected().code();
    world.admin.open(&ask.with("prompt", "none").page()).redirected().code();
    let events = world.events(&client);
    let silent: Vec<&Value> = events
        .iter()
        .filter(|event| is_of_kind(event, "consent.reused"))
        .collect();
    assert_eq!(silent.len(), 2, "{events:?}");
    assert!(
        silent
            .iter()
            .all(|event| is_of_kind(event, "admin") && is_of_kind(event, "127.0.0.1"))
    );
    assert_eq!(world.count_events(&client, "consent.granted"), 1);
}

#[test]
fn page_after_an_apps_redirect_says_that_it_can_be_closed() {
    let world = World::start();
    let app = world.register(json!({ "redirect_uri": ["com.example.app:/cb"] }));
    let page = world.admin.visit(&Ask::of(&app).page()).is(200);
    assert!(
        page.text().contains("Open the app again. You can close this page."),
        "{page}"
    );
    let answer = world
        .admin
        .submit(&page, consent(&page).press("decision", "allow"))
        .is(303);
    assert!(
        answer
            .header("location")
            .unwrap()
            .starts_with("com.example.app:/cb?code="),
        "{answer}"
    );
    let web = world.public_client();
    let page = world.admin.visit(&Ask::of(&web).page()).is(200);
    assert!(!page.text().contains("close this page"), "{page}");
}

#[test]
fn prompt_consent_always_asks_and_prompt_none_never_shows_a_page() {
    let world = World::start();
    let client = world.public_client();
    let none = Ask::of(&client).with("prompt", "none");
    Browser::new(world.base()).open(&none.page()).redirected().is_error(
        "login_required",
        Some("a state"),
        &world.issuer,
    );
    world
        .admin
        .open(&none.page())
        .redirected()
        .is_error("consent_required", Some("a state"), &world.issuer);
    world.code_and_target(&Ask::of(&client));
    world.admin.open(&none.page()).redirected().code();
    for prompt in ["consent", "login", "select_account", "create", "login consent"] {
        let ask = Ask::of(&client).with("prompt", prompt);
        consent(&world.admin.open(&ask.page()).is(200));
        // Also after signing in on the way.
        let browser = Browser::new(world.base());
        let page = browser.visit(&ask.page()).is(200);
        let answer = browser.submit(&page, credentials(&page, "admin", world.service.admin_password()));
        consent(&browser.follow(answer).is(200));
    }
    let both = Ask::of(&client).with("prompt", "none consent");
    world
        .admin
        .open(&both.page())
        .redirected()
        .is_error("invalid_request", Some("a state"), &world.issuer);
}

#[test]
fn the_consent_page_lets_the_user_switch() {
    let world = World::start();
    let ada = world.user("ada");
    drop(ada);
    let client = world.public_client();
    let browser = Browser::signed_in(world.base(), "admin", world.service.admin_password());
    let page = browser.visit(&Ask::of(&client).page()).is(200);
    let leave = forms(&page.text())
        .into_iter()
        .find(|form| form.action.ends_with("/oauth/sign-out"))
        .expect("a way to switch");
    let answer = browser.submit(&page, leave);
    let sign_in = browser.follow(answer).is(200);
    let answer = browser.submit(&sign_in, credentials(&sign_in, "ada", PASSWORD));
    let page = browser.follow(answer).is(200);
    assert!(page.text().contains("ada"), "{page}");
    let target = browser
        .submit(&page, consent(&page).press("decision", "allow"))
        .redirected();
    let code = Code {
        code: target.code(),
        redirect_uri: Some(client.redirect_uri.clone()),
        verifier: Some(verifier(1)),
    };
    let tokens = Tokens::read(world.redeem(&client, &code).oauth_json());
    assert_eq!(jwt::Jwt::read(&tokens.access).claim("sub"), "ada");
}
