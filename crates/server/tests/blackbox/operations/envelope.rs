//! Health, ids, headers, logs, and the first start.

use crate::support::*;

#[test]
fn health_says_that_it_lives_and_is_ready() {
    let world = World::start();
    world.http.get("/health/live").is(200);
    let ready = world.http.get("/health/ready").is(200);
    let checks = if crate::common::stores::are_production() {
        json!({ "postgres": "up", "redis": "up" })
    } else {
        json!({ "sqlite": "up" })
    };
    assert_eq!(ready.json(), json!({ "status": "up", "checks": checks }));
}

#[test]
fn every_answer_carries_a_request_id_the_callers_own_if_it_is_sane() {
    let world = World::start();
    for target in [
        "/health/live",
        "/nowhere",
        "/oauth/token",
        "/oauth/sign-in",
        "/.well-known/jwks.json",
        "/api/oauth-clients",
        "/oauth/authorize",
    ] {
        let own = world.http.get(target);
        let id = own.headers("x-request-id");
        assert!(id.len() == 1 && id[0].len() >= 8, "{own}");
        assert_ne!(
            world.http.get(target).header("x-request-id"),
            Some(id[0]),
            "a new one each time"
        );
        let given = world
            .http
            .send(Request::get(target).header("X-Request-Id", "trace-42.a_B"));
        assert_eq!(given.headers("x-request-id"), ["trace-42.a_B"], "{given}");
        for insane in ["a b", "x\"y", "<script>", "{}", &"a".repeat(500)] {
            let answer = world.http.send(Request::get(target).header("X-Request-Id", insane));
            assert_ne!(answer.header("x-request-id"), Some(insane), "{answer}");
            assert!(answer.header("x-request-id").is_some());
        }
    }
    assert!(
        comes_true(A_SECOND, || world.service.log().contains("trace-42.a_B")),
        "the log can be searched for it"
    );
}

#[test]
fn browser_gets_a_page_for_what_is_not_there() {
    let world = World::start();
    for (method, target, status) in [
        ("GET", "/nowhere", 404),
        ("GET", "/oauth/nowhere", 404),
        ("GET", "/oauth/admin/nowhere", 404),
        ("GET", "/oauth/token", 405),
        ("POST", "/oauth/docs", 405),
    ] {
        let accepting = |accept: &str| {
            let request = Request::new(method, target).header("Accept", accept);
            world.http.send(request).is(status)
        };
        let page = accepting("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{page}");
        let text = page.text();
        assert!(text.contains("</html>"), "{page}");
        assert!(text.contains(page.header("x-request-id").unwrap()), "{page}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{page}");
        if status == 405 {
            assert!(page.header("allow").is_some(), "{page}");
        }
        for other in ["*/*", "application/json"] {
            let answer = accepting(other);
            assert_eq!(answer.header("content-type"), Some("application/json"), "{answer}");
        }
    }
    let api = Request::get("/api/nowhere").header("Accept", "text/html");
    world.http.send(api).api_error(404, "Not Found");
}

#[test]
fn every_answer_has_the_security_headers() {
    let world = World::start();
    for target in [
        "/health/live",
        "/nowhere",
        "/oauth/token",
        "/oauth/sign-in",
        "/.well-known/jwks.json",
        "/api/oauth-clients",
        "/oauth/authorize",
        "/api/oauth/openapi.json",
    ] {
        let answer = world.http.get(target);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer}");
        // What is about frames and links is left out of JSON, which has neither.
        let json = answer.header("content-type") == Some("application/json");
        let (referrer, frame) = if json {
            (None, None)
        } else {
            (Some("same-origin"), Some("DENY"))
        };
        assert_eq!(answer.header("referrer-policy"), referrer, "{answer}");
        assert_eq!(answer.header("x-frame-options"), frame, "{answer}");
        assert!(
            answer
                .header("content-security-policy")
                .is_some_and(|policy| policy.contains("frame-ancestors 'none'")),
            "{answer}"
        );
        assert_eq!(answer.header("server"), None, "{answer}");
        assert_eq!(answer.header("x-powered-by"), None, "{answer}");
    }
}

#[test]
fn forwarded_headers_count_only_from_a_trusted_proxy() {
    let spoofed = |world: &World| {
        let client = world.confidential_client();
        let request = client
            .with_secret("cs_00000000000000000000000000000000")
            .refreshment("x")
            .header("X-Forwarded-For", "198.51.100.7");
        world.http.send(request).oauth_error(401, "invalid_client");
        let event = world
            .events(&client)
            .into_iter()
            .find(|event| is_of_kind(event, "client.authentication_failed"))
            .unwrap();
        (is_of_kind(&event, "127.0.0.1"), is_of_kind(&event, "198.51.100.7"))
    };
    assert_eq!(spoofed(&World::start()), (true, false));
    assert_eq!(
        spoofed(&World::start_with(&[(
            "INFORMER_OAUTH__HTTP__TRUSTED_PROXIES",
            "127.0.0.1"
        )])),
        (false, true)
    );
}

#[test]
fn log_lines_are_structured_and_carry_the_request_id() {
    let world = World::start();
    world
        .http
        .send(Request::post("/oauth/token").header("X-Request-Id", "find-me"));
    assert!(comes_true(A_SECOND, || world.service.log().contains("find-me")));
    for line in world.service.log().lines().filter(|line| !line.trim().is_empty()) {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value.is_object(), "{line}");
    }
}

#[test]
fn one_id_leads_from_a_clients_answer_to_the_access_log_and_the_audit_event() {
    let world = World::start();
    let client = world.confidential_client();
    let wrong = client.with_secret("cs_Wr0ngWr0ngWr0ngWr0ngWr0ngWr0ngW");
    let answer = world.refresh(&wrong, "x");
    let id = answer.header("x-request-id").unwrap().to_owned();

    let event = world
        .events(&client)
        .into_iter()
        .find(|event| is_of_kind(event, "client.authentication_failed"))
        .unwrap();
    assert_eq!(event["requestId"], id.as_str(), "{event}");
    let log = || world.service.log();
    // The event's line and the access log's are written one after the other, while the client goes on.
    let count = || log().lines().filter(|line| line.contains(&id)).count();
    assert!(comes_true(A_SECOND, || count() >= 2), "{id}");
    let log = log();
    let lines: Vec<Value> = log
        .lines()
        .filter(|line| line.contains(&id))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let targets: Vec<&str> = lines.iter().filter_map(|line| line["target"].as_str()).collect();
    assert_eq!(targets, ["audit", "http"], "{log}");
    let line = lines.iter().find(|line| line["target"] == "http").unwrap();
    for (field, expected) in [
        ("error", "invalid_client"),
        ("reason", "secret_wrong"),
        ("grant_type", "refresh_token"),
        ("client_id", client.client_id.as_str()),
        ("address", "127.0.0.1"),
    ] {
        assert_eq!(line[field], expected, "{field}: {line}");
    }
    let ms = line["ms"].as_f64().unwrap() * 1000.0;
    assert!((ms - ms.round()).abs() < 1e-6, "rounded to microseconds: {line}");
}

#[test]
fn the_first_start_prints_the_address_the_password_once_and_the_next_step() {
    let mut world = World::start();
    let banner = world.service.stdout();
    assert!(banner.contains(world.base()), "{banner}");
    assert!(banner.contains("curl "), "{banner}");
    assert_eq!(banner.matches(world.service.admin_password()).count(), 1, "{banner}");
    assert!(world.service.admin_password().len() >= 16);
    let password = world.service.admin_password().to_owned();
    world.service.restart();
    assert!(!world.service.stdout().contains(&password));
    assert!(!world.service.log().contains(&password));
}

#[test]
fn a_second_service_on_the_same_folder_or_port_does_not_harm_the_first() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let second = crate::common::command(world.service.folder())
        .env(
            "INFORMER_OAUTH__HTTP__LISTEN",
            world.base().trim_start_matches("http://"),
        )
        .arg("serve")
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    assert!(world.works(&tokens.access));
    world.refreshed(&client, tokens.refresh());
}
