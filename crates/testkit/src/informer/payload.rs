//! Answers as they go out.

use std::{
    fmt::Write as _,
    io::{self, Write},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::wire::{Head, hex};

/// A prime, so that a block lost or doubled is seen whatever its size.
const PERIOD: usize = 251;
const BLOCK: usize = PERIOD * 256;

/// The byte of an export at an offset: the offset modulo 251.
#[expect(clippy::cast_possible_truncation, reason = "what is below 251 is a byte")]
pub fn export_byte(offset: u64) -> u8 {
    (offset % PERIOD as u64) as u8
}

/// SHA-256 of an export of so many bytes, in lower-case hexadecimal.
pub fn export_sha256(bytes: u64) -> String {
    let mut digest = Sha256::new();
    blocks(bytes, |block| {
        digest.update(block);
        Ok(())
    })
    .expect("hashing does not fail");
    hex(&digest.finalize())
}

/// An export in blocks, each of which begins with the period.
fn blocks(bytes: u64, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let block: Vec<u8> = (0..BLOCK as u64).map(export_byte).collect();
    let mut left = bytes;
    while left > 0 {
        let size = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        take(block.get(..size).expect("no more than a block"))?;
        left -= size as u64;
    }
    Ok(())
}

#[derive(Debug)]
enum Payload {
    Bytes(Vec<u8>),
    Export { bytes: u64, chunked: bool },
    Events { count: u64, interval: Duration },
    Upgrade,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    payload: Payload,
}

impl Answer {
    fn new(status: u16, content_type: &str, payload: Payload) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", content_type.to_owned())],
            payload,
        }
    }

    pub(super) fn json(value: &Value) -> Self {
        Self::new(
            200,
            "application/json; charset=utf-8",
            Payload::Bytes(value.to_string().into_bytes()),
        )
    }

    /// Hapi's shape.
    pub(super) fn error(status: u16, message: &str) -> Self {
        let body = json!({ "statusCode": status, "error": reason(status), "message": message });
        let mut answer = Self::json(&body);
        answer.status = status;
        answer
    }

    pub(super) fn html(status: u16, page: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", Payload::Bytes(page.into_bytes()))
            .with("Cache-Control", "no-store".into())
    }

    pub(super) fn see_other(location: &str) -> Self {
        Self::new(303, "text/plain", Payload::Bytes(Vec::new())).with("Location", location.to_owned())
    }

    pub(super) fn export(bytes: u64, chunked: bool) -> Self {
        Self::new(200, "application/octet-stream", Payload::Export { bytes, chunked })
    }

    pub(super) fn events(count: u64, interval: Duration) -> Self {
        Self::new(200, "text/event-stream", Payload::Events { count, interval })
            .with("Cache-Control", "no-store".into())
    }

    /// RFC 6455 §4.2.2.
    pub(super) fn upgrade(accept: String) -> Self {
        Self {
            status: 101,
            headers: vec![
                ("Upgrade", "websocket".into()),
                ("Connection", "Upgrade".into()),
                ("Sec-WebSocket-Accept", accept),
            ],
            payload: Payload::Upgrade,
        }
    }

    pub(super) fn garbage() -> Self {
        let body = b"{\"username\":\"admin\",\"active\":tr\xff\xfe<html>".to_vec();
        Self::new(200, "application/json; charset=utf-8", Payload::Bytes(body))
    }

    pub(super) fn wrong_types() -> Self {
        Self::json(&json!({
            "id": 7,
            "username": ["admin"],
            "active": "yes",
            "expiresAt": true,
            "user": "admin",
            "displayName": 1,
            "email": false,
            "permissions": "all",
            "enabled": "true",
            "locked": 0,
            "superuser": 1,
            "domain": {},
            "tokenApi": "yes",
        }))
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn is_upgrade(&self) -> bool {
        matches!(self.payload, Payload::Upgrade)
    }

    /// Writes it as the answer to `asked`.
    pub(super) fn write(&self, writer: &mut impl Write, asked: &Head) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            // Writing to a string does not fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let length = match &self.payload {
            Payload::Bytes(bytes) => Some(bytes.len() as u64),
            Payload::Export { bytes, chunked } => (!chunked).then_some(*bytes),
            Payload::Events { .. } | Payload::Upgrade => None,
        };
        match length {
            Some(length) => {
                let _ = write!(head, "Content-Length: {length}\r\n");
            }
            None if self.is_upgrade() => {}
            None => head.push_str("Transfer-Encoding: chunked\r\n"),
        }
        if !self.is_upgrade() && !asked.keeps_alive() {
            head.push_str("Connection: close\r\n");
        }
        head.push_str("\r\n");
        let mut first = head.into_bytes();
        if asked.method == "HEAD" {
            return writer.write_all(&first);
        }
        match &self.payload {
            Payload::Bytes(bytes) => {
                first.extend_from_slice(bytes);
                writer.write_all(&first)
            }
            Payload::Upgrade => writer.write_all(&first),
            Payload::Export { bytes, chunked: false } => {
                writer.write_all(&first)?;
                blocks(*bytes, |block| writer.write_all(block))
            }
            Payload::Export { bytes, chunked: true } => {
                writer.write_all(&first)?;
                blocks(*bytes, |block| chunk(writer, block))?;
                chunk(writer, &[])
            }
            Payload::Events { count, interval } => {
                writer.write_all(&first)?;
                for number in 1..=*count {
                    chunk(
                        writer,
                        format!("id: {number}\ndata: {number} of {count}\n\n").as_bytes(),
                    )?;
                    if number < *count {
                        thread::sleep(*interval);
                    }
                }
                chunk(writer, &[])
            }
        }
    }
}

/// One chunk (RFC 9112 §7.1); an empty one is the last.
fn chunk(writer: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    writer.write_all(&framed)
}

fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        303 => "See Other",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}
