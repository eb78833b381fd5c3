//! A person grants less than a client asks for.

use crate::support::*;

/// The consent page for these scopes, and its form.
#[track_caller]
fn asked(world: &World, client: &Client, scope: &str) -> (Answer, Form) {
    let page = world
        .admin
        .visit(&Ask::of(client).with("scope", scope).with("prompt", "consent").page())
        .is(200);
    let form = consent(&page);
    (page, form)
}

/// What the token says that comes of a form.
#[track_caller]
fn granted(world: &World, client: &Client, page: &Answer, form: Form) -> Tokens {
    let target = world.admin.submit(page, form.press("decision", "allow")).redirected();
    let code = Code {
        code: target.code(),
        redirect_uri: Some(client.redirect_uri.clone()),
        verifier: Some(verifier(1)),
    };
    Tokens::read(world.redeem(client, &code).oauth_json())
}

#[test]
fn unticked_scopes_are_not_in_the_token_nor_in_any_token_that_follows() {
    let world = World::start();
    let client = world.public_client();
    let (page, form) = asked(&world, &client, "read:dataset write:report read:profile");
    let tokens = granted(&world, &client, &page, form.untick("scope", "write:report"));
    assert_eq!(tokens.answer["scope"], "read:dataset read:profile");
    world.gate("GET", "/api/datasets", Some(&tokens.access)).is(200);
    world.gate("GET", "/api/reports", Some(&tokens.access)).is(403);
    let refreshed = world.refreshed(&client, tokens.refresh());
    assert_eq!(refreshed.answer["scope"], "read:dataset read:profile");
    let wider = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refreshed.refresh()),
        ("scope", "write:report"),
    ];
    world
        .http
        .send(client.post("/oauth/token", &wider))
        .oauth_error(400, "invalid_scope");
}

#[test]
fn read_only_of_a_write_scope_grants_its_reading_half() {
    let world = World::start();
    let client = world.public_client();
    let (page, form) = asked(&world, &client, "write:dataset write:report");
    let tokens = granted(&world, &client, &page, form.choose("read_only", "write:report"));
    assert_eq!(tokens.answer["scope"], "write:dataset read:report");
    world.gate("GET", "/api/reports/1", Some(&tokens.access)).is(200);
    world.gate("DELETE", "/api/reports/1", Some(&tokens.access)).is(403);
    world.gate("DELETE", "/api/datasets/1", Some(&tokens.access)).is(200);
}

#[test]
fn the_reading_half_is_refreshed_though_the_client_is_registered_for_writing() {
    let world = World::start();
    let client = world.register(json!({
        "name": "Writer",
        "redirect_uri": ["https://app.example/cb"],
        "enableRefreshTokens": true,
        "scope": ["write:report"],
    }));
    let (page, form) = asked(&world, &client, "write:report");
    let tokens = granted(&world, &client, &page, form.choose("read_only", "write:report"));
    assert_eq!(tokens.answer["scope"], "read:report");
    let refreshed = world.refreshed(&client, tokens.refresh());
    assert_eq!(refreshed.answer["scope"], "read:report");
    world.patch(&client, &json!({ "scope": ["write:dataset"] }));
    world.refused_within_a_second(&client, refreshed.refresh());
}

#[test]
fn only_what_was_granted_is_remembered_and_the_rest_is_asked_for_again() {
    let world = World::start();
    let client = world.public_client();
    let asks = |scope: &str| {
        let answer = world.admin.open(&Ask::of(&client).with("scope", scope).page());
        if answer.status == 200 {
            return true;
        }
        answer.redirected().code();
        false
    };
    let (page, form) = asked(&world, &client, "read:dataset read:report write:profile");
    let form = form.untick("scope", "read:report").choose("read_only", "write:profile");
    granted(&world, &client, &page, form);
    assert!(!asks("read:dataset"), "it was granted");
    assert!(!asks("read:dataset read:profile"), "it was granted, reading only");
    assert!(asks("read:dataset read:report"), "it was unticked");
    assert!(asks("write:profile"), "only reading was granted");
    let none = Ask::of(&client).with("scope", "read:report").with("prompt", "none");
    world
        .admin
        .open(&none.page())
        .redirected()
        .is_error("consent_required", Some("a state"), &world.issuer);
    let event = world
        .events(&client)
        .into_iter()
        .find(|event| is_of_kind(event, "consent.granted"))
        .unwrap();
    assert_eq!(event["target"], "read:dataset read:profile");
}

#[test]
fn whoever_unticks_everything_is_asked_to_tick_or_deny() {
    let world = World::start();
    let client = world.public_client();
    let (page, form) = asked(&world, &client, "read:dataset read:report");
    let form = form.untick("scope", "read:dataset").untick("scope", "read:report");
    let again = world.admin.submit(&page, form.press("decision", "allow")).is(400);
    assert!(
        again.text().contains("Tick at least one of these, or press Deny"),
        "{again}"
    );
    assert_eq!(world.count_events(&client, "consent.granted"), 0);
    let mut form = consent(&again);
    assert!(!form.has("scope"), "the boxes are as they were left: {form:?}");
    form = form.choose("scope", "read:report");
    let tokens = granted(&world, &client, &again, form);
    assert_eq!(tokens.answer["scope"], "read:report");

    let (page, form) = asked(&world, &client, "read:dataset");
    let form = form.untick("scope", "read:dataset");
    let target = world.admin.submit(&page, form.press("decision", "deny")).redirected();
    target.is_error("access_denied", Some("a state"), &world.issuer);
}

#[test]
fn a_form_says_nothing_beyond_what_was_asked_for() {
    let world = World::start();
    let client = world.public_client();
    let (page, form) = asked(&world, &client, "read:dataset");
    let form = form.choose("scope", "write:global").choose("scope", "read:report");
    let tokens = granted(&world, &client, &page, form);
    assert_eq!(tokens.answer["scope"], "read:dataset");
    let (page, form) = asked(&world, &client, "read:dataset");
    let form = form.without("scope").choose("scope", "write:global");
    world.admin.submit(&page, form.press("decision", "allow")).is(400);
    let (page, form) = asked(&world, &client, "read:dataset");
    let form = form.choose("scope", "everything");
    let answer = world.admin.submit(&page, form.press("decision", "allow")).is(400);
    assert_eq!(answer.header("location"), None, "{answer}");
    assert_eq!(world.count_events(&client, "consent.granted"), 1);
}

#[test]
fn a_form_without_any_boxes_allows_all_that_was_asked_for() {
    let world = World::start();
    let client = world.public_client();
    let (page, form) = asked(&world, &client, "read:dataset write:report");
    let tokens = granted(&world, &client, &page, form.without("steered").without("scope"));
    assert_eq!(tokens.answer["scope"], "read:dataset write:report");
}

#[test]
fn a_client_that_lives_on_the_persons_computer_only_is_marked_loudly() {
    let world = World::start();
    let hint = "This application runs on your own computer.";
    for (uris, loud) in [
        (json!(["http://127.0.0.1/cb"]), true),
        (json!(["http://127.0.0.1/cb", "http://localhost/cb"]), true),
        (json!(["http://127.0.0.1/cb", "https://app.example/cb"]), false),
        (json!(["https://app.example/cb"]), false),
    ] {
        let client = world.register(json!({ "redirect_uri": uris }));
        let (page, _) = asked(&world, &client, "read:dataset");
        assert_eq!(page.text().contains(hint), loud, "{uris}");
        assert!(page.text().contains("class=\"host\""), "{page}");
    }
}
