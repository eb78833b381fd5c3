//! Client authentication.

use std::time::{Duration, Instant};

use crate::support::*;

/// A request that any authenticated client gets 400 `invalid_grant` for: it shows authentication alone.
fn knock(client: &Client) -> Request {
    client.refreshment("nonsense")
}

#[track_caller]
fn is_let_in(world: &World, client: &Client) {
    world.http.send(knock(client)).oauth_error(400, "invalid_grant");
}

#[track_caller]
fn is_kept_out(world: &World, client: &Client) {
    world.http.send(knock(client)).oauth_error(401, "invalid_client");
}

#[test]
fn an_unknown_client_and_a_wrong_secret_get_the_same_answer_in_comparable_time() {
    let world = World::start_with(&[
        ("INFORMER_OAUTH__SECRETS__BCRYPT_COST", "9"),
        ("INFORMER_OAUTH__LIMITS__CLIENT_ATTEMPTS", "1000"),
    ]);
    let known = world.confidential_client();
    let known_secret = known.secret.clone().unwrap();
    // The lookup id is right and the rest is not, so that bcrypt has to be asked.
    let wrong = known.with_secret(&format!("{}{}", &known_secret[..11], "x".repeat(24)));
    let unknown = Client {
        client_id: "0123456789abcdef0123".into(),
        ..wrong.clone()
    };
    let time = |client: &Client| {
        let started = Instant::now();
        let answer = world.http.send(knock(client));
        let taken = started.elapsed();
        answer.oauth_error(401, "invalid_client");
        taken
    };
    let (one, other) = (world.http.send(knock(&wrong)), world.http.send(knock(&unknown)));
    assert_eq!((one.status, one.body.clone()), (other.status, other.body.clone()));
    let heads = |answer: &Answer| {
        let mut names: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
            .cloned()
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(heads(&one), heads(&other));
    // The quickest of several, taken in turns: what else the machine does only adds.
    let taken: Vec<(Duration, Duration)> = (0..9).map(|_| (time(&wrong), time(&unknown))).collect();
    let wrong_secret = taken.iter().map(|pair| pair.0).min().unwrap();
    let unknown_client = taken.iter().map(|pair| pair.1).min().unwrap();
    assert!(
        unknown_client * 2 > wrong_secret && wrong_secret * 2 > unknown_client,
        "{wrong_secret:?} and {unknown_client:?}"
    );
}

#[test]
fn www_authenticate_comes_only_with_the_401_after_basic() {
    let world = World::start();
    let client = world.confidential_client();
    let after_basic = world.http.send(knock(&client.with_secret("wrong")));
    after_basic.oauth_error(401, "invalid_client");
    assert!(
        after_basic
            .header("www-authenticate")
            .is_some_and(|value| value.starts_with("Basic ")),
        "{after_basic}"
    );
    let posted = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", &client.client_id),
        ("client_secret", "wrong"),
    ];
    let after_post = world.http.send(Request::post("/oauth/token").form(&posted));
    after_post.oauth_error(401, "invalid_client");
    assert_eq!(after_post.header("www-authenticate"), None);
    for request in [knock(&client), client.post("/oauth/token", &[("grant_type", "x")])] {
        let answer = world.http.send(request);
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (400, None),
            "{answer}"
        );
    }
}

#[test]
fn the_secret_may_come_by_basic_encoded_or_raw_or_in_the_body() {
    let world = World::start();
    let client = world.confidential_client();
    let secret = client.secret.as_deref().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let percent = |text: &str| {
        text.bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect::<Vec<_>>()
            .concat()
    };
    let posted = [
        refresh[0],
        refresh[1],
        ("client_id", client.client_id.as_str()),
        ("client_secret", secret),
    ];
    for request in [
        Request::post("/oauth/token")
            .basic(&client.client_id, secret)
            .form(&refresh),
        Request::post("/oauth/token")
            .raw_basic(&client.client_id, secret)
            .form(&refresh),
        Request::post("/oauth/token")
            .raw_basic(&percent(&client.client_id), &percent(secret))
            .form(&refresh),
        Request::post("/oauth/token").form(&posted),
        // The id may be in the body as well, if it is the same.
        Request::post("/oauth/token").basic(&client.client_id, secret).form(&[
            refresh[0],
            refresh[1],
            ("client_id", &client.client_id),
        ]),
    ] {
        world.http.send(request).oauth_error(400, "invalid_grant");
    }
}

#[test]
fn ids_and_secrets_keep_clear_of_characters_that_encodings_disagree_about() {
    let world = World::start();
    for _ in 0..5 {
        let client = world.confidential_client();
        let secret = client.secret.unwrap();
        let (prefix, rest) = secret.split_at(3);
        assert_eq!(prefix, "cs_");
        assert!(
            rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{secret}"
        );
        assert!(
            client.client_id.len() == 20 && client.client_id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{}",
            client.client_id
        );
    }
}

#[test]
fn basic_with_an_empty_secret_is_a_public_client() {
    let world = World::start();
    let client = world.public_client();
    let code = world.code(&client);
    let request = Request::post("/oauth/token")
        .raw_basic(&client.client_id, "")
        .form(&code.pairs());
    world.http.send(request).oauth_json();
    let confidential = world.confidential_client();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let request = Request::post("/oauth/token")
        .raw_basic(&confidential.client_id, "")
        .form(&refresh);
    world.http.send(request).oauth_error(401, "invalid_client");
}

#[test]
fn two_authentication_methods_at_once_are_invalid_request() {
    let world = World::start();
    let client = world.confidential_client();
    let secret = client.secret.as_deref().unwrap();
    let other = world.confidential_client();
    let code = world.code(&client);
    let with = |name: &'static str, value: &str| {
        let mut pairs = code.pairs();
        pairs.push((name, value.to_owned()));
        Request::post("/oauth/token")
            .basic(&client.client_id, secret)
            .form(&pairs)
    };
    world
        .http
        .send(with("client_secret", secret))
        .oauth_error(400, "invalid_request");
    world
        .http
        .send(with("client_id", &other.client_id))
        .oauth_error(400, "invalid_request");
    let twice = Request::post("/oauth/token")
        .basic(&client.client_id, secret)
        .basic(&client.client_id, secret)
        .form(&code.pairs());
    let answer = world.http.send(twice);
    assert!([400, 401].contains(&answer.status), "{answer}");
    world.redeem(&client, &code).is(200);
}

#[test]
fn a_failed_authentication_burns_nothing() {
    let world = World::start();
    let client = world.confidential_client();
    let code = world.code(&client);
    // Some clients try Basic first and the body next, with the same code.
    world
        .redeem(&client.with_secret("cs_wrong"), &code)
        .oauth_error(401, "invalid_client");
    let mut pairs = code.pairs();
    pairs.push(("client_id", client.client_id.clone()));
    pairs.push(("client_secret", client.secret.clone().unwrap()));
    let tokens = Tokens::read(world.http.send(Request::post("/oauth/token").form(&pairs)).oauth_json());
    world
        .refresh(&client.with_secret("cs_wrong"), tokens.refresh())
        .oauth_error(401, "invalid_client");
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn a_confidential_client_must_authenticate_at_every_call_and_a_client_without_secret_needs_pkce() {
    let world = World::start();
    let confidential = world.confidential_client();
    let nameless = Client {
        secret: None,
        ..confidential.clone()
    };
    is_kept_out(&world, &nameless);
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        world
            .http
            .send(nameless.post(path, &[("token", "x")]))
            .oauth_error(401, "invalid_client");
    }
    world
        .http
        .send(Request::post("/oauth/token").form(&[("grant_type", "refresh_token"), ("refresh_token", "x")]))
        .oauth_error(401, "invalid_client");
    let powerless = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "pkce": false }));
    let answer = world.http.send(knock(&powerless));
    assert!(
        ["unauthorized_client", "invalid_client"].contains(&answer.json()["error"].as_str().unwrap()),
        "{answer}"
    );
    let public = world.public_client();
    is_let_in(&world, &public);
    is_kept_out(&world, &public.with_secret("cs_ABCDefgh0123456789abcdefghijKLMN"));
    // The first secret makes it confidential.
    let secret = world.new_secret(&public, &json!({}));
    assert!(comes_true(A_SECOND, || world.http.send(knock(&public)).status == 401));
    is_let_in(&world, &public.with_secret(secret["secret"].as_str().unwrap()));
}

#[test]
fn a_client_never_turns_public_by_itself() {
    let world = World::start();
    let client = world.public_client();
    let soon = time::OffsetDateTime::now_utc() + Duration::from_millis(900);
    let soon = soon.format(&time::format_description::well_known::Rfc3339).unwrap();
    let expiring = world.new_secret(&client, &json!({ "expiresAt": soon }));
    let expiring = client.with_secret(expiring["secret"].as_str().unwrap());
    assert!(comes_true(Duration::from_secs(3), || {
        world.http.send(knock(&expiring)).status == 401
    }));
    is_kept_out(&world, &client);
    let last = world.new_secret(&client, &json!({}));
    let last_client = client.with_secret(last["secret"].as_str().unwrap());
    assert!(comes_true(A_SECOND, || world.http.send(knock(&last_client)).status == 400));

    // Neither does a change of something else make it public, nor an administrator while a secret works.
    let whole = json!({ "name": "Renamed", "redirect_uri": [client.redirect_uri], "enableRefreshTokens": true });
    let replaced = world.manage(&client, "PUT", "", Some(&whole)).is(200).json();
    assert_eq!(replaced["confidential"], true);
    assert_eq!(
        world.patch(&client, &json!({ "confidential": null }))["confidential"],
        true
    );
    let public = json!({ "confidential": false });
    world
        .manage(&client, "PATCH", "", Some(&public))
        .api_error(409, "Conflict");

    let secrets = world.manage(&client, "GET", "/secrets", None).json();
    for secret in secrets["_embedded"]["inf:oauth-client-secret"].as_array().unwrap() {
        let path = format!("/secrets/{}", secret["id"].as_str().unwrap());
        world.manage(&client, "DELETE", &path, None).is(204);
    }
    assert!(comes_true(A_SECOND, || world.http.send(knock(&last_client)).status == 401));
    is_kept_out(&world, &client);
    assert_eq!(world.manage(&client, "GET", "", None).json()["confidential"], true);

    assert_eq!(world.patch(&client, &public)["confidential"], false);
    assert!(comes_true(A_SECOND, || world.http.send(knock(&client)).status == 400));
    is_let_in(&world, &client);
    world.patch(&client, &json!({ "confidential": true }));
    assert!(comes_true(A_SECOND, || world.http.send(knock(&client)).status == 401));
}

#[test]
fn an_expired_or_deleted_secret_is_invalid_client_and_its_siblings_go_on_working() {
    let world = World::start();
    let client = world.confidential_client();
    let soon = time::OffsetDateTime::now_utc() + Duration::from_millis(900);
    let soon = soon.format(&time::format_description::well_known::Rfc3339).unwrap();
    let expiring = world.new_secret(&client, &json!({ "expiresAt": soon }));
    let deleted = world.new_secret(&client, &json!({}));
    let expiring_client = client.with_secret(expiring["secret"].as_str().unwrap());
    let deleted_client = client.with_secret(deleted["secret"].as_str().unwrap());
    // Known and remembered by the process.
    is_let_in(&world, &expiring_client);
    is_let_in(&world, &deleted_client);
    let id = deleted["id"].as_str().unwrap();
    world.manage(&client, "DELETE", &format!("/secrets/{id}"), None).is(204);
    assert!(comes_true(A_SECOND, || world.http.send(knock(&deleted_client)).status == 401));
    is_kept_out(&world, &deleted_client);
    assert!(comes_true(Duration::from_secs(2), || world
        .http
        .send(knock(&expiring_client))
        .status
        == 401));
    is_let_in(&world, &client);
}

#[test]
fn what_cannot_be_a_secret_is_refused_whatever_its_length() {
    let world = World::start_with(&[("INFORMER_OAUTH__LIMITS__CLIENT_ATTEMPTS", "1000")]);
    let client = world.confidential_client();
    let secret = client.secret.clone().unwrap();
    for wrong in [
        format!("{secret}x"),
        secret[..34].to_owned(),
        secret.to_uppercase(),
        format!(" {secret}"),
        format!("{secret}\0"),
        format!("{secret}{}", "x".repeat(37)),
        format!("{secret}{}", "x".repeat(38)),
        "x".repeat(72),
        "x".repeat(73),
        "x".repeat(5000),
        "é".repeat(40),
    ] {
        let answer = world.http.send(knock(&client.with_secret(&wrong)));
        assert!(
            answer.status == 401 || (answer.status == 400 && wrong.contains('\0')),
            "{wrong:?}: {answer}"
        );
    }
    is_let_in(&world, &client);
}

#[test]
fn repeated_wrong_secrets_are_429_with_retry_after_and_the_right_one_still_works_from_elsewhere() {
    let world = World::start();
    let client = world.confidential_client();
    let wrong = client.with_secret("cs_00000000000000000000000000000000");
    let limited = (0..200)
        .map(|_| world.http.send(knock(&wrong)))
        .find(|answer| answer.status != 401)
        .expect("guessing is limited");
    limited.oauth_error(429, "temporarily_unavailable");
    assert!(
        limited
            .header("retry-after")
            .is_some_and(|wait| wait.parse::<u32>().is_ok_and(|wait| wait > 0)),
        "{limited}"
    );
    let elsewhere = Http::from_address(world.base(), [127, 0, 0, 2]);
    elsewhere.send(knock(&client)).oauth_error(400, "invalid_grant");
    assert_eq!(world.count_events(&client, "client.authentication_limited"), 1);
    let failed = world
        .events(&client)
        .into_iter()
        .find(|event| is_of_kind(event, "client.authentication_failed"))
        .unwrap();
    assert!(is_of_kind(&failed, "127.0.0.1"), "{failed}");
}

#[test]
fn guessing_across_many_clients_from_one_address_is_limited_too() {
    let world = World::start();
    let client = world.confidential_client();
    let limited = (0..2000u32).any(|number| {
        let guess = Client {
            client_id: format!("{number:020x}"),
            ..client.with_secret("cs_00000000000000000000000000000000")
        };
        world.http.send(knock(&guess)).status == 429
    });
    assert!(limited);
}
