//! Nothing keeps a connection, or memory, longer than the limits allow.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use actix_web::rt::System;
use tokio::net::TcpSocket;
use url::Url;

use super::load::memory;
use crate::support::*;

const SHORT: [(&str, &str); 4] = [
    ("INFORMER_OAUTH__LIMITS__HEAD_SECONDS", "1"),
    ("INFORMER_OAUTH__LIMITS__BODY_SECONDS", "1"),
    ("INFORMER_OAUTH__LIMITS__WRITE_SECONDS", "3"),
    ("INFORMER_OAUTH__LIMITS__KEEP_ALIVE_SECONDS", "2"),
];

/// Body and keep-alive seconds of `SHORT`, and time for a slow machine.
const LONGEST: Duration = Duration::from_secs(2 + 2 + 8);

fn head(base: &Url, line: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", base.authority())
}

/// A connection whose receive buffer is as small as the system allows.
fn connect_narrow(base: &Url) -> TcpStream {
    let address: SocketAddr = base.authority().parse().unwrap();
    let stream = System::new().block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(1).unwrap();
        socket.connect(address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

fn open_connections(world: &World) -> usize {
    fs::read_dir(format!("/proc/{}/fd", world.service.pid()))
        .unwrap()
        .count()
}

#[test]
fn unread_answers_take_bounded_memory_and_are_given_up() {
    const CONNECTIONS: usize = 200;
    let world = World::start_with(&SHORT);
    let base = world.base_url();
    // The document is made once, at the first request.
    world.http.get("/api/oauth/openapi.json").is(200);
    let (before, open_before) = (memory(&world), open_connections(&world));
    let requests = head(&base, "GET /api/oauth/openapi.json", "").repeat(1500);
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = connect_narrow(&base);
        stream.set_write_timeout(Some(Duration::from_millis(1))).unwrap();
        // The service stops reading, so not everything is sent.
        let _ = stream.write_all(requests.as_bytes());
        idle.push(stream);
    }
    thread::sleep(Duration::from_secs(1));
    let during = memory(&world).saturating_sub(before);
    assert!(during < 128 * 1024, "{during} KiB for {CONNECTIONS} connections");
    assert!(
        comes_true(Duration::from_secs(20), || open_connections(&world) <= open_before + 5),
        "{} of {open_before} files are open",
        open_connections(&world)
    );
    let after = memory(&world).saturating_sub(before);
    println!("{before} KiB before, {during} more with {CONNECTIONS} connections, {after} more after them");
    assert!(after < 64 * 1024, "{after} KiB are kept");
    world.http.get("/health/ready").is(200);
}

/// Sends `sent` and then `drip` four times a second until the service closes the connection, and returns what it answered.
fn until_closed(base: &Url, sent: &str, drip: &str) -> String {
    let mut stream = wire::connect(base);
    stream.write_all(sent.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(250))).unwrap();
    let started = Instant::now();
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        assert!(started.elapsed() < LONGEST, "still open: {sent:?} and {drip:?}");
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // An error shows in the next read.
                let _ = stream.write_all(drip.as_bytes());
            }
            Err(_) => break,
        }
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn body_that_never_ends_does_not_keep_a_connection() {
    let world = World::start_with(&SHORT);
    let base = world.base_url();
    let chunked = "Transfer-Encoding: chunked\r\n";
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let cases: Vec<(String, u16)> = ["", "5\r\ngrant\r\n"]
        .into_iter()
        .flat_map(|body| {
            [
                ("GET /health/live", "200"),
                ("GET /nowhere", "404"),
                ("GET /oauth/sign-in", "200"),
                ("GET /api/oauth-clients", "401"),
                ("POST /api/oauth-clients", "401"),
                ("POST /oauth/token", "408"),
                ("GET /oauth/verify", "401"),
            ]
            .map(|(line, status)| {
                let request = head(&base, line, &format!("{chunked}{form}")) + body;
                (request, status.parse().unwrap())
            })
        })
        .collect();
    thread::scope(|scope| {
        for (request, status) in &cases {
            for drip in ["", "1\r\na\r\n"] {
                let base = &base;
                scope.spawn(move || {
                    let answer = until_closed(base, request, drip);
                    let expected = format!("HTTP/1.1 {status}");
                    let fits = answer.starts_with(&expected) || request.contains("verify");
                    assert!(fits, "{request:?}: {answer}");
                });
            }
        }
    });
}

#[test]
fn later_request_whose_head_never_ends_does_not_keep_a_connection() {
    let world = World::start_with(&SHORT);
    let base = world.base_url();
    let first = head(&base, "GET /health/live", "");
    thread::scope(|scope| {
        for (rest, drip) in [
            ("", ""),
            ("GET /", "x"),
            ("GET / HTTP/1.1\r\n", "X-Slow: y\r\n"),
            ("\r\n", "\r\n"),
        ] {
            let (sent, base) = (format!("{first}{rest}"), &base);
            scope.spawn(move || {
                let answer = until_closed(base, &sent, drip);
                assert!(answer.starts_with("HTTP/1.1 200"), "{sent:?}: {answer}");
            });
        }
    });
}

#[test]
fn body_that_no_handler_waits_for_is_not_swallowed_without_bound() {
    const MOST: usize = 64 << 20;
    let world = World::start();
    let base = world.base_url();
    let mut stream = wire::connect(&base);
    stream
        .write_all(head(&base, "GET /health/live", "Transfer-Encoding: chunked\r\n").as_bytes())
        .unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let mut sent = 0;
    while sent < MOST && stream.write_all(chunk.as_bytes()).is_ok() {
        sent += chunk.len();
    }
    assert!(sent < MOST, "{sent} bytes were taken");
}

#[test]
fn pipelined_requests_and_slow_readers_are_served() {
    let world = World::start();
    let base = world.base_url();
    let form = "grant_type=refresh_token&refresh_token=x&client_id=y";
    let post = head(
        &base,
        "POST /oauth/token",
        "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n",
    ) + &format!("{:x}\r\n{form}\r\n0\r\n\r\n", form.len());
    let get = head(&base, "GET /api/oauth/openapi.json", "");
    let last = head(&base, "GET /health/live", "Connection: close\r\n");
    let requests = (post + &get).repeat(30) + &last;

    let mut stream = connect_narrow(&base);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let answers = thread::scope(|scope| {
        scope.spawn(move || writer.write_all(requests.as_bytes()).unwrap());
        thread::sleep(Duration::from_millis(500));
        let mut answers = Vec::new();
        stream.read_to_end(&mut answers).unwrap();
        String::from_utf8(answers).unwrap()
    });
    assert_eq!(
        answers.matches("HTTP/1.1 401").count() + answers.matches("HTTP/1.1 400").count(),
        30
    );
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 31, "{}", answers.len());
}
