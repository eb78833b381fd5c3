//! Bodies, downloads, server-sent events and WebSockets pass unharmed.

use std::{
    io::{Read as _, Write as _},
    time::Duration,
};

use informer_oauth_testkit::informer::{export_byte, export_sha256};
use sha2::{Digest as _, Sha256};

use crate::{
    behind_each,
    site::{Site, head},
    support::{Request, wire},
};

const DOWNLOAD: u64 = 100 * 1024 * 1024;

/// As long as no test lasts.
const NEVER_MS: u32 = 600_000;

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn uploads_arrive_whole(site: &Site) {
    let token = site.token("write:dataset");
    for size in [0, 1, 70_000, 3 * 1024 * 1024] {
        let body: Vec<u8> = (0..size).map(export_byte).collect();
        let expected = hex(&Sha256::digest(&body));
        let request = Request::post("/api/datasets/sales/data").bearer(&token);
        let (answer, seen) = site.send(request.body("application/octet-stream", body.clone()));
        assert_eq!(answer.status, 200, "{size}: {answer}");
        assert_eq!((seen[0].body_length, &seen[0].body_sha256), (size, &expected));

        // In chunks, as who does not know the length before.
        let lines = [&format!("Authorization: Bearer {token}"), "Transfer-Encoding: chunked"];
        let mut bytes = head("POST", "/api/datasets/sales/data", &lines).into_bytes();
        for chunk in body.chunks(10_007) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
        let (answer, seen) = site.send_bytes(bytes);
        assert_eq!(answer.map(|answer| answer.status), Some(200), "{size}");
        assert_eq!((seen[0].body_length, &seen[0].body_sha256), (size, &expected));
    }
}

fn a_large_download_is_whole(site: &Site) {
    let token = site.token("read:dataset");
    for (bytes, more) in [(DOWNLOAD, "&chunked=true"), (1_000_003, "")] {
        let target = site
            .base()
            .join(&format!("/api/datasets/sales/_export?bytes={bytes}{more}"));
        let mut answer = reqwest::blocking::Client::builder()
            .timeout(Duration::from_secs(120))
            .build()
            .unwrap()
            .get(target.unwrap())
            .bearer_auth(&token)
            .send()
            .unwrap();
        assert_eq!(answer.status(), 200);
        let (mut digest, mut count, mut block) = (Sha256::new(), 0, vec![0; 256 * 1024]);
        loop {
            let read = answer.read(&mut block).unwrap();
            if read == 0 {
                break;
            }
            digest.update(&block[..read]);
            count += read as u64;
        }
        assert_eq!((count, hex(&digest.finalize())), (bytes, export_sha256(bytes)));
    }
}

/// Reads on until something has come.
fn read_until(stream: &mut std::net::TcpStream, wanted: &[u8]) -> Vec<u8> {
    let mut received = Vec::new();
    let mut block = [0; 4096];
    while !received.windows(wanted.len()).any(|window| window == wanted) {
        let count = stream.read(&mut block).unwrap();
        assert!(count > 0, "it ended with {:?}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&block[..count]);
    }
    received
}

fn an_event_is_there_before_the_next(site: &Site) {
    let token = format!("Authorization: Bearer {}", site.token("read:global"));
    let mut stream = wire::connect(site.base());
    let target = format!("/api/events?count=2&interval_ms={NEVER_MS}");
    stream.write_all(head("GET", &target, &[&token]).as_bytes()).unwrap();
    let received = String::from_utf8(read_until(&mut stream, b"data:")).unwrap();
    assert!(
        received.starts_with("HTTP/1.1 200") && received.contains("text/event-stream"),
        "{received}"
    );
}

fn a_websocket_is_open_both_ways(site: &Site) {
    let token = format!("Authorization: Bearer {}", site.token("write:global"));
    let naming = |connection: &str, more: &str| {
        let lines = [
            connection,
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            more,
        ];
        head("GET", "/api/socket", &lines)
    };
    let opening = |more: &str| naming("Connection: Upgrade", more);
    let mut stream = wire::connect(site.base());
    stream.write_all(opening(&token).as_bytes()).unwrap();
    let answer = String::from_utf8(read_until(&mut stream, b"\r\n\r\n")).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    for text in ["one", "and another"] {
        // A masked text frame (RFC 6455 §5.2), with the mask that changes nothing.
        let length = u8::try_from(text.len()).unwrap();
        stream.write_all(&[0x81, 0x80 | length, 0, 0, 0, 0]).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut frame = vec![0; 2 + text.len()];
        stream.read_exact(&mut frame).unwrap();
        assert_eq!(frame, [&[0x81, length], text.as_bytes()].concat());
    }
    // The gate is asked before the doors open.
    for scope in ["read:global", "write:dataset"] {
        let poor = format!("Authorization: Bearer {}", site.token(scope));
        let (answer, seen) = site.send_bytes(opening(&poor));
        assert_eq!((answer.unwrap().status, seen.len()), (403, 0), "{scope}");
        // Nor does it help to name what tells the gate as a header of this connection only.
        for connection in [
            "Connection: Upgrade, X-Original-Upgrade",
            "Connection: Upgrade, X-Original-Upgrade, Sec-WebSocket-Key, Sec-WebSocket-Version",
            "Connection: Upgrade\r\nX-Original-Upgrade: ",
        ] {
            let (answer, seen) = site.send_bytes(naming(connection, &poor));
            assert_eq!(seen.len(), 0, "{scope}: {connection}");
            assert!(
                answer.is_some_and(|answer| answer.status >= 400),
                "{scope}: {connection}"
            );
        }
    }
    // Who has no token of ours is Informer's to judge, and Informer does not hear what the gate is told.
    let mut stream = wire::connect(site.base());
    site.informer.forget_requests();
    stream.write_all(opening("X-Nothing: x").as_bytes()).unwrap();
    read_until(&mut stream, b"\r\n\r\n");
    for request in site.informer.requests() {
        assert_eq!(request.header("x-original-upgrade"), None, "{request:?}");
    }
}

fn bodies_and_streams_pass_unharmed(site: &Site) {
    uploads_arrive_whole(site);
    a_large_download_is_whole(site);
    an_event_is_there_before_the_next(site);
    a_websocket_is_open_both_ways(site);
}

behind_each!(bodies_and_streams_pass_unharmed);
