//! Bodies that no client should send: 400, 413 or 415, never 500.

use crate::support::*;

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn an_empty_wrong_binary_or_huge_body_is_400_413_or_415_and_never_500() {
    let world = World::start();
    let client = world.confidential_client();
    let secret = client.secret.as_deref().unwrap();
    let huge = "x".repeat(65 * 1024);
    let good = "grant_type=refresh_token&refresh_token=x&token=x";
    let bodies: Vec<(Option<&str>, Vec<u8>, &[u16])> = vec![
        (Some(FORM), vec![], &[400]),
        (None, vec![], &[400, 415]),
        (None, good.into(), &[415]),
        (Some("text/plain"), good.into(), &[415]),
        (Some("multipart/form-data; boundary=x"), good.into(), &[415]),
        (Some("application/xml"), b"<a/>".to_vec(), &[415]),
        (Some("nonsense"), good.into(), &[400, 415]),
        (
            Some(FORM),
            b"grant_type=refresh_token&refresh_token=\0&token=\0".to_vec(),
            &[400],
        ),
        (
            Some(FORM),
            b"grant_type=refresh_token&refresh_token=%00&token=%00".to_vec(),
            &[400],
        ),
        (
            Some(FORM),
            b"grant_type=refresh_token&refresh_token=\xff\xfe&token=\xff".to_vec(),
            &[400],
        ),
        (
            Some(FORM),
            b"grant_type=refresh_token&refresh_token=%ff%fe&token=%ff".to_vec(),
            &[400],
        ),
        (Some(FORM), b"\0\0\0\0".to_vec(), &[400]),
        (Some(FORM), b"&&&&====".to_vec(), &[400]),
        (Some(FORM), format!("{good}&a={huge}").into_bytes(), &[413]),
        (Some(FORM), "a&".repeat(32 * 1024).into_bytes(), &[400]),
        (Some(FORM), "%".repeat(60 * 1024).into_bytes(), &[400]),
    ];
    for path in [
        "/oauth/token",
        "/oauth/revoke",
        "/oauth/introspect",
        "/api/oauth/access_token",
    ] {
        for (kind, body, expected) in &bodies {
            let mut request = Request::post(path).basic(&client.client_id, secret);
            request = match kind {
                Some(kind) => request.body(kind, body.clone()),
                None => request.untyped_body(body.clone()),
            };
            let answer = world.http.send(request);
            let shown = String::from_utf8_lossy(body).chars().take(60).collect::<String>();
            // RFC 7009 and RFC 7662: a token that cannot be one is not an error.
            let harmless = path != "/oauth/token"
                && path != "/api/oauth/access_token"
                && answer.status == 200
                && expected == &[400];
            assert!(
                expected.contains(&answer.status) || harmless,
                "{path} {kind:?} {shown:?}: {answer}"
            );
            if answer.status != 200 {
                assert_eq!(members(&answer.json()), ["error", "error_description"], "{answer}");
            }
        }
    }
}

#[test]
fn malformed_json_at_the_json_twin_is_invalid_request() {
    let world = World::start();
    let client = world.public_client();
    let post = |body: &str| {
        world
            .http
            .send(Request::post("/api/oauth/access_token").body("application/json", body))
    };
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "1",
        "{\"grant_type\":}",
        "{\"grant_type\":\"x\",}",
        "\u{feff}{}",
        "{\"a\":\"\\ud800\"}",
    ] {
        post(body).oauth_error(400, "invalid_request");
    }
    post(&"[".repeat(60_000)).oauth_error(400, "invalid_request");
    let nested = json!({ "grant_type": "refresh_token", "client_id": client.client_id, "refresh_token": { "a": 1 } });
    post(&nested.to_string()).oauth_error(400, "invalid_request");
    let listed = json!({ "grant_type": ["refresh_token"], "client_id": client.client_id, "refresh_token": "x" });
    post(&listed.to_string()).oauth_error(400, "invalid_request");
    let twice = format!(
        "{{\"grant_type\":\"refresh_token\",\"client_id\":\"{0}\",\"refresh_token\":\"a\",\"refresh_token\":\"b\"}}",
        client.client_id
    );
    post(&twice).oauth_error(400, "invalid_request");
    let huge =
        json!({ "grant_type": "refresh_token", "client_id": client.client_id, "refresh_token": "x".repeat(65 * 1024) });
    post(&huge.to_string()).oauth_error(413, "invalid_request");
}

#[test]
fn a_malformed_authorization_header_never_fails_the_service() {
    let world = World::start();
    let base = world.base_url();
    for value in [
        &b"Basic"[..],
        b"Basic ",
        b"Basic !!!",
        b"Basic bm9jb2xvbg==",
        b"Basic Og==",
        b"Basic AAAA",
        b"Basic //8=",
        b"Basic JTAwOiUwMA==",
        b"Basic JXp6OiV6eg==",
        b"Bearer x",
        b"Digest x",
        b"basic Og==",
        b"\xff\xfe",
    ] {
        let body = b"grant_type=refresh_token&refresh_token=x&token=x";
        for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: {FORM}\r\nContent-Length: {}\r\nAuthorization: ",
                base.authority(),
                body.len()
            );
            let answer =
                wire::exchange(&base, &[head.as_bytes(), value, b"\r\n\r\n", body].concat()).expect("an answer");
            assert!(
                [400, 401].contains(&answer.status),
                "{:?}: {answer}",
                String::from_utf8_lossy(value)
            );
        }
    }
}

#[test]
fn a_body_that_lies_about_its_length_or_comes_in_pieces_is_bounded() {
    let world = World::start();
    let base = world.base_url();
    let head = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: {FORM}\r\n",
        base.authority()
    );
    let announced = format!("{head}Content-Length: 99999999999\r\n\r\nx=1");
    let answer = wire::exchange(&base, announced.as_bytes()).expect("an answer at once, without waiting for the rest");
    assert_eq!(answer.status, 413, "{answer}");
    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..80 {
        chunked.extend(format!("400\r\n{}\r\n", "x".repeat(1024)).bytes());
    }
    chunked.extend(b"0\r\n\r\n");
    // The connection may end before all was sent; if an answer arrives, it is 413.
    if let Some(answer) = wire::exchange(&base, &chunked) {
        assert_eq!(answer.status, 413, "{answer}");
    }
    for smuggled in [
        "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        if let Some(answer) = wire::exchange(&base, format!("{head}{smuggled}").as_bytes()) {
            assert_eq!(answer.status, 400, "{smuggled}: {answer}");
        }
    }
    world.http.get("/health/live").is(200);
}
