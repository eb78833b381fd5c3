//! Clients by form: found, made, changed, switched off, deleted.

use super::*;

/// Ticks exactly these scopes.
fn tick(mut form: Form, scopes: &[&str]) -> Form {
    form.fields.retain(|(name, _)| name != "scope");
    for scope in scopes {
        form = form.choose("scope", scope);
    }
    form
}

#[test]
fn a_client_is_made_from_nothing_with_every_field() {
    let world = World::start();
    let page = world.admin.visit(&format!("{CLIENTS}/new?template=")).is(200);
    let form = form_to(&page, CLIENTS)
        .fill("name", "  Sales board ")
        .fill("description", "Shows numbers\r\non the wall")
        .fill("url", "https://board.example/about")
        .fill(
            "redirect_uri",
            "https://board.example/cb\r\n\r\n http://127.0.0.1/cb \r\n",
        )
        .fill("resources", "https://api.example")
        .untick("pkce", "1")
        .untick("enabled", "1")
        .choose("enableRefreshTokens", "1")
        .choose("introspect", "1")
        .choose("confidential", "1");
    let form = tick(form, &["read:dataset", "write:report"]);
    let page = obeyed(&world.admin, &page, form, "The client is registered");
    let id = page
        .url
        .split('?')
        .next()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let made = world
        .admin
        .api("GET", &format!("/api/oauth-clients/{id}"), None)
        .is(200)
        .json();
    for (field, value) in [
        ("name", json!("Sales board")),
        ("description", json!("Shows numbers\non the wall")),
        ("url", json!("https://board.example/about")),
        (
            "redirect_uri",
            json!(["https://board.example/cb", "http://127.0.0.1/cb"]),
        ),
        ("resources", json!(["https://api.example"])),
        ("pkce", json!(false)),
        ("enabled", json!(false)),
        ("enableRefreshTokens", json!(true)),
        ("introspect", json!(true)),
        ("confidential", json!(true)),
        ("scope", json!(["read:dataset", "write:report"])),
        ("source", json!("admin")),
        ("createdBy", json!("admin")),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    // What the form shows is what is there: saving it as it is changes nothing.
    let form = form_to(&page, &format!("{CLIENTS}/{id}"));
    obeyed(&world.admin, &page, form, "saved");
    let again = world.admin.api("GET", &format!("/api/oauth-clients/{id}"), None).json();
    assert_eq!(again, made);
}

#[test]
fn a_client_with_a_secret_is_not_made_public() {
    let world = World::start();
    let client = world.confidential(json!({ "name": "Board" }));
    let one = path_of(&client);
    let page = world.admin.visit(&one).is(200);
    let form = form_to(&page, &one).fill("name", "Another").untick("confidential", "1");
    let refused = world.admin.submit(&page, form).is(409);
    says(&refused, &["Delete its secrets first", "Another"]);
    let now = world.manage(&client, "GET", "", None).json();
    assert_eq!((&now["confidential"], &now["name"]), (&json!(true), &json!("Board")));
}

#[test]
fn a_client_is_made_from_a_template_and_a_built_in_one_once() {
    let world = bare_world();
    let choose = world.admin.visit(&format!("{CLIENTS}/new")).is(200);
    says(&choose, &["Generic App", "Informer CLI", "Informer GO", "Blank"]);
    let cli = format!("{CLIENTS}/new?template=Informer+CLI");
    assert!(choose.text().contains(&cli), "{choose}");
    let page = world.admin.visit(&cli).is(200);
    let form = form_to(&page, CLIENTS);
    let made = obeyed(&world.admin, &page, form, "The client is registered");
    says(&made, &["Informer CLI", "a6bd8f0f72b2c3275ff6", "from a template"]);

    let choose = world.admin.visit(&format!("{CLIENTS}/new")).is(200);
    assert!(!choose.text().contains(&cli), "it is offered no more: {choose}");
    says(&choose, &["Exists already"]);
    // A page that was open all the while.
    let page = world.admin.visit(&cli).is(200);
    let refused = world.admin.submit(&page, form_to(&page, CLIENTS)).is(409);
    says(&refused, &["exists already"]);

    let page = world
        .admin
        .visit(&format!("{CLIENTS}/new?template=Generic+App"))
        .is(200);
    for _ in 0..2 {
        let page = world.admin.visit(&page.url).is(200);
        let form = form_to(&page, CLIENTS);
        obeyed(&world.admin, &page, form, "My Application");
    }
}

#[test]
fn what_is_wrong_is_said_beside_the_field_and_what_was_typed_is_kept() {
    let world = World::start();
    let client = world.register(json!({ "name": "Board", "redirect_uri": ["https://app.example/cb"] }));
    let before = world.manage(&client, "GET", "", None).json();
    let long = "d".repeat(1001);
    for (field, value, remark) in [
        ("name", " ", "1 to 100 characters"),
        ("description", long.as_str(), "At most 1000 characters"),
        ("url", "http://plain.example/", "starts with https://"),
        ("url", "javascript:alert(1)", "starts with https://"),
        (
            "redirect_uri",
            "https://a.example/\r\njavascript:alert(1)",
            "“javascript:alert(1)”",
        ),
        ("redirect_uri", "https://a.example/#x", "fragment"),
        (
            "redirect_uri",
            "https://a.example/\r\nhttps://a.example/",
            "there twice",
        ),
        ("resources", "nope", "absolute URI"),
    ] {
        for (shown, path) in [
            (format!("{CLIENTS}/new?template="), CLIENTS.to_owned()),
            (path_of(&client), path_of(&client)),
        ] {
            let page = world.admin.visit(&shown).is(200);
            let form = form_to(&page, &path)
                .fill("name", "Kept name")
                .fill("description", "Kept words")
                .fill(field, value);
            let answer = world.admin.submit(&page, form).is(400);
            says(&answer, &[remark, "aria-invalid=\"true\"", "Problem: "]);
            let form = form_to(&answer, &path);
            let kept = |name: &str| form.fields.iter().find(|(known, _)| known == name).unwrap().1.clone();
            assert_eq!(kept(field).trim(), value.trim(), "{field}");
            if field != "description" {
                assert_eq!(kept("description"), "Kept words");
            }
            // Corrected, the same page goes through.
            if path != CLIENTS {
                continue;
            }
            let good = form
                .fill("name", "Corrected")
                .fill("description", "")
                .fill("url", "")
                .fill("redirect_uri", "")
                .fill("resources", "");
            world.admin.submit(&answer, good).is(303);
        }
    }
    assert_eq!(world.manage(&client, "GET", "", None).json(), before);
}

#[test]
fn every_field_can_be_changed() {
    let world = World::start();
    let client =
        world.confidential(json!({ "name": "Board", "scope": ["read:dataset"], "resources": ["https://a.example"] }));
    let one = path_of(&client);
    let page = world.admin.visit(&one).is(200);
    let form = form_to(&page, &one)
        .fill("name", "Another")
        .fill("description", "Words")
        .fill("url", "https://another.example/")
        .fill("redirect_uri", "https://another.example/cb")
        .fill("resources", "")
        .choose("pkce", "1")
        .untick("enableRefreshTokens", "1")
        .choose("introspect", "1")
        .untick("enabled", "1");
    let page = obeyed(
        &world.admin,
        &page,
        tick(form, &["write:global"]),
        "Your changes are saved",
    );
    says(&page, &["Another", "Disabled", "Enable this client"]);
    let now = world.manage(&client, "GET", "", None).json();
    for (field, value) in [
        ("name", json!("Another")),
        ("description", json!("Words")),
        ("url", json!("https://another.example/")),
        ("redirect_uri", json!(["https://another.example/cb"])),
        ("resources", json!([])),
        ("pkce", json!(true)),
        ("enableRefreshTokens", json!(false)),
        ("introspect", json!(true)),
        ("enabled", json!(false)),
        ("scope", json!(["write:global"])),
    ] {
        assert_eq!(now[field], value, "{field}");
    }
    let event = world.events(&client).remove(0);
    assert!(
        is_of_kind(&event, "client.updated") && is_of_kind(&event, "admin"),
        "{event}"
    );
}

#[test]
fn of_two_edits_neither_is_lost_and_both_are_shown() {
    let world = World::start();
    let client =
        world.register(json!({ "name": "Board", "description": "Old", "redirect_uri": ["https://a.example/cb"] }));
    let one = path_of(&client);
    let mine = world.admin.visit(&one).is(200);
    world.patch(&client, &json!({ "description": "Theirs" }));

    let form = form_to(&mine, &one)
        .fill("description", "Mine")
        .fill("name", "My board");
    let conflict = world.admin.submit(&mine, form).is(412);
    says(
        &conflict,
        &["Somebody changed this client meanwhile", "Theirs", "Mine", "My board"],
    );
    let now = world.manage(&client, "GET", "", None).json();
    assert_eq!((&now["name"], &now["description"]), (&json!("Board"), &json!("Theirs")));

    // Once more somebody is faster: again nothing is lost.
    world.patch(&client, &json!({ "url": "https://theirs.example/" }));
    let form = form_to(&conflict, &one);
    let conflict = world.admin.submit(&conflict, form).is(412);
    says(&conflict, &["https://theirs.example/"]);
    // Seen and wanted.
    let form = form_to(&conflict, &one).fill("url", "https://theirs.example/");
    obeyed(&world.admin, &conflict, form, "saved");
    let now = world.manage(&client, "GET", "", None).json();
    assert_eq!(
        (&now["name"], &now["description"], &now["url"]),
        (&json!("My board"), &json!("Mine"), &json!("https://theirs.example/"))
    );

    // A form that does not say what it started from is no way around it.
    for version in [None, Some(""), Some("x"), Some("-1")] {
        let page = world.admin.visit(&one).is(200);
        let form = form_to(&page, &one).fill("name", "Sneaked in");
        let form = match version {
            None => form.without("version"),
            Some(version) => form.fill("version", version),
        };
        world.admin.submit(&page, form).is(412);
    }
    assert_eq!(world.manage(&client, "GET", "", None).json()["name"], "My board");
}

#[test]
fn a_client_is_switched_off_and_on() {
    let world = World::start();
    let client = world.public_client();
    let one = path_of(&client);
    let switch = |page: &Answer, enabled: &str, says: &str| {
        let form = form_to(page, &format!("{one}/enabled")).press("enabled", enabled);
        obeyed(&world.admin, page, form, says)
    };
    let page = world.admin.visit(&one).is(200);
    let page = switch(&page, "false", "The client is disabled");
    world.admin.visit(&Ask::of(&client).page()).is(400);
    let list = world.admin.visit(CLIENTS).is(200);
    says(&list, &["Disabled"]);
    switch(&page, "true", "The client is enabled");
    world.admin.visit(&Ask::of(&client).page()).is(200);
}

#[test]
fn the_list_is_searched_sorted_and_shown_in_parts() {
    let world = bare_world();
    let empty = world.admin.visit(CLIENTS).is(200);
    says(&empty, &["No clients yet"]);
    for number in 0..25 {
        world.register(json!({ "name": format!("Board {number:02}"), "description": format!("100% of {number}") }));
    }
    let first = world.admin.visit(CLIENTS).is(200);
    says(&first, &["Board 00", "Board 19", "1–20 of 25", "rel=\"next\""]);
    is_silent_about(&first, &["Board 20", "rel=\"prev\""]);
    let second = world.admin.visit(&format!("{CLIENTS}?start=20")).is(200);
    says(&second, &["Board 20", "Board 24", "21–25 of 25", "rel=\"prev\""]);
    is_silent_about(&second, &["Board 19", "rel=\"next\""]);

    let newest = world.admin.visit(&format!("{CLIENTS}?sort=-createdAt")).is(200);
    says(&newest, &["Board 24", "Board 05", "sort=-createdAt&start=20"]);
    is_silent_about(&newest, &["Board 04"]);
    let found = world.admin.visit(&format!("{CLIENTS}?q=bOARD+07")).is(200);
    says(&found, &["Board 07"]);
    is_silent_about(&found, &["Board 08", "Pages"]);
    for (q, total) in [("%25", 25), ("_", 0), ("'", 0), ("%3Cscript%3E", 0)] {
        let page = world.admin.visit(&format!("{CLIENTS}?q={q}")).is(200);
        let shown = page.text().matches("class=\"named\"").count();
        assert_eq!(shown, total.min(20), "{q}: {page}");
        assert!(!page.text().contains("<script>"), "{page}");
    }
    // An address that makes no sense shows the beginning.
    for query in [
        "start=-1",
        "start=x&start=y",
        "sort=nothing",
        "start=99999999999999999999",
        "q=%00",
    ] {
        let page = world.admin.visit(&format!("{CLIENTS}?{query}")).is(200);
        says(&page, &["Board 00"]);
    }
    let beyond = world.admin.visit(&format!("{CLIENTS}?start=40")).is(200);
    says(&beyond, &["rel=\"prev\""]);
}

#[test]
fn markup_in_a_clients_name_description_and_search_is_text_on_every_page() {
    let world = World::start();
    let hostile = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let client = world.confidential(json!({ "name": hostile, "description": hostile }));
    world.tokens(&client);
    let one = path_of(&client);
    for path in [
        CONSOLE.to_owned(),
        CLIENTS.to_owned(),
        one.clone(),
        format!("{one}/secrets"),
        format!("{one}/tokens"),
        format!("{one}/delete"),
        format!("{CONSOLE}/tokens?username=admin"),
        format!("{CONSOLE}/events?client={}", client.id),
        format!("{CLIENTS}?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
        format!("{CONSOLE}/tokens?username=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
        format!("{CONSOLE}/events?client=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&from=%22%3E%3Cscript%3E"),
    ] {
        let page = world.admin.visit(&path).is(200);
        let text = page.text();
        assert!(text.contains("&#60;script&#62;"), "{path}: {page}");
        assert!(
            !text.contains("<script>") && !text.contains("<img src=x"),
            "{path}: {page}"
        );
    }
    // Typed into the form and sent back, too.
    let page = world.admin.visit(&one).is(200);
    let form = form_to(&page, &one).fill("url", hostile).fill("redirect_uri", hostile);
    let answer = world.admin.submit(&page, form).is(400);
    assert!(!answer.text().contains("<script>"), "{answer}");
}

#[test]
fn deleting_needs_the_name() {
    let world = World::start();
    let client = world.confidential(json!({ "name": "Sales board" }));
    let token = world.tokens(&client).access;
    let deleting = format!("{}/delete", path_of(&client));
    let mut page = world.admin.visit(&deleting).is(200);
    for typed in ["", "sales board", "Sales", "Sales board!", "<script>"] {
        let form = form_to(&page, &deleting).fill("name", typed);
        page = world.admin.submit(&page, form).is(400);
        says(&page, &["That is not its name"]);
        assert!(!page.text().contains("<script>"), "{page}");
    }
    let form = form_to(&page, &deleting).without("name");
    world.admin.submit(&page, form).is(400);
    assert!(world.works(&token), "nothing was deleted");

    // What counts is what it is called now.
    let page = world.admin.visit(&deleting).is(200);
    world.patch(&client, &json!({ "name": "Renamed" }));
    let form = form_to(&page, &deleting).fill("name", "Sales board");
    let page = world.admin.submit(&page, form).is(400);
    let form = form_to(&page, &deleting).fill("name", " Renamed ");
    obeyed(&world.admin, &page, form, "The client is deleted");
    world.manage(&client, "GET", "", None).is(404);
    assert!(comes_true(A_SECOND, || !world.works(&token)));
    world.admin.visit(&path_of(&client)).is(404);
}
