//! The audit log, the chart and the keys.

use super::*;

fn shown(page: &Answer) -> usize {
    page.text().matches("<th scope=\"row\"").count()
}

#[test]
fn events_are_found_by_client_kind_and_time() {
    let world = bare_world();
    let board = world.register(json!({ "name": "Sales board", "redirect_uri": ["https://app.example/cb"] }));
    let other = world.register(json!({ "name": "Other" }));
    world.patch(&board, &json!({ "description": "Changed" }));
    let path = format!("{CONSOLE}/events");
    let visit = |query: &str| world.admin.visit(&format!("{path}?{query}")).is(200);

    let all = visit("");
    says(
        &all,
        &[
            "Client: created",
            "Client: updated",
            "Sign in: succeeded",
            "Sales board",
            "127.0.0.1",
        ],
    );
    for named in ["Sales+board", board.client_id.as_str(), board.id.as_str()] {
        let page = visit(&format!("client={named}"));
        assert_eq!(shown(&page), 2, "{page}");
        is_silent_about(&page, &["Sign in: succeeded"]);
    }
    let page = visit(&format!("client={}&kind=client.updated", board.id));
    assert_eq!(shown(&page), 1, "{page}");
    assert_eq!(shown(&visit("kind=client.created")), 2);
    // Whoever asks for today or from today on finds them, whoever asks for times long gone or to come does not.
    assert_eq!(shown(&visit("kind=client.created&from=2020-01-01&until=2090-01-01")), 2);
    for query in [
        "until=2020-01-01",
        "from=2090-01-01",
        "from=2090-01-01&until=2020-01-01",
    ] {
        says(&visit(query), &["No events"]);
    }
    // What is no day or no kind is left out.
    assert_eq!(shown(&visit("kind=nothing&from=x")), shown(&all));
    for unknown in [
        "Nobody",
        "00000000-0000-7000-8000-000000000000",
        "a6bd8f0f72b2c3275ff6",
        "%27%20OR%201=1",
    ] {
        says(
            &visit(&format!("client={unknown}")),
            &["No client has this", "aria-invalid"],
        );
    }
    world.register(json!({ "name": "Other" }));
    says(&visit("client=Other"), &["Several clients have this name"]);

    // A deleted client's are still there, by its id.
    world.manage(&other, "DELETE", "", None).is(204);
    let page = visit(&format!("client={}", other.id));
    says(&page, &["Client: deleted", "(deleted)"]);
    assert_eq!(shown(&page), 2, "{page}");
}

#[test]
fn events_come_in_parts_that_keep_the_filter() {
    let world = World::start();
    let client = world.register(json!({ "name": "Board" }));
    for number in 0..25 {
        world.patch(&client, &json!({ "description": format!("{number}") }));
    }
    let page = world
        .admin
        .visit(&format!("{CONSOLE}/events?client={}&kind=client.updated", client.id))
        .is(200);
    assert_eq!(shown(&page), 20, "{page}");
    says(&page, &["1–20 of 25"]);
    let next = format!("{CONSOLE}/events?client={}&kind=client.updated&start=20", client.id);
    says(&page, &[&next]);
    assert_eq!(shown(&world.admin.visit(&next).is(200)), 5);
}

#[test]
fn alarms_are_marked() {
    let world = World::start();
    let client = world.confidential_client();
    world.refresh(&client.with_secret("cs_Wr0ngWr0ngWr0ngWr0ngWr0ngWr0ngWr0ngW"), "x");
    let page = world
        .admin
        .visit(&format!("{CONSOLE}/events?client={}", client.id))
        .is(200);
    says(&page, &["Client: authentication failed"]);
    assert_eq!(page.text().matches(">Alarm<").count(), 1, "{page}");
}

#[test]
fn the_chart_counts_what_the_token_endpoint_answered() {
    let mut world = World::start();
    says(&world.admin.visit(CONSOLE).is(200), &["Quiet so far"]);
    let client = world.confidential_client();
    for _ in 0..2 {
        let tokens = world.tokens(&client);
        world.refreshed(&client, tokens.refresh());
    }
    world.refresh(&client, "nonsense");
    // Counts are written when it stops.
    world.service.restart();
    world.reconnect();
    let page = world.admin.visit(CONSOLE).is(200);
    says(&page, &["2 issued, 2 refreshed, 1 refused, 0 failed", "<svg "]);
    for class in ["issued", "refreshed", "refused"] {
        let bars = page.text().matches(&format!("<rect class=\"{class}\"")).count();
        assert!((1..=2).contains(&bars), "one day, or two around midnight: {page}");
    }
}

#[test]
fn the_keys_are_shown_with_their_age_and_without_the_keys() {
    let world = World::start();
    world.service.cli_ok(&["keys", "rotate", "--force"]);
    let listed: Value = serde_json::from_str(&world.service.cli_ok(&["keys", "list", "--output", "json"])).unwrap();
    let page = world.admin.visit(&format!("{CONSOLE}/keys")).is(200);
    let keys = listed.as_array().unwrap();
    assert_eq!((keys.len(), shown(&page)), (6, 6), "{page}");
    for key in keys {
        says(&page, &[key["kid"].as_str().unwrap()]);
    }
    for (state, count) in [("Current", 2), ("Next", 2), ("Retired", 2)] {
        let tags = page.text().matches(&format!(">{state}</span>")).count();
        assert_eq!(tags, count, "{state}: {page}");
    }
    says(&page, &["less than a minute"]);
    is_silent_about(&page, &["eyJ", "\"d\""]);
    says(
        &world.admin.visit(CONSOLE).is(200),
        &["The current key is less than a minute old"],
    );
}
