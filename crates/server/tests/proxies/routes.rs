//! Which of the two a path belongs to.

use crate::{behind_each, site::Site, support::Request};

fn each_gets_what_is_its_own(site: &Site) {
    for (target, status) in [
        ("/.well-known/oauth-authorization-server", 200),
        ("/.well-known/jwks.json", 200),
        ("/path/.well-known/oauth-authorization-server", 404),
        ("/a/path/.well-known/jwks.json", 404),
        ("/oauth/docs", 200),
        ("/oauth/nothing", 404),
        ("/api/oauth/scopes", 401),
        ("/api/oauth/openapi.json", 200),
        ("/api/oauth-clients", 401),
        ("/api/oauth-clients/x", 401),
        ("/api/oauth-clients-list", 401),
        ("/api/oauth-client-templates", 401),
        ("/api/oauth-tokens", 404),
        ("/api/oauth-events/x", 404),
    ] {
        let (answer, seen) = site.send(Request::get(target));
        assert!(seen.is_empty(), "{target}: {seen:?}");
        let own = site.world.http.get(target);
        assert_eq!(answer.status, own.status, "{answer}");
        assert!(status == answer.status || own.status == 200, "{answer}");
    }
    for target in [
        "/api/oauthx",
        "/api/oauth-clientsx",
        "/oauthx",
        "/.well-known/x",
        "/health/ready",
        "/metrics",
        "/api/users",
    ] {
        let (_, seen) = site.send(Request::get(target));
        assert_eq!(seen.len(), 1, "{target}");
    }
    // The gate answers nobody but the proxy.
    let token = site.token("write:global");
    for target in ["/oauth/verify", "/oauth/verify/api/datasets", "/informer-oauth-gate"] {
        let request = Request::get(target)
            .bearer(&token)
            .header("X-Original-Method", "GET")
            .header("X-Original-URI", "/api/datasets");
        let (answer, _) = site.send(request);
        assert!([403, 404].contains(&answer.status), "{answer}");
        assert_eq!(answer.header("x-informer-user"), None, "{answer}");
    }
}

fn refusals_say_why(site: &Site) {
    let (answer, seen) = site.send(Request::get("/api/datasets").bearer("nonsense"));
    assert!(seen.is_empty());
    let challenges = answer.headers("www-authenticate");
    assert_eq!(
        (answer.status, challenges.as_slice()),
        (401, &["Bearer error=\"invalid_token\""][..]),
        "{answer}"
    );
    assert!(answer.json().is_object(), "{answer}");
    let (answer, seen) = site.send(Request::new("DELETE", "/api/datasets/1").bearer(&site.token("read:dataset")));
    assert!(seen.is_empty());
    let challenges = answer.headers("www-authenticate");
    let expected = "Bearer error=\"insufficient_scope\", scope=\"write:dataset\"";
    assert_eq!(
        (answer.status, challenges.as_slice()),
        (403, &[expected][..]),
        "{answer}"
    );
    assert!(answer.json().is_object(), "{answer}");
    // What Informer itself refuses stays as Informer said it.
    let (answer, seen) = site.send(Request::get("/api/users/ada"));
    assert_eq!((answer.status, seen.len()), (401, 1), "{answer}");
    assert_eq!(answer.json()["message"], "Missing or invalid authentication");
}

fn paths_belong_to_one_of_the_two(site: &Site) {
    each_gets_what_is_its_own(site);
    refusals_say_why(site);
}

behind_each!(paths_belong_to_one_of_the_two);
