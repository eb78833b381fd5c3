//! The example resource server, asked over real connections.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

#[expect(dead_code, reason = "its `main` listens on a fixed port")]
#[path = "../examples/check_scope.rs"]
mod check_scope;

/// The status line of the answer to one request.
fn asked(method: &str, path: &str, authorization: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let tokens = HashMap::from([("known", ("ada", "read:dataset".parse().unwrap()))]);
    let server = thread::spawn(move || check_scope::answer(&tokens, &listener.accept().unwrap().0).unwrap());
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\n{authorization}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    server.join().unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_request_passes_when_its_token_reaches_that_far() {
    let bearer = "authorization: Bearer known\r\n";
    assert_eq!(asked("GET", "/api/datasets/sales", bearer), "HTTP/1.1 200 OK");
    assert_eq!(asked("POST", "/api/datasets/sales/_search", bearer), "HTTP/1.1 200 OK");
    assert_eq!(asked("DELETE", "/api/datasets/sales", bearer), "HTTP/1.1 403 Forbidden");
    assert_eq!(asked("GET", "/api/reports/7", bearer), "HTTP/1.1 403 Forbidden");
}

#[test]
fn a_request_without_a_known_token_does_not_pass() {
    for authorization in [
        "",
        "Authorization: Bearer another\r\n",
        "Authorization: Basic known\r\n",
    ] {
        assert_eq!(
            asked("GET", "/api/datasets/sales", authorization),
            "HTTP/1.1 401 Unauthorized"
        );
    }
}

#[test]
fn a_path_that_hides_another_is_refused() {
    let bearer = "Authorization: Bearer known\r\n";
    assert_eq!(
        asked("GET", "/api/datasets/..%2Fusers/bob", bearer),
        "HTTP/1.1 400 Bad Request"
    );
}

#[test]
fn the_example_is_as_short_as_it_is_said_to_be() {
    let lines = include_str!("../examples/check_scope.rs").lines().count();
    assert!(lines < 40, "{lines} lines");
}
