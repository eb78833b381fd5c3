//! Lists: pages, searching, sorting, and the flat list for every user.

use crate::support::*;

const RELATION: &str = "inf:oauth-client";

fn names(page: &Value) -> Vec<String> {
    let items = page["_embedded"][RELATION]
        .as_array()
        .unwrap_or_else(|| panic!("{page}"));
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

fn empty_world() -> World {
    World::start_with(&[("INFORMER_OAUTH__BOOTSTRAP__BUILTIN_CLIENTS", "false")])
}

#[test]
fn a_page_says_where_it_is_and_links_to_its_neighbours() {
    let world = empty_world();
    for number in 1..=7 {
        world.register(json!({ "name": format!("App {number}") }));
    }
    let list = |target: &str| world.admin.api("GET", target, None).is(200).json();
    let all = list("/api/oauth-clients");
    assert_eq!(members(&all), ["_embedded", "_links", "count", "start", "total"]);
    assert_eq!(
        (&all["start"], &all["count"], &all["total"]),
        (&json!(0), &json!(7), &json!(7))
    );
    assert_eq!(members(&all["_links"]), ["self"]);
    // Followed from one to the next, forwards and back.
    let mut seen = Vec::new();
    let mut page = list("/api/oauth-clients?limit=3&sort=name");
    loop {
        seen.extend(names(&page));
        assert_eq!(page["total"], 7);
        match page["_links"]["next"]["href"].as_str() {
            Some(next) => page = list(next),
            None => break,
        }
    }
    assert_eq!(seen, (1..=7).map(|number| format!("App {number}")).collect::<Vec<_>>());
    assert_eq!((&page["start"], &page["count"]), (&json!(6), &json!(1)));
    let before = list(page["_links"]["prev"]["href"].as_str().unwrap());
    assert_eq!(names(&before), ["App 4", "App 5", "App 6"]);
    let first = list(before["_links"]["prev"]["href"].as_str().unwrap());
    assert_eq!(members(&first["_links"]), ["next", "self"]);
    assert_eq!(list(first["_links"]["self"]["href"].as_str().unwrap()), first);
    let beyond = list("/api/oauth-clients?start=100");
    assert_eq!((&beyond["count"], &beyond["total"]), (&json!(0), &json!(7)));
    let last = list("/api/oauth-clients?start=6&limit=1&sort=name");
    assert_eq!(members(&last["_links"]), ["prev", "self"]);
}

#[test]
fn a_parameter_out_of_range_is_400_and_named() {
    let world = empty_world();
    for (key, bad) in [
        ("start", ["-1", "x", "", "1.5", "99999999999999999999"].as_slice()),
        ("limit", &["0", "201", "-1", "x", "", "1e2"]),
        ("sort", &["nonsense", "-", "--name", "name,createdAt", "password", "'"]),
    ] {
        for value in bad {
            let query = form_encoded(&[(key, value)]);
            world
                .admin
                .api("GET", &format!("/api/oauth-clients?{query}"), None)
                .blames("query", key);
        }
        world
            .admin
            .api("GET", &format!("/api/oauth-clients?{key}=1&{key}=2"), None)
            .blames("query", key);
    }
    for fine in [
        "limit=1",
        "limit=200",
        "start=0",
        "sort=name",
        "sort=-name",
        "sort=createdAt",
        "sort=-createdAt",
    ] {
        world
            .admin
            .api("GET", &format!("/api/oauth-clients?{fine}"), None)
            .is(200);
    }
    let client = world.public_client();
    for below in ["/tokens", "/events"] {
        for query in ["limit=201", "limit=0", "start=-1"] {
            world
                .manage(&client, "GET", &format!("{below}?{query}"), None)
                .api_error(400, "Bad Request");
        }
    }
}

#[test]
fn searching_finds_a_case_insensitive_part_of_name_or_description_and_takes_metacharacters_as_data() {
    let world = empty_world();
    world.register(json!({ "name": "Sales Board", "description": "for the north" }));
    world.register(json!({ "name": "100% sure", "description": "a_b" }));
    world.register(json!({ "name": "O'Reilly \"quoted\" \\ back" }));
    world.register(json!({ "name": "Plain" }));
    let find = |text: &str| {
        let query = form_encoded(&[("q", text), ("sort", "name")]);
        names(
            &world
                .admin
                .api("GET", &format!("/api/oauth-clients?{query}"), None)
                .is(200)
                .json(),
        )
    };
    assert_eq!(find("sales"), ["Sales Board"]);
    assert_eq!(find("BOARD"), ["Sales Board"]);
    assert_eq!(find("North"), ["Sales Board"]);
    assert_eq!(find("%"), ["100% sure"]);
    assert_eq!(find("_"), ["100% sure"]);
    assert_eq!(find("0%"), ["100% sure"]);
    assert_eq!(find("'"), ["O'Reilly \"quoted\" \\ back"]);
    assert_eq!(find("\\"), ["O'Reilly \"quoted\" \\ back"]);
    assert_eq!(find("\""), ["O'Reilly \"quoted\" \\ back"]);
    assert_eq!(find("' OR 1=1 --").len(), 0);
    assert_eq!(find("*").len(), 0);
    assert_eq!(find("").len(), 4);
    assert_eq!(find(&"x".repeat(3000)).len(), 0);
}

#[test]
fn sorting_goes_both_ways() {
    let world = empty_world();
    for name in ["beta", "Alpha", "gamma"] {
        world.register(json!({ "name": name }));
    }
    let by = |sort: &str| {
        names(
            &world
                .admin
                .api("GET", &format!("/api/oauth-clients?sort={sort}"), None)
                .is(200)
                .json(),
        )
    };
    assert_eq!(by("createdAt"), ["beta", "Alpha", "gamma"]);
    assert_eq!(by("-createdAt"), ["gamma", "Alpha", "beta"]);
    let mut ascending = by("name");
    let descending = by("-name");
    ascending.reverse();
    assert_eq!(ascending, descending);
    assert_eq!(descending, ["gamma", "beta", "Alpha"]);
}

#[test]
fn pages_stay_stable_while_clients_are_added() {
    let world = empty_world();
    for number in 0..6 {
        world.register(json!({ "name": format!("App {number}") }));
    }
    let first = world
        .admin
        .api("GET", "/api/oauth-clients?sort=createdAt&limit=3", None)
        .json();
    world.register(json!({ "name": "Late" }));
    let next = world
        .admin
        .api("GET", first["_links"]["next"]["href"].as_str().unwrap(), None)
        .json();
    assert_eq!(names(&next), ["App 3", "App 4", "App 5"]);
}

#[test]
fn every_user_gets_a_flat_list_with_pictures_and_304_while_nothing_changes() {
    let world = World::start();
    let ada = world.user("ada");
    let client = world.register(
        json!({ "name": "Board", "description": "Charts", "redirect_uri": ["https://board.example/secret-path"] }),
    );
    let answer = ada.api("GET", "/api/oauth-clients-list", None).is(200);
    let list = answer.json();
    let items = list.as_array().expect("a flat array");
    assert_eq!(items.len(), 3);
    let board = items.iter().find(|item| item["name"] == "Board").unwrap();
    assert_eq!(
        (&board["id"], &board["client_id"]),
        (&json!(client.id), &json!(client.client_id))
    );
    let icon = board["iconUrl"].as_str().unwrap();
    assert!(
        world
            .http
            .get(icon)
            .is(200)
            .header("content-type")
            .unwrap()
            .starts_with("image/")
    );
    assert!(
        !answer.text().contains("secret-path"),
        "redirect URIs are the administrators' business"
    );
    let tag = answer.header("etag").unwrap().to_owned();
    let ask = |tag: &str| ada.send(Request::get("/api/oauth-clients-list").header("If-None-Match", tag));
    let same = ask(&tag);
    assert_eq!((same.status, same.body.len()), (304, 0), "{same}");
    assert_eq!(same.header("etag"), Some(tag.as_str()));
    assert_eq!(ask(&format!("W/{tag}")).status, 304, "weak comparison");
    assert_eq!(ask(&format!("\"x\", {tag}")).status, 304);
    assert_eq!(ask("\"x\"").status, 200);
    world.patch(&client, &json!({ "name": "Renamed" }));
    assert!(comes_true(A_SECOND, || ask(&tag).status == 200));
}
