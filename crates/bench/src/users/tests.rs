#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use super::code::code_in;
use super::*;
use crate::load::{VirtualUser, read};

fn client(secret: Option<&str>) -> Client {
    Client {
        client_id: "c1".into(),
        secret: secret.map(str::to_owned),
        redirect_uri: "http://127.0.0.1/callback".into(),
    }
}

fn asked(user: &mut dyn VirtualUser) -> String {
    let mut request = Vec::new();
    assert!(user.ask(&mut request));
    String::from_utf8(request).unwrap()
}

fn told(user: &mut dyn VirtualUser, status: &str, fields: &str, body: &str) -> anyhow::Result<()> {
    let answer = format!(
        "HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    read(answer.as_bytes(), |answer| user.hear(answer))?.unwrap();
    Ok(())
}

fn tokens(access: &str, refresh: &str) -> String {
    format!("{{\"access_token\":\"{access}\",\"refresh_token\":\"{refresh}\"}}")
}

fn refreshing(tokens: &[&str]) -> (Refreshing, Chains) {
    let chains = Chains::default();
    chains.borrow_mut().extend(tokens.iter().map(|&token| token.to_owned()));
    let post = Post::new("/oauth/token", &client(None));
    (Refreshing::new(post, chains.clone(), Seen::default()), chains)
}

#[test]
fn a_client_says_who_it_is_in_the_form_or_by_basic() {
    let mut request = Vec::new();
    Post::new("/oauth/token", &client(None)).write(&mut request, &["a=", "b"]);
    let request = String::from_utf8(request).unwrap();
    assert!(
        request.ends_with("Content-Length: 16\r\n\r\na=b&client_id=c1"),
        "{request}"
    );
    assert!(!request.contains("Authorization"));

    let mut request = Vec::new();
    Post::new("/oauth/token", &client(Some("s1"))).write(&mut request, &["a=b"]);
    let request = String::from_utf8(request).unwrap();
    assert!(request.contains("Authorization: Basic YzE6czE=\r\n"), "{request}");
    assert!(request.ends_with("Content-Length: 3\r\n\r\na=b"));
}

#[test]
fn a_refresh_presents_what_the_last_one_of_its_chain_gave() {
    let (mut user, chains) = refreshing(&["a0", "b0"]);
    for (presented, given) in [("a0", "a1"), ("b0", "b1"), ("a1", "a2"), ("b1", "b2")] {
        assert!(asked(&mut user).contains(&format!("refresh_token={presented}&")));
        told(&mut user, "200 OK", "", &tokens(&format!("for {given}"), given)).unwrap();
    }
    assert_eq!(*chains.borrow(), ["a2", "b2"]);
}

#[test]
fn a_refresh_must_give_a_really_new_token() {
    for wrong in [tokens("x", "a0"), tokens("", "a1"), "{}".to_owned()] {
        let (mut user, _) = refreshing(&["a0"]);
        asked(&mut user);
        assert!(told(&mut user, "200 OK", "", &wrong).is_err(), "{wrong}");
    }
    let (mut user, _) = refreshing(&["a0", "b0"]);
    asked(&mut user);
    told(&mut user, "200 OK", "", &tokens("x", "n")).unwrap();
    asked(&mut user);
    assert!(
        told(&mut user, "200 OK", "", &tokens("y", "n")).is_err(),
        "the same for two grants"
    );
    asked(&mut user);
    assert!(told(&mut user, "400 Bad Request", "", &tokens("x", "m")).is_err());
    let mut nothing = Vec::new();
    assert!(!user.ask(&mut nothing), "a chain that broke is not gone on with");
    let (mut user, _) = refreshing(&["a0", "b0", "c0"]);
    asked(&mut user);
    told(&mut user, "200 OK", "", &tokens("x", "n")).unwrap();
    asked(&mut user);
    assert!(
        told(&mut user, "200 OK", "", &tokens("x", "m")).is_err(),
        "one access token for two grants"
    );
}

#[test]
fn codes_are_taken_from_redirects_and_redeemed_once() {
    assert_eq!(code_in("http://127.0.0.1/cb?state=s&code=abc&iss=i"), Some("abc"));
    assert_eq!(code_in("http://127.0.0.1/cb?error=access_denied"), None);

    let stock = Stock::default();
    let mut asking = Authorizing {
        request: Rc::from(b"GET /oauth/authorize HTTP/1.1\r\n\r\n".as_slice()),
        further: "redirect_uri=x".into(),
        wanted: Rc::new(RefCell::new(1)),
        stock: stock.clone(),
    };
    asked(&mut asking);
    let target = "Location: http://127.0.0.1/cb?code=abc&state=s\r\n";
    assert!(told(&mut asking, "200 OK", target, "").is_err());
    assert!(told(&mut asking, "303 See Other", "Location: /oauth/sign-in\r\n", "").is_err());
    told(&mut asking, "303 See Other", target, "").unwrap();
    assert!(!asking.ask(&mut Vec::new()), "no more are wanted");
    asking.refused();
    assert!(asking.ask(&mut Vec::new()), "but for one that was refused");

    let kept = code::Kept::default();
    let mut user = Redeeming {
        post: Post::new("/oauth/token", &client(None)),
        stock,
        seen: Seen::default(),
        kept: Some(kept.clone()),
    };
    assert!(asked(&mut user).ends_with("grant_type=authorization_code&code=abc&redirect_uri=x&client_id=c1"));
    told(&mut user, "200 OK", "", &tokens("a", "r")).unwrap();
    assert_eq!((kept.refresh.borrow().len(), kept.access.borrow().len()), (1, 1));
    assert!(!user.ask(&mut Vec::new()));
    assert!(told(&mut user, "200 OK", "", &tokens("b", "r")).is_err());
}

#[test]
fn a_field_that_is_asked_for_must_be_there() {
    let expected = Expected {
        status: 200,
        text: "",
        field: Some("X-User"),
    };
    let mut user = Fetching::new([fetch::get("/", "")].into(), 0, expected, false);
    told(&mut user, "200 OK", "x-user: ada\r\n", "").unwrap();
    assert!(told(&mut user, "200 OK", "x-user:\r\n", "").is_err());
    assert!(told(&mut user, "200 OK", "", "").is_err());
}

#[test]
fn what_is_constant_must_not_change() {
    let requests: Rc<[Vec<u8>]> = [fetch::get("/a", ""), fetch::get("/b", "X: y\r\n")].into();
    let expected = Expected {
        status: 200,
        text: "\"keys\"",
        field: None,
    };
    let mut user = Fetching::new(requests, 1, expected, true);
    assert_eq!(asked(&mut user), "GET /b HTTP/1.1\r\nHost: 127.0.0.1\r\nX: y\r\n\r\n");
    assert!(asked(&mut user).starts_with("GET /a "));
    assert!(told(&mut user, "200 OK", "", "{}").is_err());
    told(&mut user, "200 OK", "", "{\"keys\":[1]}").unwrap();
    assert!(told(&mut user, "200 OK", "", "{\"keys\":[2]}").is_err());
    assert!(told(&mut user, "404 Not Found", "", "{\"keys\":[1]}").is_err());
}

#[test]
fn a_device_code_is_polled_no_sooner_than_it_may_be() {
    let pending = Pending::default();
    let mut starting = Starting {
        post: Post::new("/oauth/device_authorization", &client(None)),
        wanted: Rc::new(RefCell::new(2)),
        pending: pending.clone(),
    };
    for code in ["d1", "d2"] {
        assert!(asked(&mut starting).ends_with("scope=read%3Adataset&client_id=c1"));
        told(&mut starting, "200 OK", "", &format!("{{\"device_code\":\"{code}\"}}")).unwrap();
    }
    assert!(!starting.ask(&mut Vec::new()));
    let now = Instant::now();
    assert_eq!(pending.ready(now), 2);

    let mut user = Polling::new(Post::new("/oauth/token", &client(None)), pending.clone());
    for _ in 0..2 {
        assert!(asked(&mut user).contains("device_code&device_code=d"));
        told(
            &mut user,
            "400 Bad Request",
            "",
            "{\"error\":\"authorization_pending\"}",
        )
        .unwrap();
    }
    assert!(!user.ask(&mut Vec::new()), "both have just been polled");
    assert_eq!(
        (pending.ready(now), pending.ready(now + Duration::from_secs(60))),
        (0, 2)
    );
}

#[test]
fn a_poll_is_pending_and_nothing_else() {
    for (status, body) in [
        ("400 Bad Request", "{\"error\":\"slow_down\"}"),
        ("200 OK", "{\"error\":\"authorization_pending\"}"),
    ] {
        let mut user = Polling::new(Post::new("/oauth/token", &client(None)), Pending::default());
        assert!(told(&mut user, status, "", body).is_err(), "{body}");
    }
}
