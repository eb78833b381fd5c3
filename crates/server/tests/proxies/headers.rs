//! What a caller writes into a request to be somebody else, or to have something else judged than what Informer gets.

use informer_oauth_testkit::informer::SeenRequest;

use crate::{
    behind_each,
    site::{Site, head},
    support::{Ask, Browser, Request, consent},
};

fn values<'a>(request: &'a SeenRequest, name: &str) -> Vec<&'a str> {
    let found = request.headers.iter().filter(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str()).collect()
}

fn nobody_is_somebody_else_by_a_header_of_their_own(site: &Site) {
    let token = site.token("read:dataset");
    let forged = |request: Request, name: &str| request.header(name, "root");
    for name in [
        "X-Informer-User",
        "x-informer-user",
        "X-INFORMER-USER",
        "X-Informer-Client",
        "X-Informer-Scope",
        "X-Informer-Token",
    ] {
        let (answer, seen) = site.send(forged(Request::get("/api/datasets").bearer(&token), name));
        assert_eq!(answer.status, 200, "{name}: {answer}");
        assert_eq!(values(&seen[0], "x-informer-user"), ["admin"], "{name}");
        assert_eq!(values(&seen[0], "x-informer-scope"), ["read:dataset"], "{name}");
        assert!(
            !seen[0].headers.iter().any(|(_, value)| value == "root"),
            "{name}: {seen:?}"
        );
        let (_, seen) = site.send(forged(Request::get("/api/datasets"), name));
        assert!(
            !seen
                .iter()
                .flat_map(|request| &request.headers)
                .any(|(known, _)| known.starts_with("x-informer")),
            "{name}: {seen:?}"
        );
    }
    // Names that the gate does not give, and ways to write them that some servers take for the same.
    for name in [
        "X-Informer-Superuser",
        "X-Informer-",
        "X_Informer_User",
        "X-Informer_User",
        "x_informer_user",
    ] {
        for request in [
            Request::get("/api/datasets"),
            Request::get("/api/datasets").bearer(&token),
        ] {
            let (_, seen) = site.send(forged(request, name));
            assert!(
                !seen
                    .iter()
                    .flat_map(|request| &request.headers)
                    .any(|(_, value)| value == "root"),
                "{name}: {seen:?}"
            );
        }
    }
}

fn headers_that_speak_for_the_proxy_change_nothing(site: &Site) {
    let token = site.token("read:dataset");
    let pairs = [
        [("X-Original-Method", "GET"), ("X-Original-URI", "/api/datasets")],
        [("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/api/datasets")],
        [("X-HTTP-Method-Override", "GET"), ("X-Original-URL", "/api/datasets")],
        [("X-HTTP-Method", "GET"), ("X-Rewrite-URL", "/api/datasets")],
        [("X-Method-Override", "GET"), ("X-Forwarded-Prefix", "/api/datasets")],
    ];
    for pair in pairs {
        let with = |request: Request| {
            pair.iter().fold(request.bearer(&token), |request, (name, value)| {
                request.header(name, value)
            })
        };
        for (method, target) in [("GET", "/api/users"), ("DELETE", "/api/datasets/sales")] {
            let (answer, seen) = site.send(with(Request::new(method, target)));
            assert_eq!(answer.status, 403, "{pair:?}: {answer}");
            assert!(seen.is_empty(), "{pair:?}: {seen:?}");
        }
    }
    // Nor does Informer hear of another method or path than the request's own.
    let overriding = [
        "X-Original-Method",
        "X-Original-URI",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-HTTP-Method",
        "X-HTTP-Method-Override",
        "X-Method-Override",
    ];
    let request = overriding.iter().fold(Request::get("/api/datasets"), |request, name| {
        request.header(name, "DELETE")
    });
    let (_, seen) = site.send(request.bearer(&token));
    let heard = seen
        .iter()
        .flat_map(|request| &request.headers)
        .any(|(_, value)| value == "DELETE");
    assert!(!heard, "{seen:?}");
}

fn the_callers_address_is_the_proxys_word(site: &Site) {
    let request = Request::get("/api/datasets")
        .header("X-Forwarded-For", "203.0.113.66")
        .header("Forwarded", "for=203.0.113.66")
        .header("X-Real-IP", "203.0.113.66");
    let (_, seen) = site.send(request);
    assert_eq!(values(&seen[0], "x-forwarded-for").len(), 1, "{seen:?}");
    let heard = seen[0].headers.iter().any(|(_, value)| value.contains("203.0.113.66"));
    assert!(!heard, "{seen:?}");
}

fn two_tokens_or_a_broken_one_are_none(site: &Site) {
    let (reads, writes) = (site.token("read:dataset"), site.token("write:global"));
    let reads = format!("Authorization: Bearer {reads}");
    let writes = format!("Authorization: Bearer {writes}");
    for lines in [
        [reads.as_str(), writes.as_str()],
        [&writes, &reads],
        [&reads, "Authorization: Basic dXNlcjpwYXNzd29yZA=="],
        [&writes, "Authorization: Basic dXNlcjpwYXNzd29yZA=="],
        ["Authorization: Basic dXNlcjpwYXNzd29yZA==", &writes],
        [&reads, "authorization: bearer x"],
        ["Authorization: Bearer ", "X-Nothing: x"],
        ["Authorization: Bearer x y", "X-Nothing: x"],
    ] {
        let (answer, seen) = site.send_bytes(head("DELETE", "/api/datasets/sales", &lines));
        assert!(seen.is_empty(), "{lines:?}: {seen:?}");
        let status = answer.map(|answer| answer.status);
        assert!(
            status.is_some_and(|status| (400..500).contains(&status)),
            "{lines:?}: {status:?}"
        );
    }
}

fn a_header_named_as_hop_by_hop_is_not_lost_between_judging_and_passing_on(site: &Site) {
    let reads = format!("Authorization: Bearer {}", site.token("read:dataset"));
    for named in [
        "Authorization",
        "authorization, X-Forwarded-Method",
        "X-Forwarded-Uri",
        "X-Informer-User",
        "X-Informer-Scope",
    ] {
        let connection = format!("Connection: close, {named}");
        let (_, seen) = site.send_bytes(head("DELETE", "/api/datasets/sales", &[&connection, &reads]));
        for request in &seen {
            // Without its token it is a request without a token, and Informer sees none.
            assert!(values(request, "authorization").is_empty(), "{named}: {request:?}");
            assert!(values(request, "x-informer-user").is_empty(), "{named}: {request:?}");
        }
        let (_, seen) = site.send_bytes(head("GET", "/api/datasets", &[&connection, &reads]));
        for request in seen.iter().filter(|request| request.header("authorization").is_some()) {
            assert_eq!(values(request, "x-informer-user"), ["admin"], "{named}: {request:?}");
            assert_eq!(
                values(request, "x-informer-scope"),
                ["read:dataset"],
                "{named}: {request:?}"
            );
        }
    }
}

fn one_request_is_one_request(site: &Site) {
    let reads = format!("Authorization: Bearer {}", site.token("read:dataset"));
    let hidden = format!("DELETE /api/users HTTP/1.1\r\nHost: bi.example\r\nX-Informer-User: root\r\n{reads}\r\n\r\n");
    let length = |count: usize| format!("Content-Length: {count}");
    let whole = length(hidden.len() + 5);
    let framings: &[&[&str]] = &[
        &["Transfer-Encoding: chunked", "Content-Length: 5"],
        &["Content-Length: 5", "Transfer-Encoding: chunked"],
        &[&whole, "Transfer-Encoding: chunked"],
        &["Content-Length: 5", "Content-Length: 0"],
        &["Content-Length: 0", &whole],
        &["Transfer-Encoding: xchunked", "Content-Length: 5"],
        &["Transfer-Encoding : chunked", &whole],
        &["Transfer-Encoding:\u{b}chunked", &whole],
        &["Transfer-Encoding: chunked", "Transfer-Encoding: identity", &whole],
        &["Transfer-Encoding: chunked, identity", &whole],
        &["Content-Length: +5"],
        &["Content-Length: 5,5"],
        &["X-Fold: a\r\n Transfer-Encoding: chunked", &whole],
    ];
    for framing in framings {
        let lines = [&["Connection: keep-alive", reads.as_str()], *framing].concat();
        let bytes = format!(
            "{}0\r\n\r\n{hidden}",
            head("POST", "/api/datasets/sales/_search", &lines)
        );
        let (_, seen) = site.send_bytes_and_then(&bytes);
        for request in &seen {
            assert_eq!(request.path, "/api/datasets/sales/_search", "{framing:?}: {seen:?}");
            assert_eq!(values(request, "x-informer-user"), ["admin"], "{framing:?}");
        }
        assert!(seen.len() <= 1, "{framing:?}: {seen:?}");
    }
    // Two requests, one behind the other, are two, each judged by itself.
    let first = head("GET", "/api/datasets", &["Connection: keep-alive", &reads]);
    let second = head("DELETE", "/api/datasets/sales", &["Connection: keep-alive", &reads]);
    let (answer, seen) = site.send_bytes_and_then(&(first + &second));
    assert_eq!(answer.unwrap().status, 200);
    let seen: Vec<_> = seen.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(seen, ["GET"]);
}

fn methods_are_what_they_are(site: &Site) {
    let reads = format!("Authorization: Bearer {}", site.token("read:dataset"));
    for method in [
        "get",
        "Get",
        "BREW",
        "TRACE",
        "CONNECT",
        "GET\tDELETE",
        "PROPFIND",
        "_GET",
    ] {
        let (answer, seen) = site.send_bytes(head(method, "/api/datasets/sales", &[&reads]));
        assert!(seen.is_empty(), "{method}: {seen:?}");
        assert!(answer.is_none_or(|answer| answer.status >= 400), "{method}");
    }
}

fn only_websockets_leave_http(site: &Site) {
    let reads = format!("Authorization: Bearer {}", site.token("read:dataset"));
    for (upgrade, connection) in [
        ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"),
        ("Upgrade: h2c, websocket", "Connection: Upgrade, HTTP2-Settings"),
        ("Upgrade: TLS/1.0", "Connection: Upgrade"),
    ] {
        let lines = [connection, upgrade, "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", &reads];
        let (answer, seen) = site.send_bytes(head("GET", "/api/datasets", &lines));
        assert!(answer.is_none_or(|answer| answer.status != 101), "{upgrade}");
        for request in &seen {
            assert!(values(request, "upgrade").is_empty(), "{upgrade}: {request:?}");
        }
    }
}

fn no_header_makes_more_of_a_token_than_it_is(site: &Site) {
    nobody_is_somebody_else_by_a_header_of_their_own(site);
    headers_that_speak_for_the_proxy_change_nothing(site);
    the_callers_address_is_the_proxys_word(site);
    two_tokens_or_a_broken_one_are_none(site);
    a_header_named_as_hop_by_hop_is_not_lost_between_judging_and_passing_on(site);
    one_request_is_one_request(site);
    methods_are_what_they_are(site);
    only_websockets_leave_http(site);
}

fn longest_state_comes_through(site: &Site) {
    let client = site.world.public_client();
    for state in ["é".repeat(1024), "%".repeat(2048)] {
        let ask = Ask::of(&client).with("state", &state).with("prompt", "consent");
        let browser = Browser::new(site.base().as_str());
        let to_sign_in = browser.open(&ask.page()).is(303);
        assert!(to_sign_in.header("location").unwrap().len() < 4000, "{to_sign_in}");
        browser.follow(to_sign_in).is(200);

        for (name, value) in site.world.admin.cookies() {
            browser.set_cookie(&name, &value);
        }
        let page = browser.open(&ask.page()).is(200);
        let form = consent(&page).press("decision", "allow");
        let answer = browser
            .submit_from(&page, form, &[("Sec-Fetch-Site", "same-origin")])
            .is(303);
        assert_eq!(answer.redirected().get("state"), Some(state));
    }
}

behind_each!(no_header_makes_more_of_a_token_than_it_is, longest_state_comes_through);
