//! Every endpoint for every kind of caller.

use crate::support::*;

const SUPERUSER: &str = "Superuser permission required";
const FEATURE: &str = "Token API feature is not enabled";

/// Who an endpoint is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum For {
    Administrators,
    Superusers,
    Users,
    Anyone,
}

struct Endpoint {
    method: &'static str,
    /// With `{id}`, `{secret}` and `{token}` to be filled in.
    path: &'static str,
    body: Option<Value>,
    who: For,
    success: u16,
}

fn endpoints() -> Vec<Endpoint> {
    let endpoint = |method, path, body, who, success| Endpoint {
        method,
        path,
        body,
        who,
        success,
    };
    let whole = json!({ "name": "Replaced", "redirect_uri": ["https://app.example/cb"] });
    vec![
        endpoint("GET", "/api/oauth-clients", None, For::Administrators, 200),
        endpoint(
            "POST",
            "/api/oauth-clients",
            Some(json!({ "name": "Made" })),
            For::Administrators,
            201,
        ),
        endpoint("GET", "/api/oauth-clients/{id}", None, For::Administrators, 200),
        endpoint("PUT", "/api/oauth-clients/{id}", Some(whole), For::Administrators, 200),
        endpoint(
            "PATCH",
            "/api/oauth-clients/{id}",
            Some(json!({ "description": "Patched" })),
            For::Administrators,
            200,
        ),
        endpoint("GET", "/api/oauth-clients-list", None, For::Users, 200),
        endpoint("GET", "/api/oauth-client-templates", None, For::Users, 200),
        endpoint("GET", "/api/oauth-clients/{id}/icon", None, For::Anyone, 200),
        endpoint("DELETE", "/api/oauth-clients/{id}/icon", None, For::Administrators, 204),
        endpoint("GET", "/api/oauth-clients/{id}/tokens", None, For::Administrators, 200),
        endpoint("GET", "/api/oauth-clients/{id}/secrets", None, For::Administrators, 200),
        endpoint(
            "POST",
            "/api/oauth-clients/{id}/secrets",
            Some(json!({})),
            For::Administrators,
            201,
        ),
        endpoint(
            "GET",
            "/api/oauth-clients/{id}/secrets/{secret}",
            None,
            For::Administrators,
            200,
        ),
        endpoint(
            "DELETE",
            "/api/oauth-clients/{id}/secrets/{secret}",
            None,
            For::Administrators,
            204,
        ),
        endpoint("GET", "/api/oauth-clients/{id}/events", None, For::Administrators, 200),
        endpoint(
            "DELETE",
            "/api/oauth-clients/{id}/tokens/{token}",
            None,
            For::Administrators,
            204,
        ),
        endpoint(
            "DELETE",
            "/api/oauth-clients/{id}/tokens",
            None,
            For::Administrators,
            200,
        ),
        endpoint("DELETE", "/api/oauth-clients/{id}", None, For::Superusers, 204),
    ]
}

/// A client with a secret and a token record, made with the command line where the API is closed.
struct Target {
    client: Client,
    secret: String,
    token: String,
}

impl Target {
    fn new(world: &World) -> Self {
        let client = world.confidential_client();
        let secret =
            world.manage(&client, "GET", "/secrets", None).json()["_embedded"]["inf:oauth-client-secret"][0]["id"]
                .as_str()
                .unwrap()
                .to_owned();
        let tokens = world.tokens(&client);
        let token = jwt::Jwt::read(&tokens.access).claim("tid").as_str().unwrap().to_owned();
        Self { client, secret, token }
    }

    fn request(&self, endpoint: &Endpoint) -> Request {
        let path = endpoint
            .path
            .replace("{id}", &self.client.id)
            .replace("{secret}", &self.secret)
            .replace("{token}", &self.token);
        let request = Request::new(endpoint.method, path).header("Sec-Fetch-Site", "same-origin");
        match &endpoint.body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

fn is_read(endpoint: &Endpoint) -> bool {
    endpoint.method == "GET"
}

#[track_caller]
fn is_forbidden(answer: &Answer, message: &str) {
    assert_eq!(answer.api_error(403, "Forbidden")["message"], message, "{answer}");
}

#[test]
fn nobody_gets_further_than_the_pictures_without_a_session_or_a_good_token() {
    let world = World::start();
    let target = Target::new(&world);
    let stranger = Browser::new(world.base());
    stranger.set_cookie("sid", "forged");
    for name in world.admin.cookies().keys() {
        stranger.set_cookie(name, "forged");
    }
    for endpoint in endpoints() {
        let plain = world.http.send(target.request(&endpoint));
        let forged = stranger.send(target.request(&endpoint));
        let bearer = world.http.send(target.request(&endpoint).bearer("nonsense"));
        if endpoint.who == For::Anyone {
            plain.is(endpoint.success);
            forged.is(endpoint.success);
            continue;
        }
        for answer in [&plain, &forged, &bearer] {
            answer.api_error(401, "Unauthorized");
        }
        assert_eq!(plain.header("www-authenticate"), Some("Bearer"), "{plain}");
        let challenge = bearer.header("www-authenticate").unwrap_or_default();
        assert!(
            challenge.starts_with("Bearer") && challenge.contains("invalid_token"),
            "{bearer}"
        );
    }
}

#[test]
fn a_user_who_is_no_superuser_gets_lists_and_templates_only() {
    let world = World::start();
    let target = Target::new(&world);
    let ada = world.user("ada");
    for endpoint in endpoints() {
        let answer = ada.send(target.request(&endpoint));
        match endpoint.who {
            For::Users | For::Anyone => drop(answer.is(endpoint.success)),
            For::Administrators | For::Superusers => is_forbidden(&answer, SUPERUSER),
        }
    }
    // Also for what does not exist: permission comes first, so that nothing can be found out.
    ada.api("GET", "/api/oauth-clients/00000000-0000-7000-8000-000000000000", None)
        .api_error(403, "Forbidden");
    ada.api("POST", "/api/oauth-clients", Some(&json!({ "nonsense": 1 })))
        .api_error(403, "Forbidden");
    assert_eq!(world.manage(&target.client, "GET", "", None).json()["description"], "");
}

#[test]
fn a_superuser_may_do_everything_by_session_and_by_a_token_that_reaches_far_enough() {
    let world = World::start();
    let grants = world.public_client();
    let bob = world.superuser("bob");
    for endpoint in endpoints() {
        bob.send(Target::new(&world).request(&endpoint)).is(endpoint.success);
        let scopes: &[&str] = if is_read(&endpoint) {
            &["read:global", "write:global"]
        } else {
            &["write:global"]
        };
        for scope in scopes {
            let token = world.tokens_with(&grants, scope).access;
            let request = Target::new(&world).request(&endpoint).bearer(&token);
            world.http.send(request).is(endpoint.success);
        }
    }
}

#[test]
fn a_superusers_token_with_too_little_scope_is_403_insufficient_scope() {
    let world = World::start();
    let target = Target::new(&world);
    let grants = world.public_client();
    let tokens: Vec<(&str, String)> = SCOPES
        .iter()
        .map(|scope| (*scope, world.tokens_with(&grants, scope).access))
        .collect();
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.who != For::Anyone) {
        for (scope, token) in &tokens {
            if *scope == "write:global" || (*scope == "read:global" && is_read(endpoint)) {
                continue;
            }
            let answer = world.http.send(target.request(endpoint).bearer(token));
            answer.api_error(403, "Forbidden");
            let challenge = answer.header("www-authenticate").unwrap_or_default();
            assert!(challenge.contains("insufficient_scope"), "{scope}: {answer}");
        }
    }
    world.manage(&target.client, "GET", "", None).is(200);
    assert_eq!(
        world.manage(&target.client, "GET", "/tokens", None).json()["total"],
        1,
        "nothing was done"
    );
}

#[test]
fn a_token_of_a_user_who_is_no_superuser_is_403_however_much_it_reaches() {
    let world = World::start();
    let target = Target::new(&world);
    let ada = world.user("ada");
    let grants = world.public_client();
    let token = world
        .tokens_for(&ada, &grants, &Ask::of(&grants).with("scope", "write:global"))
        .access;
    for endpoint in endpoints() {
        let answer = world.http.send(target.request(&endpoint).bearer(&token));
        match endpoint.who {
            For::Users | For::Anyone => drop(answer.is(endpoint.success)),
            For::Administrators | For::Superusers => is_forbidden(&answer, SUPERUSER),
        }
    }
}

#[test]
fn without_the_token_api_feature_a_superuser_may_only_delete_clients() {
    let mut world = World::start();
    let target = Target::new(&world);
    let grants = world.public_client();
    let token = world.tokens_with(&grants, "write:global").access;
    std::fs::write(
        world.service.folder().join("informer-oauth.toml"),
        "[features]\ntoken_api = false\n",
    )
    .unwrap();
    world.service.restart();
    world.reconnect();
    let ada = world.user("ada");
    for endpoint in endpoints() {
        let by_user = ada.send(target.request(&endpoint));
        if matches!(endpoint.who, For::Administrators | For::Superusers) {
            is_forbidden(&by_user, SUPERUSER);
        }
        for answer in [
            world.admin.send(target.request(&endpoint)),
            world.http.send(target.request(&endpoint).bearer(&token)),
        ] {
            match endpoint.who {
                For::Administrators => is_forbidden(&answer, FEATURE),
                For::Users | For::Anyone => drop(answer.is(endpoint.success)),
                // The first of the two deletes it.
                For::Superusers => assert!([204, 404].contains(&answer.status), "{answer}"),
            }
        }
    }
    let put = Request::new("PUT", format!("/api/oauth-clients/{}/icon", grants.id))
        .header("Sec-Fetch-Site", "same-origin")
        .body("image/png", images::png(8, 8));
    is_forbidden(&world.admin.send(put), FEATURE);
}

#[test]
fn a_write_with_a_session_cookie_needs_a_page_of_the_same_origin() {
    let world = World::start();
    let target = Target::new(&world);
    for endpoint in endpoints() {
        for headers in [
            vec![],
            vec![("Origin", "https://evil.example")],
            vec![("Origin", "null")],
            vec![("Sec-Fetch-Site", "cross-site")],
            vec![("Sec-Fetch-Site", "same-site")],
        ] {
            let mut request = target.request(&endpoint);
            request.headers.retain(|(name, _)| name != "Sec-Fetch-Site");
            for (name, value) in &headers {
                request = request.header(name, value);
            }
            let answer = world.admin.send(request);
            if is_read(&endpoint) {
                answer.is(endpoint.success);
            } else {
                answer.api_error(403, "Forbidden");
            }
        }
    }
    let origin = world.base_url().origin().ascii_serialization();
    let allowed = Request::post("/api/oauth-clients")
        .header("Origin", &origin)
        .json(&json!({ "name": "Mine" }));
    world.admin.send(allowed).is(201);
    // A program with a token is no browser and needs no such header.
    let token = world.tokens_with(&world.public_client(), "write:global").access;
    world
        .http
        .send(
            Request::post("/api/oauth-clients")
                .bearer(&token)
                .json(&json!({ "name": "Theirs" })),
        )
        .is(201);
}

#[test]
fn ids_in_another_clients_path_are_404() {
    let world = World::start();
    let (one, other) = (Target::new(&world), Target::new(&world));
    let path = |below: &str| format!("/api/oauth-clients/{}{below}", one.client.id);
    let words = |answer: Answer| answer.api_error(404, "Not Found");
    words(
        world
            .admin
            .api("GET", &path(&format!("/secrets/{}", other.secret)), None),
    );
    words(
        world
            .admin
            .api("DELETE", &path(&format!("/secrets/{}", other.secret)), None),
    );
    words(
        world
            .admin
            .api("DELETE", &path(&format!("/tokens/{}", other.token)), None),
    );
    world
        .admin
        .api(
            "GET",
            &format!("/api/oauth-clients/{}/secrets/{}", other.client.id, other.secret),
            None,
        )
        .is(200);
    assert_eq!(world.manage(&other.client, "GET", "/tokens", None).json()["total"], 1);
}

#[test]
fn sql_like_and_path_metacharacters_in_ids_are_data() {
    let world = World::start();
    let client = world.confidential_client();
    for id in [
        "'",
        "%27%20OR%201%3D1--",
        "%25",
        "_",
        "%2e%2e",
        "%00",
        "%ff",
        "*",
        "a%2Fb",
        "%3Cscript%3E",
        "00000000-0000-7000-8000-000000000000",
        "null",
        &"x".repeat(2000),
    ] {
        for path in [
            format!("/api/oauth-clients/{id}"),
            format!("/api/oauth-clients/{id}/icon"),
            format!("/api/oauth-clients/{id}/secrets"),
            format!("/api/oauth-clients/{}/secrets/{id}", client.id),
        ] {
            let request = Browser::scripted("GET", &path, None);
            let cookie: Vec<String> = world
                .admin
                .cookies()
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let request = request.header("Cookie", &cookie.join("; "));
            let answer =
                wire::exchange(&world.base_url(), &wire::bytes(&world.base_url(), &request)).expect("an answer");
            assert!([400, 404].contains(&answer.status), "{path}: {answer}");
            assert!(!answer.text().contains("<script>"), "{answer}");
        }
    }
    let by_public_id = world
        .admin
        .api("GET", &format!("/api/oauth-clients/{}", client.client_id), None)
        .is(200)
        .json();
    assert_eq!(by_public_id["id"], json!(client.id), "both ids always work");
}
