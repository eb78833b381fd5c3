//! Forged tokens, made by hand from good ones (security.md "Token endpoint", RFC 8725).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::support::{jwt::Jwt, *};

/// Demands that a forged access token is refused wherever access tokens are taken, and that the service survives it.
#[track_caller]
fn is_refused_everywhere(world: &World, resource_server: &Client, what: &str, token: &str) {
    let answer = world.gate("GET", "/api/profile", Some(token));
    assert!([400, 401, 431].contains(&answer.status), "{what}: {answer}");
    if token.len() < 8000 && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        assert_eq!(answer.status, 401, "{what}: {answer}");
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert!(
            challenge.starts_with("Bearer") && challenge.contains("error=\"invalid_token\""),
            "{what}: {answer}"
        );
    }
    let managed = world.http.send(Request::get("/api/oauth-clients").bearer(token));
    assert!([400, 401, 431].contains(&managed.status), "{what}: {managed}");
    if !token.is_empty() && token.len() < 60_000 {
        assert_eq!(
            world.introspect(resource_server, token),
            json!({ "active": false }),
            "{what}"
        );
    }
}

fn setting() -> (World, Client, Client, Tokens) {
    let world = World::start();
    let resource_server = world.confidential(json!({ "introspect": true }));
    let client = world.public_client();
    let tokens = world.tokens_with(&client, "read:profile");
    assert!(world.works(&tokens.access), "what is forged below was good");
    (world, resource_server, client, tokens)
}

#[test]
fn alg_none_is_refused_however_it_is_spelled() {
    let (world, resource_server, client, tokens) = setting();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let token = Jwt::read(&tokens.access).unsigned(alg);
        is_refused_everywhere(&world, &resource_server, alg, &token);
        is_refused_everywhere(&world, &resource_server, alg, token.trim_end_matches('.'));
        let refresh = Jwt::read(tokens.refresh()).unsigned(alg);
        world.refresh(&client, &refresh).oauth_error(400, "invalid_grant");
    }
    let kept = Jwt::read(&tokens.access).with_header("alg", json!("none")).text();
    is_refused_everywhere(&world, &resource_server, "none with the old signature", &kept);
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn hs256_keyed_with_the_public_key_is_refused() {
    let (world, resource_server, client, tokens) = setting();
    let set = world.http.get("/.well-known/jwks.json").is(200);
    let keys = set.json();
    for key in keys["keys"].as_array().unwrap() {
        let decode = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
        let (x, y) = (decode("x"), decode("y"));
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        // SubjectPublicKeyInfo of a P-256 key (RFC 5480).
        let der = [
            &b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\0"
                [..],
            &point,
        ]
        .concat();
        let text = base64::engine::general_purpose::STANDARD.encode(&der);
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
            lines.join("\n")
        );
        let pem_with_newline = format!("{pem}\n");
        let guesses: Vec<Vec<u8>> = vec![
            x,
            y,
            point,
            der,
            pem.into(),
            pem_with_newline.into(),
            key.to_string().into(),
            keys.to_string().into(),
            set.body.clone(),
            key["kid"].as_str().unwrap().into(),
            Vec::new(),
        ];
        for (number, guess) in guesses.iter().enumerate() {
            let access = Jwt::read(&tokens.access);
            is_refused_everywhere(
                &world,
                &resource_server,
                &format!("guess {number}"),
                &access.clone().signed_with_hmac(guess),
            );
            let mighty = access.with_claim("scope", json!("write:global"));
            is_refused_everywhere(
                &world,
                &resource_server,
                &format!("guess {number}"),
                &mighty.signed_with_hmac(guess),
            );
            let refresh = Jwt::read(tokens.refresh())
                .with_claim("scope", json!("write:global"))
                .signed_with_hmac(guess);
            world.refresh(&client, &refresh).oauth_error(400, "invalid_grant");
        }
    }
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn a_changed_header_is_refused() {
    let (world, resource_server, client, tokens) = setting();
    let access = || Jwt::read(&tokens.access);
    let own_key = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode("key") });
    let forged = [
        ("unknown kid", access().with_header("kid", json!("nobody"))),
        ("no kid", access().without_header("kid")),
        ("empty kid", access().with_header("kid", json!(""))),
        (
            "kid with a path",
            access().with_header("kid", json!("../../../../dev/null")),
        ),
        ("kid with SQL", access().with_header("kid", json!("' OR '1'='1"))),
        ("kid of another type", access().with_header("kid", json!(1))),
        ("typ JWT", access().with_header("typ", json!("JWT"))),
        ("no typ", access().without_header("typ")),
        ("typ of another kind", access().with_header("typ", json!("id+jwt"))),
        ("ES384", access().with_header("alg", json!("ES384"))),
        ("RS256", access().with_header("alg", json!("RS256"))),
        ("no alg", access().without_header("alg")),
        ("its own key", access().with_header("jwk", own_key)),
        (
            "a key elsewhere",
            access().with_header("jku", json!("https://evil.example/jwks.json")),
        ),
        ("something critical", access().with_header("crit", json!(["exp"]))),
        (
            "b64",
            access()
                .with_header("b64", json!(false))
                .with_header("crit", json!(["b64"])),
        ),
    ];
    for (what, token) in forged {
        is_refused_everywhere(&world, &resource_server, what, &token.text());
        is_refused_everywhere(&world, &resource_server, what, &token.signed_with_hmac(b"key"));
    }
    for (name, value) in [("typ", json!("JWT")), ("kid", json!("nobody")), ("alg", json!("ES256"))] {
        let refresh = Jwt::read(tokens.refresh()).with_header(name, value).text();
        if refresh != tokens.refresh() {
            world.refresh(&client, &refresh).oauth_error(400, "invalid_grant");
        }
    }
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn a_changed_claim_is_refused() {
    let (world, resource_server, client, tokens) = setting();
    let later = json!(4_102_444_800_u64);
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{}/", world.issuer))),
        ("aud", json!("https://evil.example")),
        ("aud", json!([world.issuer, "https://evil.example"])),
        ("sub", json!("root")),
        ("sub", Value::Null),
        ("scope", json!("write:global")),
        ("scope", json!(["write:global"])),
        ("client_id", json!("a6bd8f0f72b2c3275ff6")),
        ("exp", later.clone()),
        ("exp", json!("4102444800")),
        ("exp", json!(4_102_444_800.5)),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("exp", json!(u64::MAX)),
        ("iat", json!("now")),
        ("nbf", later),
        ("jti", json!("x")),
        ("tid", json!("00000000-0000-7000-8000-000000000000")),
    ] {
        let what = format!("{name} {value}");
        let token = Jwt::read(&tokens.access).with_claim(name, value.clone()).text();
        is_refused_everywhere(&world, &resource_server, &what, &token);
        let refresh = Jwt::read(tokens.refresh()).with_claim(name, value).text();
        world.refresh(&client, &refresh).oauth_error(400, "invalid_grant");
    }
    for name in ["iss", "aud", "sub", "scope", "client_id", "exp", "iat", "jti", "tid"] {
        let token = Jwt::read(&tokens.access).without_claim(name).text();
        is_refused_everywhere(&world, &resource_server, &format!("without {name}"), &token);
        if Jwt::read(tokens.refresh()).payload.get(name).is_some() {
            let refresh = Jwt::read(tokens.refresh()).without_claim(name).text();
            world.refresh(&client, &refresh).oauth_error(400, "invalid_grant");
        }
    }
    assert!(world.works(&tokens.access));
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn a_token_bent_out_of_shape_is_refused_without_a_panic() {
    let (world, resource_server, client, tokens) = setting();
    for good in [tokens.access.as_str(), tokens.refresh()] {
        let parts: Vec<&str> = good.split('.').collect();
        let (header, payload, signature) = (parts[0], parts[1], parts[2]);
        let huge = "A".repeat(50_000);
        let garbage = URL_SAFE_NO_PAD.encode(Sha256::digest("garbage"));
        let bent = [
            format!("{good}."),
            format!(".{good}"),
            format!("{good}.{signature}"),
            format!("{header}..{signature}"),
            format!("{header}.{payload}"),
            format!("{header}.{payload}.{signature}.extra.dots"),
            format!("..{signature}"),
            "..".into(),
            "...".into(),
            ".".into(),
            "....".into(),
            header.into(),
            format!("{payload}.{header}.{signature}"),
            format!("{header}.{payload}.{garbage}{garbage}"),
            format!("{header}.{payload}.{garbage}"),
            format!("{header}.{payload}.{}", "A".repeat(86)),
            format!("{header}.{payload}.{signature}="),
            format!("{header}.{payload}=.{signature}"),
            format!("{header}.{payload}.{signature}AA"),
            format!("{header}.{payload}.!!!!"),
            format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode("[]")),
            format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode("{")),
            format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode([0xff, 0xfe])),
            format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode("null")),
            format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode("[".repeat(5000))),
            format!("{header}.{huge}.{signature}"),
            good.to_uppercase(),
            format!("{good}\u{e9}"),
        ];
        for token in &bent {
            let what: String = token.chars().take(40).collect();
            if token.is_ascii() {
                is_refused_everywhere(&world, &resource_server, &what, token);
            } else {
                let introspected = world.introspect(&resource_server, token);
                assert_eq!(introspected, json!({ "active": false }), "{what}");
            }
            world.refresh(&client, token).oauth_error(400, "invalid_grant");
        }
    }
    assert!(!world.service.log().contains("panicked"), "{}", world.service.log());
    assert!(world.works(&tokens.access));
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn a_token_of_a_megabyte_is_refused_without_a_panic() {
    let (world, resource_server, client, tokens) = setting();
    let huge = format!("{}{}", tokens.access, "A".repeat(1024 * 1024));
    world
        .http
        .send(resource_server.post("/oauth/introspect", &[("token", &huge)]))
        .oauth_error(413, "invalid_request");
    world.refresh(&client, &huge).oauth_error(413, "invalid_request");
    let request = gate_request("GET", "/api/profile", Some(&huge));
    // The connection may end while the header is still being sent.
    if let Some(answer) = wire::exchange(&world.base_url(), &wire::bytes(&world.base_url(), &request)) {
        assert!((400..500).contains(&answer.status), "{answer}");
    }
    assert!(!world.service.log().contains("panicked"), "{}", world.service.log());
    assert!(world.works(&tokens.access));
}

#[test]
fn a_token_of_another_installation_with_the_same_issuer_is_refused() {
    let issuer = ("INFORMER_OAUTH__ISSUER", "https://bi.example");
    let start = || {
        let service = crate::common::Service::start_with(&[issuer]);
        let http = Http::to(service.base());
        let admin = Browser::new(service.base());
        let page = admin.open("/oauth/sign-in").is(200);
        let form = credentials(&page, "admin", service.admin_password());
        admin.submit_from(&page, form, &[("Sec-Fetch-Site", "same-origin")]);
        World {
            service,
            http,
            admin,
            issuer: issuer.1.into(),
        }
    };
    let (here, there) = (start(), start());
    let (at_home, abroad) = (here.public_client(), there.public_client());
    let (native, foreign) = (here.tokens(&at_home), there.tokens(&abroad));
    assert!(here.works(&native.access) && there.works(&foreign.access));
    assert!(!here.works(&foreign.access) && !there.works(&native.access));
    here.refresh(&at_home, foreign.refresh())
        .oauth_error(400, "invalid_grant");
}
