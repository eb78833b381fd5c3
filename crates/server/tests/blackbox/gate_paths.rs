//! How the gate reads the path of a request with a token of ours.

use crate::support::{wire, *};

/// Status and `error_description` of the gate's answer to a GET.
fn asked(world: &World, uri: &str, token: &str) -> (u16, String) {
    let answer = world.gate("GET", uri, Some(token));
    assert_eq!(
        answer.header("x-informer-user").is_some(),
        answer.status == 200,
        "{answer}"
    );
    let why = if answer.status == 403 {
        answer.json()["error_description"].as_str().unwrap().to_owned()
    } else {
        String::new()
    };
    (answer.status, why)
}

#[test]
fn equal_paths_are_judged_alike() {
    let world = World::start();
    let client = world.public_client();
    let token = world.tokens_with(&client, "read:dataset").access;
    for uri in [
        "/api/datasets/sales",
        "/api/datasets/",
        "/api/%64atasets",
        "/api/datasets?../users",
        "/api/datasets?q=müller",
        "/api/datasets?q=a#b",
        "/api/datasets?q=%zz%00;\\..//",
        "/api/datasets/%C3%A9",
        "/api/datasets/%c3%a9",
        "/api/datasets/müller",
        "/api/datasets/a%2Fb",
        "/api/datasets/v1;a",
        "/api/datasets/v1%3Ba",
        "/api/datasets/Acme%20Inc.",
        "/api/datasets/sales%20",
    ] {
        assert_eq!(asked(&world, uri, &token).0, 200, "{uri}");
    }
}

#[test]
fn paths_that_servers_resolve_or_read_differently_are_403_with_the_reason() {
    let world = World::start();
    let client = world.public_client();
    let token = world.tokens_with(&client, "write:global").access;
    for (reason, uris) in [
        (
            "dot segment",
            &[
                "/api/./datasets",
                "/api/datasets/.",
                "/api/reports/../datasets",
                "/api/reports/%2e%2e/datasets",
                "/api/reports/%2E%2e/datasets",
                "/api/reports/.%2E/datasets",
                "/../api/datasets",
                "/..",
                "/api/datasets/..%2fusers",
                "/api/datasets%2f..%2fusers",
                "/api/datasets/..;/users",
                "/api/datasets/..;x=1/users",
            ][..],
        ),
        (
            "empty segment",
            &[
                "//",
                "//api/datasets",
                "/api//datasets",
                "/api/datasets//",
                "/api/datasets/%3b/x",
                "/api/datasets/...",
                "/api/datasets/a%2F",
                "/api/datasets/a%2f%2fb",
            ],
        ),
        ("backslash", &["/api/datasets/..%5cusers", "/api/datasets\\..\\users"]),
        (
            "encoded twice",
            &[
                "/api/datasets/%252e%252e/users",
                "/api/datasets/%25%32%65%25%32%65/users",
            ],
        ),
        ("control character", &["/api/datasets/%00", "/api/datasets/%0a"]),
        (
            "broken percent-escape",
            &["/api/datasets/%", "/api/datasets/%zz", "/api/datasets/%u002e"],
        ),
        ("not UTF-8", &["/api/datasets/%ff", "/api/datasets/%c0%ae%c0%ae/users"]),
        ("fragment", &["/api/datasets#/../users"]),
        (
            "does not start with '/'",
            &[
                "api/datasets",
                "*",
                "bi.example:443",
                "https://bi.example/api/datasets",
                "HTTP://bi.example:8080/api/datasets",
                "https://user@bi.example/api/datasets",
                "https:/api/datasets",
                "file:///api/datasets",
            ],
        ),
        (
            "servers read the path differently",
            &[
                "/api%2fdatasets",
                "/api/datasets;x=1",
                "/api/datasets./sales",
                "/api/users/admin%2Fx",
                "/api/users/admin.",
            ],
        ),
    ] {
        for uri in uris {
            let (status, why) = asked(&world, uri, &token);
            assert_eq!(status, 403, "{uri}");
            assert!(why.contains(reason), "{uri}: {why}");
        }
    }
}

#[test]
fn letter_case_and_other_rows_stay_out_of_reach() {
    let world = World::start();
    let client = world.public_client();
    let token = world.tokens_with(&client, "read:dataset").access;
    for uri in [
        "/api/Datasets",
        "/API/datasets",
        "/api/DATASETS/sales",
        "/api/users%2Fdatasets",
    ] {
        assert_eq!(asked(&world, uri, &token).0, 403, "{uri}");
    }
}

#[test]
fn no_path_is_judged_without_a_token_of_ours() {
    let world = World::start_with(&[("INFORMER_OAUTH__GATE__FOREIGN_TOKENS", "pass")]);
    for uri in [
        "/api/libraries/a/contents/js%2Fapp.js",
        "/api/files/v1;a",
        "/api/datasets/Acme%20Inc.",
        "/api/datasets?q=müller",
        "/api/datasets?q=a#b",
        "/api/datasets/müller",
        "/api/datasets/../users",
        "/api//datasets",
        "/api/%zz",
        "/api/%ff",
        "nonsense",
    ] {
        world.gate("GET", uri, None).is(204);
        world.gate("GET", uri, Some("an-informer-api-token")).is(204);
    }
    // Bytes that are no UTF-8 spoil nothing either.
    let head = b"GET /oauth/verify HTTP/1.1\r\nHost: bi.example\r\nConnection: close\r\nX-Original-Method: GET\r\nX-Original-URI: /api/m\xfcller?q=\xff\r\n\r\n";
    assert_eq!(wire::exchange(&world.base_url(), head).unwrap().status, 204);
}
