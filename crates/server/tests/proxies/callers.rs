//! Informer's own callers: tokens that this service did not issue, and CORS preflights.

use crate::{
    proxy::Kind,
    site::Site,
    support::{Answer, Request},
};

const PASS: (&str, &str) = ("INFORMER_OAUTH__GATE__FOREIGN_TOKENS", "pass");
const REQUIRED: (&str, &str) = ("INFORMER_OAUTH__GATE__REQUIRE_TOKEN", "true");

fn foreign_tokens_arrive_as_they_were_sent(site: &Site) {
    for request in [
        Request::get("/api/datasets").bearer("an-informer-api-token"),
        Request::post("/api/apps/admin:shop/_hook/x").bearer("whsec_1"),
    ] {
        let sent = request.headers.last().unwrap().1.clone();
        let (answer, seen) = site.send(request);
        assert_eq!(seen.len(), 1, "{answer}");
        assert_eq!(seen[0].header("authorization"), Some(sent.as_str()), "{seen:?}");
        let is_ours = |(name, _): &(String, String)| name.starts_with("x-informer") || name.starts_with("x-original");
        assert!(!seen[0].headers.iter().any(is_ours), "{seen:?}");
    }
    let client = site.world.public_client();
    let tokens = site.world.tokens(&client);
    for ours in [tokens.refresh(), &format!("{}x", tokens.access)] {
        let (answer, seen) = site.send(Request::get("/api/datasets").bearer(ours));
        assert_eq!((answer.status, seen.len()), (401, 0), "{answer}");
    }
}

fn preflights_arrive_where_a_token_is_required(site: &Site) {
    let preflight = || {
        Request::new("OPTIONS", "/api/datasets")
            .header("Origin", "https://app.example")
            .header("Access-Control-Request-Method", "GET")
    };
    let (answer, seen) = site.send(preflight());
    assert_eq!(seen.len(), 1, "{answer}");
    assert_eq!(seen[0].header("origin"), Some("https://app.example"), "{seen:?}");
    for request in [Request::new("OPTIONS", "/api/datasets"), Request::get("/api/datasets")] {
        let (answer, seen) = site.send(request);
        assert_eq!((answer.status, seen.len()), (401, 0), "{answer}");
    }
}

fn refusals_say_why_and_have_an_id(site: &Site) {
    let token = site.token("read:dataset");
    let has_id = |answer: &Answer| {
        assert!(
            answer.header("x-request-id").is_some_and(|id| !id.is_empty()),
            "{answer}"
        );
    };
    let (answer, _) = site.send(Request::get("/api/users").bearer(&token));
    assert_eq!(answer.status, 403, "{answer}");
    has_id(&answer);
    let (answer, _) = site.send(Request::get("/api/datasets").bearer(&format!("{token}x")));
    assert_eq!(answer.status, 401, "{answer}");
    has_id(&answer);
    let (answer, seen) = site.send(Request::get("/api/datasets/%252e/x").bearer(&token));
    assert_eq!((answer.status, seen.len()), (403, 0), "{answer}");
    let challenge = answer.header("www-authenticate").unwrap_or_else(|| panic!("{answer}"));
    assert!(challenge.contains("encoded twice"), "{challenge}");
    has_id(&answer);
}

fn informers_own_callers(kind: Kind) {
    let site = Site::behind_with(kind, &[PASS]);
    foreign_tokens_arrive_as_they_were_sent(&site);
    refusals_say_why_and_have_an_id(&site);
    preflights_arrive_where_a_token_is_required(&Site::behind_with(kind, &[REQUIRED]));
}

#[test]
fn nginx() {
    informers_own_callers(Kind::Nginx);
}

#[test]
fn envoy() {
    informers_own_callers(Kind::Envoy);
}

#[test]
fn traefik() {
    informers_own_callers(Kind::Traefik);
}
