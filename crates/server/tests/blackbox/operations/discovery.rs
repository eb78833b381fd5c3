//! What the service says about itself.

use std::time::Duration;

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
    assert_eq!(grants, ["authorization_code", "refresh_token", DEVICE_GRANT]);
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
        let posted = [
            "token_endpoint",
            "revocation_endpoint",
            "introspection_endpoint",
            "device_authorization_endpoint",
        ];
        let method = if posted.contains(&name.as_str()) { "POST" } else { "GET" };
        let answer = world.http.send(Request::new(method, path));
        assert!(![404, 405, 500, 501].contains(&answer.status), "{name}: {answer}");
    }
    assert!(endpoints >= 5, "{metadata}");
    for absent in [
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
    world
        .service
        .cli_ok(&["keys", "rotate", "--purpose", "access", "--force"]);
    let kid = |tokens: &Tokens| jwt::Jwt::read(&tokens.access).header["kid"].clone();
    let old = kid(&before);
    // The command is another process; a service finds out when it looks, and it looks at once when it meets a key that it
    // does not know, as another replica's tokens would carry.
    let unknown = jwt::Jwt::read(&before.access)
        .with_header("kid", json!("another replica's"))
        .text();
    let rotated = || {
        world.gate("GET", "/api/profile", Some(&unknown)).is(401);
        kid(&world.tokens(&client)) != old
    };
    assert!(
        comes_true(Duration::from_secs(20), rotated),
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
        "/api/oauth/authorize_device",
        "/api/oauth/device_access_token",
        "/api/oauth/device_token",
        "/api/oauth/device_user_code",
        "/api/oauth/scopes",
        "/health/live",
        "/health/ready",
        "/oauth/authorize",
        "/oauth/device_authorization",
        "/oauth/introspect",
        "/oauth/revoke",
        "/oauth/token",
        "/oauth/verify",
    ] {
        assert!(paths.contains(&path), "{path} of {paths:?}");
    }
    assert!(!paths.iter().any(|path| path.contains("metrics")), "{paths:?}");
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
