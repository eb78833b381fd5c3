//! Discovery, health, the envelope of every answer, and what the process bears (http-api.md §3, §7; security.md "The
//! process").

use std::{
    io::{Read as _, Write as _},
    time::{Duration, Instant},
};

use crate::support::*;

#[test]
fn the_metadata_lists_what_works_and_everything_it_lists_answers() {
    let world = World::start();
    let answer = world.http.get("/.well-known/oauth-authorization-server");
    let metadata = answer.oauth_json();
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(metadata["issuer"], json!(world.issuer));
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["scopes_supported"], json!(SCOPES));
    let mut grants: Vec<&str> = metadata["grant_types_supported"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| grant.as_str().unwrap())
        .collect();
    grants.sort_unstable();
    assert_eq!(grants, ["authorization_code", "refresh_token"]);
    for method in ["client_secret_basic", "client_secret_post", "none"] {
        assert!(
            metadata["token_endpoint_auth_methods_supported"]
                .as_array()
                .unwrap()
                .contains(&json!(method)),
            "{metadata}"
        );
    }
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    let mut endpoints = 0;
    for (name, value) in metadata.as_object().unwrap() {
        let Some(url) = value
            .as_str()
            .filter(|_| name.ends_with("_endpoint") || name.ends_with("_uri") || name == "service_documentation")
        else {
            continue;
        };
        endpoints += 1;
        assert!(url.starts_with(&world.issuer), "{name}: {url}");
        let path = &url[world.issuer.trim_end_matches('/').len()..];
        let method = if ["token_endpoint", "revocation_endpoint", "introspection_endpoint"].contains(&name.as_str()) {
            "POST"
        } else {
            "GET"
        };
        let answer = world.http.send(Request::new(method, path));
        assert!(![404, 405, 500, 501].contains(&answer.status), "{name}: {answer}");
    }
    assert!(endpoints >= 5, "{metadata}");
    for absent in [
        "device_authorization_endpoint",
        "registration_endpoint",
        "userinfo_endpoint",
        "pushed_authorization_request_endpoint",
    ] {
        assert_eq!(metadata.get(absent), None, "{absent} does not work yet");
    }
    let tag = answer.header("etag").unwrap();
    let same = world
        .http
        .send(Request::get("/.well-known/oauth-authorization-server").header("If-None-Match", tag));
    assert_eq!((same.status, same.body.len()), (304, 0));
    assert_eq!(
        world
            .http
            .send(Request::new("HEAD", "/.well-known/oauth-authorization-server"))
            .status,
        200
    );
}

#[test]
fn an_issuer_with_a_path_is_served_at_the_inserted_and_the_appended_well_known_path() {
    let world = crate::common::Service::start_with(&[("INFORMER_OAUTH__ISSUER", "https://bi.example/auth/v2")]);
    let http = Http::to(world.base());
    let inserted = http.get("/.well-known/oauth-authorization-server/auth/v2").oauth_json();
    let appended = http.get("/auth/v2/.well-known/oauth-authorization-server").oauth_json();
    assert_eq!(inserted, appended);
    assert_eq!(inserted["issuer"], "https://bi.example/auth/v2");
    assert_eq!(inserted["token_endpoint"], "https://bi.example/auth/v2/oauth/token");
    http.get("/auth/v2/.well-known/jwks.json").oauth_json();
    http.send(Request::post("/auth/v2/oauth/token"))
        .oauth_error(400, "invalid_request");
}

#[test]
fn the_issuer_is_the_same_bytes_in_metadata_tokens_and_redirects() {
    let world = World::start();
    let client = world.public_client();
    let target = world.redirect_of(&client);
    assert_eq!(target.get("iss").as_deref(), Some(world.issuer.as_str()));
    let tokens = world.tokens(&client);
    assert_eq!(jwt::Jwt::read(&tokens.access).claim("iss"), &json!(world.issuer));
}

impl World {
    #[track_caller]
    fn redirect_of(&self, client: &Client) -> Redirected {
        let answer = self
            .admin
            .api("POST", "/api/oauth/authorize", Some(&Ask::of(client).decision(true)))
            .is(200)
            .json();
        Redirected(url::Url::parse(answer["redirect_uri"].as_str().unwrap()).unwrap())
    }
}

#[test]
fn the_key_set_holds_public_es256_keys_only_and_a_rotation_keeps_old_tokens_good() {
    let world = World::start();
    let answer = world.http.get("/.well-known/jwks.json");
    let set = answer.oauth_json();
    assert!(
        answer
            .header("cache-control")
            .is_some_and(|value| value.contains("max-age=")),
        "{answer}"
    );
    let keys = set["keys"].as_array().unwrap();
    assert!(keys.len() >= 2, "current and next: {set}");
    for key in keys {
        assert_eq!(
            (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
            (&json!("EC"), &json!("P-256"), &json!("ES256"), &json!("sig"))
        );
        for name in ["kid", "x", "y"] {
            assert!(key[name].is_string(), "{name} of {key}");
        }
        for private in ["d", "k", "p", "q"] {
            assert_eq!(key.get(private), None, "{private}");
        }
    }
    let client = world.public_client();
    let before = world.tokens(&client);
    world.service.cli_ok(&["keys", "rotate", "--purpose", "access"]);
    let kid = |tokens: &Tokens| jwt::Jwt::read(&tokens.access).header["kid"].clone();
    let old = kid(&before);
    assert!(
        comes_true(Duration::from_secs(20), || kid(&world.tokens(&client)) != old),
        "new tokens are signed with the next key"
    );
    let after = world.tokens(&client);
    let set = world.http.get("/.well-known/jwks.json").oauth_json();
    for kid in [kid(&before), kid(&after)] {
        assert!(
            set["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid),
            "{kid} of {set}"
        );
    }
    assert!(
        keys.iter().any(|key| key["kid"] == kid(&after)),
        "it was published before it was used"
    );
    assert!(world.works(&before.access) && world.works(&after.access));
    world.refreshed(&client, before.refresh());
}

#[test]
fn health_says_that_it_lives_and_is_ready() {
    let world = World::start();
    world.http.get("/health/live").is(200);
    let ready = world.http.get("/health/ready").is(200);
    assert_eq!(ready.json(), json!({ "status": "up", "checks": { "sqlite": "up" } }));
}

#[test]
fn the_openapi_document_is_version_3_1_and_names_the_endpoints_that_work() {
    let world = World::start();
    let answer = world
        .http
        .get("/api/oauth/openapi.json")
        .is(200)
        .with_header("content-type", "application/json");
    let document = answer.json();
    assert!(
        document["openapi"].as_str().unwrap().starts_with("3.1"),
        "{}",
        document["openapi"]
    );
    let paths = members(&document["paths"]);
    for path in [
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/api/oauth-client-templates",
        "/api/oauth-clients",
        "/api/oauth-clients-list",
        "/api/oauth/access_token",
        "/api/oauth/authorize",
        "/api/oauth/scopes",
        "/health/live",
        "/health/ready",
        "/oauth/authorize",
        "/oauth/introspect",
        "/oauth/revoke",
        "/oauth/token",
        "/oauth/verify",
    ] {
        assert!(paths.contains(&path), "{path} of {paths:?}");
    }
    assert!(
        !paths
            .iter()
            .any(|path| path.contains("device") || path.contains("metrics")),
        "{paths:?}"
    );
    let method_names = ["get", "post", "put", "patch", "delete"];
    for (path, operations) in document["paths"].as_object().unwrap() {
        let concrete = path
            .split('/')
            .map(|segment| {
                if segment.starts_with('{') {
                    "0123456789abcdef0123"
                } else {
                    segment
                }
            })
            .collect::<Vec<_>>()
            .join("/");
        for method in operations
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| method_names.contains(&name.as_str()))
        {
            let answer = world.http.send(Request::new(&method.to_uppercase(), &concrete));
            assert!(![405, 500, 501].contains(&answer.status), "{method} {path}: {answer}");
        }
    }
    let docs = world.http.get("/oauth/docs").is(200);
    assert!(
        docs.header("content-type").unwrap().starts_with("text/html") && docs.text().contains("/oauth/token"),
        "{docs}"
    );
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
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{answer}");
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

/// Resident memory of the service, in KiB.
fn memory(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.service.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn slow_senders_are_cut_off_and_do_not_keep_anybody_waiting() {
    let world = World::start_with(&[
        ("INFORMER_OAUTH__LIMITS__HEAD_SECONDS", "2"),
        ("INFORMER_OAUTH__LIMITS__BODY_SECONDS", "2"),
    ]);
    let base = world.base_url();
    let slow_heads: Vec<_> = (0..150)
        .map(|_| start(&base, b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nX-Slow: "))
        .collect();
    let body = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant",
        base.authority()
    );
    let slow_bodies: Vec<_> = (0..150).map(|_| start(&base, body.as_bytes())).collect();
    let started = Instant::now();
    world.http.get("/health/ready").is(200);
    let client = world.public_client();
    world.tokens(&client);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let deadline = Instant::now() + Duration::from_secs(10);
    for mut stream in slow_heads.into_iter().chain(slow_bodies) {
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left)).unwrap();
        let mut answer = Vec::new();
        // An answer such as 408 may come first; then the connection ends.
        match stream.read_to_end(&mut answer) {
            Ok(_) => {}
            Err(error) => assert_eq!(
                error.kind(),
                std::io::ErrorKind::ConnectionReset,
                "still open after ten seconds"
            ),
        }
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
}

fn start(base: &url::Url, sent: &[u8]) -> std::net::TcpStream {
    let mut stream = wire::connect(base);
    stream.write_all(sent).unwrap();
    stream
}

#[test]
fn idle_connections_cost_little_and_keep_nobody_out() {
    let world = World::start();
    let client = world.public_client();
    world.tokens(&client);
    let base = world.base_url();
    let before = memory(&world);
    // Each end of a connection is a file of this process or of the service; the usual limit is 1024.
    let idle: Vec<_> = (0..700).map(|_| wire::connect(&base)).collect();
    assert!(comes_true(Duration::from_secs(5), || world
        .http
        .get("/health/live")
        .status
        == 200));
    let started = Instant::now();
    world.tokens(&client);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let grown = memory(&world).saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB for {} connections", idle.len());
}

#[test]
fn oversized_heads_are_refused_in_bounded_memory() {
    let world = World::start();
    let base = world.base_url();
    world.http.get("/health/live").is(200);
    let before = memory(&world);
    let megabyte = "x".repeat(1 << 20);
    let heads = [
        format!("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Big: {megabyte}\r\n\r\n"),
        format!("GET /{megabyte} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!(
            "GET /health/live HTTP/1.1\r\nHost: x\r\n{}\r\n",
            "X-Many: y\r\n".repeat(90_000)
        ),
        format!(
            "GET /health/live HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n",
            "a=b; ".repeat(200_000)
        ),
        megabyte.clone(),
        "GET /health/live HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n".into(),
        "GET /health/live HTTP/9.9\r\nHost: x\r\n\r\n".into(),
        "\0\0\0\0\r\n\r\n".into(),
    ];
    for head in &heads {
        for _ in 0..3 {
            if let Some(answer) = wire::exchange(&base, head.as_bytes()) {
                assert!((400..500).contains(&answer.status) || answer.status == 505, "{answer}");
            }
        }
    }
    let grown = memory(&world).saturating_sub(before);
    assert!(grown < 48 * 1024, "{grown} KiB");
    world.http.get("/health/ready").is(200);
    assert!(!world.service.log().contains("panicked"), "{}", world.service.log());
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
