//! A gate or an Informer that is not there.

use informer_oauth_testkit::informer::Behaviour;

use crate::{proxy::Kind, site::Site, support::Request};

fn what_is_down_lets_nothing_through(kind: Kind) {
    let mut site = Site::behind(kind);
    let token = site.token("write:global");

    site.informer.behave(Behaviour::Refusing);
    let (answer, _) = site.send(Request::get("/api/datasets").bearer(&token));
    assert!((502..=504).contains(&answer.status), "{answer}");
    let (answer, _) = site.send(Request::get("/.well-known/jwks.json"));
    assert_eq!(answer.status, 200, "the service is there without Informer: {answer}");
    site.informer.behave(Behaviour::Well);
    let (answer, _) = site.send(Request::get("/api/datasets").bearer(&token));
    assert_eq!(answer.status, 200, "{answer}");

    // Traefik gives up after half a minute only.
    if kind != Kind::Traefik {
        site.world.service.freeze();
        let (answer, seen) = site.send(Request::get("/api/datasets").bearer(&token));
        site.world.service.signal("-CONT");
        assert_eq!((answer.status, seen.len()), (503, 0), "{answer}");
        let (answer, _) = site.send(Request::get("/api/datasets").bearer(&token));
        assert_eq!(answer.status, 200, "{answer}");
    }

    site.world.service.kill9();
    for request in [
        Request::get("/api/datasets").bearer(&token),
        Request::get("/api/datasets"),
    ] {
        let (answer, seen) = site.send(request);
        // Traefik has no other word for it.
        let status = if kind == Kind::Traefik { 500 } else { 503 };
        assert_eq!(answer.status, status, "{answer}");
        assert!(seen.is_empty(), "{seen:?}");
    }
    site.world.service.launch();
    let (answer, _) = site.send(Request::get("/api/datasets").bearer(&token));
    assert_eq!(answer.status, 200, "{answer}");
}

#[test]
fn nginx() {
    what_is_down_lets_nothing_through(Kind::Nginx);
}

#[test]
fn envoy() {
    what_is_down_lets_nothing_through(Kind::Envoy);
}

#[test]
fn traefik() {
    what_is_down_lets_nothing_through(Kind::Traefik);
}
