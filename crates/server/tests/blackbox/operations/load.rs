//! Connections that are slow, idle or too large.

use std::{
    io::{Read as _, Write as _},
    time::{Duration, Instant},
};

use crate::support::*;

/// Resident memory of the service, in KiB.
pub(super) fn memory(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.service.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn slow_senders_are_cut_off_and_do_not_keep_anybody_waiting() {
    let world = World::start_with(&[
        ("INFORMER_OAUTH__LIMITS__HEAD_SECONDS", "2"),
        ("INFORMER_OAUTH__LIMITS__BODY_SECONDS", "2"),
    ]);
    let base = world.base_url();
    let slow_heads: Vec<_> = (0..150)
        .map(|_| start(&base, b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nX-Slow: "))
        .collect();
    let body = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant",
        base.authority()
    );
    let slow_bodies: Vec<_> = (0..150).map(|_| start(&base, body.as_bytes())).collect();
    let started = Instant::now();
    world.http.get("/health/ready").is(200);
    let client = world.public_client();
    world.tokens(&client);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let deadline = Instant::now() + Duration::from_secs(10);
    for mut stream in slow_heads.into_iter().chain(slow_bodies) {
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left)).unwrap();
        let mut answer = Vec::new();
        // An answer such as 408 may come first; then the connection ends.
        match stream.read_to_end(&mut answer) {
            Ok(_) => {}
            Err(error) => assert_eq!(
                error.kind(),
                std::io::ErrorKind::ConnectionReset,
                "still open after ten seconds"
            ),
        }
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
}

fn start(base: &url::Url, sent: &[u8]) -> std::net::TcpStream {
    let mut stream = wire::connect(base);
    stream.write_all(sent).unwrap();
    stream
}

#[test]
fn idle_connections_cost_little_and_keep_nobody_out() {
    let world = World::start();
    let client = world.public_client();
    world.tokens(&client);
    let base = world.base_url();
    let before = memory(&world);
    // Each end of a connection is an open file of this process or of the service.
    let wanted = (open_files() - 200).min(10_000);
    let idle: Vec<_> = (0..wanted).map(|_| wire::connect(&base)).collect();
    let started = Instant::now();
    world.http.get("/health/live").is(200);
    world.tokens(&client);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let grown = memory(&world).saturating_sub(before);
    assert!(grown < 16 * 1024 + 12 * wanted, "{grown} KiB for {wanted} connections");
    drop(idle);
    assert!(comes_true(Duration::from_secs(5), || world
        .http
        .get("/health/ready")
        .status
        == 200));
}

/// How many files a process may have open, this one and the service that it starts.
fn open_files() -> u64 {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap()
}

#[test]
fn oversized_heads_are_refused_in_bounded_memory() {
    let world = World::start();
    let base = world.base_url();
    world.http.get("/health/live").is(200);
    let before = memory(&world);
    let megabyte = "x".repeat(1 << 20);
    let heads = [
        format!("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Big: {megabyte}\r\n\r\n"),
        format!("GET /{megabyte} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!(
            "GET /health/live HTTP/1.1\r\nHost: x\r\n{}\r\n",
            "X-Many: y\r\n".repeat(90_000)
        ),
        format!(
            "GET /health/live HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n",
            "a=b; ".repeat(200_000)
        ),
        megabyte.clone(),
        "GET /health/live HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n".into(),
        "GET /health/live HTTP/9.9\r\nHost: x\r\n\r\n".into(),
        "\0\0\0\0\r\n\r\n".into(),
    ];
    for head in &heads {
        for _ in 0..3 {
            if let Some(answer) = wire::exchange(&base, head.as_bytes()) {
                assert!((400..500).contains(&answer.status) || answer.status == 505, "{answer}");
            }
        }
    }
    let grown = memory(&world).saturating_sub(before);
    assert!(grown < 48 * 1024, "{grown} KiB");
    world.http.get("/health/ready").is(200);
    assert!(!world.service.log().contains("panicked"), "{}", world.service.log());
}

#[test]
fn malformed_requests_are_counted_in_few_log_lines() {
    let world = World::start();
    let base = world.base_url();
    for _ in 0..200 {
        wire::exchange(&base, b"GET / HTTP/9.9\r\nHost: x\r\n\r\n");
    }
    assert!(
        comes_true(Duration::from_secs(15), || world
            .service
            .log()
            .contains("malformed requests were refused")),
        "{}",
        world.service.log()
    );
    let log = world.service.log();
    assert!(log.matches("malformed").count() < 10 && !log.contains("ERROR"), "{log}");
}
