//! Where the cookie and the API token go, and where they do not.

use informer_oauth_testkit::run;

use super::{server::Server, *};

#[test]
fn informer_gets_the_one_cookie_and_no_more_and_the_token_where_no_browser_is() {
    run(async {
        let (fake, informer) = beside();
        let sid = fake.sign_in("ada");
        signed_in(&informer, &sid).await.unwrap().unwrap();
        active(&informer, "ada").await.unwrap().unwrap();
        let seen = fake.requests();
        let paths: Vec<&str> = seen.iter().map(|request| request.path.as_str()).collect();
        assert_eq!(
            paths,
            [&format!("/api/sessions/{sid}"), "/api/users/ada", "/api/users/ada"]
        );
        for request in &seen[..2] {
            assert_eq!(request.header("cookie"), Some(format!("sid={sid}").as_str()));
            assert_eq!(request.header("authorization"), None);
        }
        assert_eq!(seen[2].header("cookie"), None);
        let token = format!("Bearer {}", fake.api_token());
        assert_eq!(seen[2].header("authorization"), Some(token.as_str()));
        for request in &seen {
            let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
            names.retain(|name| !["host", "accept", "user-agent", "cookie", "authorization"].contains(name));
            assert!(names.is_empty(), "{names:?}");
            assert_eq!(
                (request.method.as_str(), request.query.as_str(), request.body_length),
                ("GET", "", 0)
            );
        }
    });
}

#[test]
fn what_a_cookie_says_stays_in_its_segment_and_its_header() {
    run(async {
        let (fake, informer) = beside();
        for value in [
            "a\r\nX-Informer-User: admin",
            "a\nCookie: sid=b",
            "a; sid=b",
            "a b",
            "..",
            ".",
            "",
            &"x".repeat(5000),
        ] {
            assert_eq!(came(&signed_in(&informer, value).await), Came::No, "{value:?}");
        }
        assert!(fake.requests().is_empty(), "nobody was asked");
        let odd = "../../users/ada?x=1#y%2f&z";
        assert_eq!(came(&signed_in(&informer, odd).await), Came::No);
        let seen = fake.requests();
        assert_eq!(seen[0].path, "/api/sessions/..%2F..%2Fusers%2Fada%3Fx%3D1%23y%252f%26z");
        assert_eq!(seen[0].query, "");
        assert_eq!(seen[0].header("cookie"), Some(format!("sid={odd}").as_str()));
        assert_eq!(seen.len(), 1);
    });
}

#[test]
fn names_that_could_be_another_path_are_nobodys() {
    run(async {
        let (fake, informer) = beside();
        for name in ["", ".", "..", "a\nb", &"x".repeat(300)] {
            assert_eq!(came(&active(&informer, name).await), Came::No, "{name:?}");
        }
        assert!(fake.requests().is_empty());
        assert_eq!(came(&active(&informer, "../sessions/x").await), Came::No);
        assert_eq!(fake.requests()[0].path, "/api/users/..%2Fsessions%2Fx");
    });
}

#[test]
fn a_redirect_is_not_followed() {
    run(async {
        let elsewhere = FakeInformer::start();
        for status in [
            "301 Moved Permanently",
            "302 Found",
            "303 See Other",
            "307 Temporary Redirect",
        ] {
            let answer = format!(
                "HTTP/1.1 {status}\r\nLocation: {}/api/sessions/a\r\nContent-Length: 0\r\n\r\n",
                elsewhere.url()
            );
            let server = Server::start(vec![answer.into_bytes()]).await;
            let informer = server.informer();
            assert_eq!(came(&signed_in(&informer, "a").await), Came::Unavailable, "{status}");
            assert_eq!(came(&active(&informer, "ada").await), Came::Unavailable, "{status}");
        }
        assert!(elsewhere.requests().is_empty());
    });
}

#[test]
fn cookies_that_informer_sets_are_not_kept() {
    run(async {
        let answer = b"HTTP/1.1 404 Not Found\r\nSet-Cookie: sid=planted; Path=/\r\nContent-Length: 0\r\n\r\n";
        let server = Server::start(vec![answer.to_vec()]).await;
        let informer = server.informer();
        for _ in 0..2 {
            assert_eq!(came(&signed_in(&informer, "mine").await), Came::No);
        }
        assert_eq!(came(&active(&informer, "ada").await), Came::No);
        let heard = server.heard();
        assert!(!heard.contains("planted") && heard.contains("sid=mine"), "{heard}");
    });
}

#[test]
fn nothing_here_prints_a_credential() {
    run(async {
        let credential = Credential::Cookie(header(&Secret::new("sid=hunter2".into())).unwrap());
        let ask = Ask {
            path: "/".into(),
            credential,
        };
        assert!(!format!("{ask:?}").contains("hunter2"));
        let settings = InformerSettings {
            api_token: Some(Secret::new("hunter2".into())),
            ..settings("http://127.0.0.1")
        };
        assert!(!format!("{settings:?}").contains("hunter2"));
    });
}
