//! Answers that only a broken or hostile server gives, and which failures are tried again.

use informer_oauth_testkit::run;

use super::{
    server::{ADA, Server, answer},
    *,
};

async fn outcome(answers: Vec<Vec<u8>>) -> (Came, usize) {
    let server = Server::start(answers).await;
    let informer = server.informer();
    let came = came(&active(&informer, "ada").await);
    (came, server.asked())
}

#[test]
fn a_broken_connection_and_a_gateways_excuse_are_tried_again_and_nothing_else() {
    run(async {
        let good = || answer("200 OK", ADA);
        let excuse = || answer("503 Service Unavailable", "{}");
        for (answers, expected) in [
            (vec![good()], (Came::Yes, 1)),
            (vec![excuse(), good()], (Came::Yes, 2)),
            (
                vec![answer("502 Bad Gateway", ""), answer("504 Gateway Timeout", ""), good()],
                (Came::Yes, 3),
            ),
            (vec![vec![], good()], (Came::Yes, 2)),
            (vec![excuse()], (Came::Unavailable, 3)),
            (vec![vec![]], (Came::Unavailable, 3)),
            (
                vec![answer("500 Internal Server Error", "{}"), good()],
                (Came::Unavailable, 1),
            ),
            (vec![answer("401 Unauthorized", "{}"), good()], (Came::Unavailable, 1)),
            (vec![answer("200 OK", "[]"), good()], (Came::Unavailable, 1)),
            (
                vec![b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(), good()],
                (Came::Unavailable, 1),
            ),
        ] {
            let said: Vec<_> = answers.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect();
            let said = format!("{said:?}");
            assert_eq!(outcome(answers).await, expected, "{said}");
        }
    });
}

#[test]
fn an_answer_that_does_not_end_is_waited_for_until_it_is_too_late() {
    run(async {
        let server = Server::start(vec![
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec(),
            answer("200 OK", ADA),
        ])
        .await;
        let mut informer = server.informer();
        informer.settings.timeout = LONGEST_TIMEOUT;
        assert_eq!(came(&active(&informer, "ada").await), Came::Unavailable);
        assert_eq!(server.asked(), 1);
    });
}

#[test]
fn an_answer_that_is_too_large_is_none() {
    run(async {
        let padded = |size: usize| ADA.replace("\"Ada\"", &format!("\"Ada\",\"padding\":\"{}\"", "x".repeat(size)));
        let largest = crate::wire::LARGEST;
        assert_eq!(
            outcome(vec![answer("200 OK", &padded(largest / 2))]).await,
            (Came::Yes, 1)
        );
        assert_eq!(
            outcome(vec![answer("200 OK", &padded(largest))]).await,
            (Came::Unavailable, 1),
            "announced"
        );
        let mut endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for _ in 0..10 {
            endless.extend(b"10000\r\n");
            endless.extend(vec![b'x'; 0x10000]);
            endless.extend(b"\r\n");
        }
        assert_eq!(outcome(vec![endless]).await, (Came::Unavailable, 1), "not announced");
        let head = format!("HTTP/1.1 200 OK\r\nX-Padding: {}\r\n\r\n", "x".repeat(1 << 20));
        assert_eq!(outcome(vec![head.into_bytes()]).await.0, Came::Unavailable, "the head");
    });
}

#[test]
fn another_user_than_the_one_asked_for_is_no_answer() {
    run(async {
        for other in ["admin", "Ada", "ada "] {
            let body = ADA.replace("\"ada\"", &format!("\"{other}\""));
            assert_eq!(
                outcome(vec![answer("200 OK", &body)]).await,
                (Came::Unavailable, 1),
                "{other}"
            );
        }
        let session = r#"{"username":"ada","active":true,"expiresAt":"2999-01-01T00:00:00Z"}"#;
        let other = ADA.replace("\"ada\"", "\"admin\"");
        let server = Server::start(vec![answer("200 OK", session), answer("200 OK", &other)]).await;
        assert_eq!(came(&signed_in(&server.informer(), "a").await), Came::Unavailable);
        // Nor does the user's path say that a session is over.
        for status in ["401 Unauthorized", "403 Forbidden", "302 Found"] {
            let server = Server::start(vec![answer("200 OK", session), answer(status, "{}")]).await;
            assert_eq!(
                came(&signed_in(&server.informer(), "a").await),
                Came::Unavailable,
                "{status}"
            );
        }
        let server = Server::start(vec![answer("200 OK", session), answer("404 Not Found", "{}")]).await;
        assert_eq!(came(&signed_in(&server.informer(), "a").await), Came::No, "deleted");
    });
}

#[test]
fn both_questions_about_a_session_share_one_time() {
    run(async {
        let (fake, mut informer) = beside();
        // Longer than an operator may allow: a busy machine adds to each answer.
        informer.settings.timeout = Duration::from_millis(2800);
        let sid = fake.sign_in("ada");
        fake.behave(informer_oauth_testkit::informer::Behaviour::Slow(
            Duration::from_millis(1500),
        ));
        assert_eq!(
            came(&signed_in(&informer, &sid).await),
            Came::Unavailable,
            "twice 1.5 s is too long"
        );
        assert_eq!(came(&active(&informer, "ada").await), Came::Yes, "once is not");
    });
}
