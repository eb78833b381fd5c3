#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn headers(sent: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(
            name.parse().unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    headers
}

fn judged(sent: &[(&str, &str)]) -> Option<(String, String)> {
    let headers = headers(sent);
    let pair = original_pair(&headers);
    pair.map(|(method, uri)| (method.to_owned(), String::from_utf8(uri.to_vec()).unwrap()))
}

fn judged_by_path(target: &str, sent: &[(&str, &str)]) -> Option<(String, String)> {
    let headers = headers(sent);
    let asked = asked(&Method::DELETE, target, &headers).0;
    asked.map(|(method, uri)| (method.to_owned(), String::from_utf8(uri.to_vec()).unwrap()))
}

#[test]
fn either_pair_will_do() {
    let expected = Some(("GET".to_owned(), "/api/x".to_owned()));
    assert_eq!(
        judged(&[("x-original-method", "GET"), ("x-original-uri", "/api/x")]),
        expected
    );
    assert_eq!(
        judged(&[("x-forwarded-method", "GET"), ("x-forwarded-uri", "/api/x")]),
        expected
    );
    let both = [
        ("x-forwarded-method", "GET"),
        ("x-forwarded-uri", "/api/x"),
        ("x-original-method", "GET"),
        ("x-original-uri", "/api/x"),
    ];
    assert_eq!(judged(&both), expected);
}

#[test]
fn whatever_a_client_adds_to_the_proxys_headers_is_no_way_round() {
    let own = [("x-original-method", "POST"), ("x-original-uri", "/api/x")];
    for added in [
        ("x-original-method", "GET"),
        ("x-original-uri", "/"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-uri", "/"),
        ("x-forwarded-uri", ""),
        ("x-forwarded-uri", "ä"),
    ] {
        assert_eq!(judged(&[own.as_slice(), &[added]].concat()), None, "{added:?}");
    }
}

#[test]
fn half_a_pair_is_none() {
    assert_eq!(judged(&[]), None);
    assert_eq!(judged(&[("x-original-method", "GET")]), None);
    assert_eq!(judged(&[("x-original-uri", "/api/x")]), None);
    assert_eq!(
        judged(&[("x-original-method", "GET"), ("x-forwarded-uri", "/api/x")]),
        None
    );
}

#[test]
fn a_path_behind_the_gates_own_is_the_original_one_as_it_was_written() {
    for uri in [
        "/api/x",
        "/",
        "//api",
        "/api/%2e%2e/x?a=/b&c",
        "/oauth/verify/x",
        "/api/../x",
        "/api/x;y",
    ] {
        let expected = Some(("DELETE".to_owned(), uri.to_owned()));
        assert_eq!(judged_by_path(&format!("/oauth/verify{uri}"), &[]), expected, "{uri}");
    }
    for target in [
        "/oauth/verify",
        "/oauth/verify?x=/api/x",
        "/oauth/%76erify/api/x",
        "/oauth/verifyapi/x",
    ] {
        assert_eq!(judged_by_path(target, &[]), None, "{target}");
    }
}

#[test]
fn a_path_and_headers_that_differ_are_no_question() {
    let target = "/oauth/verify/api/x";
    assert!(
        judged_by_path(
            target,
            &[("x-original-uri", "/api/x"), ("x-forwarded-method", "DELETE")]
        )
        .is_some()
    );
    for added in [
        ("x-original-method", "GET"),
        ("x-forwarded-method", "GET"),
        ("x-original-uri", "/api/y"),
        ("x-forwarded-uri", "/"),
        ("x-forwarded-uri", ""),
    ] {
        assert_eq!(judged_by_path(target, &[added]), None, "{added:?}");
    }
    // A pair of headers is not heard at a path that only looks like the gate's.
    let pair = [("x-original-method", "GET"), ("x-original-uri", "/api/x")];
    assert_eq!(judged_by_path("/oauth/%76erify/api/y", &pair), None);
}

#[test]
fn a_header_of_ours_that_nobody_overwrites_is_seen() {
    for (name, seen) in [
        ("x-informer-user", false),
        ("x-informer-token", false),
        ("x-informer-superuser", true),
        ("X-Informer-", true),
        ("x_informer_user", true),
        ("X-Informer_User", true),
        ("X_Informer-User", true),
        ("x-informer_superuser", true),
        ("x-informers", false),
    ] {
        assert_eq!(brings_ours(&headers(&[(name, "x")])), seen, "{name}");
    }
}

#[test]
fn upgrade_is_seen_in_each_header_that_a_proxy_may_send() {
    for (name, value, seen) in [
        ("x-original-upgrade", "websocket", true),
        ("upgrade", "websocket", true),
        ("sec-websocket-key", "x", true),
        ("x-original-upgrade", "", false),
        ("upgrade", "", false),
        ("connection", "upgrade", false),
    ] {
        assert_eq!(is_upgrade(&headers(&[(name, value)])), seen, "{name}: {value}");
    }
}
