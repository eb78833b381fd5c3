//! Who gets in, and as far as where.

use super::*;

/// Every page, of a client where it is about one.
fn pages(client: &Client) -> Vec<String> {
    let one = path_of(client);
    vec![
        CONSOLE.to_owned(),
        CLIENTS.to_owned(),
        format!("{CLIENTS}/new"),
        format!("{CLIENTS}/new?template="),
        format!("{CLIENTS}/new?template=Generic+App"),
        one.clone(),
        format!("{one}/secrets"),
        format!("{one}/tokens"),
        format!("{one}/delete"),
        format!("{CONSOLE}/tokens"),
        format!("{CONSOLE}/tokens?username=admin"),
        format!("{CONSOLE}/events"),
        format!("{CONSOLE}/events?client={}", client.id),
        format!("{CONSOLE}/keys"),
    ]
}

/// Every address that takes a form.
fn actions(client: &Client) -> Vec<String> {
    let one = path_of(client);
    let nothing = "00000000-0000-7000-8000-000000000000";
    vec![
        CLIENTS.to_owned(),
        one.clone(),
        format!("{one}/enabled"),
        format!("{one}/icon"),
        format!("{one}/icon/delete"),
        format!("{one}/delete"),
        format!("{one}/secrets"),
        format!("{one}/secrets/{nothing}/delete"),
        format!("{one}/tokens/revoke"),
        format!("{CONSOLE}/tokens/revoke"),
    ]
}

fn is_page(answer: &Answer) -> bool {
    answer
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("text/html"))
}

#[test]
fn whoever_is_signed_out_signs_in_first_and_comes_back_to_the_same_page() {
    let world = World::start();
    let client = world.public_client();
    for path in pages(&client) {
        let browser = Browser::new(world.base());
        let sign_in = browser.visit(&path).is(200);
        assert!(sign_in.url.contains("/oauth/sign-in?return="), "{sign_in}");
        let form = credentials(&sign_in, "admin", world.service.admin_password());
        let answer = browser.submit(&sign_in, form).is(303);
        let page = browser.follow(answer).is(200);
        let there = world.base_url().join(&path).unwrap();
        assert_eq!(page.url, there.as_str());
    }
}

#[test]
fn a_user_who_is_no_superuser_sees_and_does_nothing_here() {
    let world = World::start();
    let client = world.register(json!({ "name": "Well hidden", "redirect_uri": ["https://app.example/cb"] }));
    let ada = world.user("ada");
    for path in pages(&client) {
        let page = ada.visit(&path).is(403);
        assert!(is_page(&page), "{page}");
        says(&page, &["superuser"]);
        is_silent_about(&page, &["Well hidden", &client.client_id]);
    }
    // Also for what does not exist: rank comes first, so that nothing can be found out.
    ada.visit(&format!("{CLIENTS}/00000000-0000-7000-8000-000000000000"))
        .is(403);
    let origin = world.base_url().origin().ascii_serialization();
    for path in actions(&client) {
        let request = Request::post(path).header("Origin", &origin).form(&[
            ("form", "x"),
            ("name", "Well hidden"),
            ("enabled", "false"),
        ]);
        let answer = ada.send(request).is(403);
        assert!(is_page(&answer), "{answer}");
        says(&answer, &["superuser"]);
    }
    let home = ada.visit("/oauth").is(200);
    assert!(!home.text().contains(CONSOLE), "{home}");
    let home = world.admin.visit("/oauth").is(200);
    assert!(home.text().contains(&format!("href=\"{CONSOLE}\"")), "{home}");
    assert_eq!(world.manage(&client, "GET", "", None).is(200).json()["enabled"], true);
}

#[test]
fn without_the_token_api_feature_a_superuser_sees_keys_and_usage_and_may_delete_clients_only() {
    let mut world = World::start();
    let client = world.register(json!({ "name": "Old board", "redirect_uri": ["https://app.example/cb"] }));
    std::fs::write(
        world.service.folder().join("informer-oauth.toml"),
        "[features]\ntoken_api = false\n",
    )
    .unwrap();
    world.service.restart();
    world.reconnect();
    let open = [CONSOLE, CLIENTS, "/oauth/admin/keys"].map(str::to_owned);
    let deleting = format!("{}/delete", path_of(&client));
    for path in pages(&client) {
        let page = world.admin.visit(&path);
        if open.contains(&path) || path == deleting {
            let page = page.is(200);
            is_silent_about(&page, &["/oauth/admin/events", "/oauth/admin/tokens", "New client"]);
        } else {
            says(&page.is(403), &["token API"]);
        }
    }
    let origin = world.base_url().origin().ascii_serialization();
    for path in actions(&client).into_iter().filter(|path| *path != deleting) {
        let request = Request::post(&path).header("Origin", &origin).form(&[("form", "x")]);
        let answer = world.admin.send(request).is(403);
        // A form token cannot be had for what is not shown, so that the token is what is refused first.
        assert!(is_page(&answer), "{path}: {answer}");
    }
    let list = world.admin.visit(CLIENTS).is(200);
    says(&list, &["Old board", &deleting]);
    let page = world.admin.visit(&deleting).is(200);
    let form = form_to(&page, &deleting).fill("name", "Old board");
    let list = obeyed(&world.admin, &page, form, "The client is deleted");
    is_silent_about(&list, &["Old board"]);
}

#[test]
fn every_page_is_locked_down_light_and_kept_by_nobody() {
    let world = World::start();
    let client = world.confidential_client();
    world.tokens(&client);
    let weight = |path: &str| world.http.get(path).is(200).body.len();
    let assets =
        weight("/oauth/assets/pages.css") + weight("/oauth/assets/pages.js") + weight("/oauth/assets/logo.svg");
    for path in pages(&client) {
        let page = world
            .admin
            .visit(&path)
            .is(200)
            .with_header("cache-control", "no-store");
        let page = page
            .with_header("x-content-type-options", "nosniff")
            .with_header("referrer-policy", "same-origin")
            .with_header("x-frame-options", "DENY");
        let policy = page.header("content-security-policy").unwrap_or_default();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "form-action 'self';",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{part}: {page}");
        }
        assert!(
            page.body.len() + assets < 60_000,
            "{path}: {} + {assets}",
            page.body.len()
        );
        let text = page.text();
        assert!(!text.contains(" style=") && !text.contains("<style"), "{page}");
        says(&page, &["admin", "Sign out"]);
    }
}

#[test]
fn what_is_not_there_is_a_page_that_says_so() {
    let world = bare_world();
    for path in [
        "00000000-0000-7000-8000-000000000000",
        "'%20OR%201=1--",
        "%3Cscript%3E",
        "a6bd8f0f72b2c3275ff6",
        "00000000-0000-7000-8000-000000000000/secrets",
        "00000000-0000-7000-8000-000000000000/tokens",
        "00000000-0000-7000-8000-000000000000/delete",
        "new?template=Nothing",
    ] {
        let page = world.admin.visit(&format!("{CLIENTS}/{path}")).is(404);
        assert!(is_page(&page), "{page}");
        is_silent_about(&page, &["<script>"]);
    }
}

#[test]
fn signing_out_of_the_console_ends_the_session() {
    let world = World::start();
    let page = world.admin.visit(CONSOLE).is(200);
    let form = form_to(&page, "/oauth/sign-out");
    world.admin.submit(&page, form).is(303);
    let page = world.admin.visit(CONSOLE);
    assert!(page.url.contains("/oauth/sign-in"), "{page}");
}
