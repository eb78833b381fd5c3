//! A WebSocket that sends back what it gets (RFC 6455).

use std::io::{self, Read, Write};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{payload::Answer, wire::Head};

const LARGEST_FRAME: u64 = 16 * 1024 * 1024;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

const PROTOCOL_ERROR: u16 = 1002;
const TOO_BIG: u16 = 1009;

/// The handshake.
pub(super) fn accept(head: &Head) -> Answer {
    let asked = head.lists("upgrade", "websocket") && head.lists("connection", "upgrade");
    match head.header("sec-websocket-key") {
        Some(key) if asked && head.header("sec-websocket-version") == Some("13") => {
            let mut digest = sha1_smol::Sha1::from(key);
            // RFC 6455 §1.3.
            digest.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
            Answer::upgrade(STANDARD.encode(digest.digest().bytes()))
        }
        _ => Answer::error(426, "This is a WebSocket").with("Upgrade", "websocket".into()),
    }
}

/// Sends frames back until one of the two closes.
pub(super) fn echo(reader: &mut impl Read, writer: &mut impl Write) -> io::Result<()> {
    loop {
        let [first, second] = read(reader)?;
        let opcode = first & 0x0f;
        let length = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes(read(reader)?)),
            127 => u64::from_be_bytes(read(reader)?),
            length => u64::from(length),
        };
        // A client masks every frame (RFC 6455 §5.1).
        if second & 0x80 == 0 {
            return close(writer, PROTOCOL_ERROR);
        }
        if length > LARGEST_FRAME {
            return close(writer, TOO_BIG);
        }
        let mask: [u8; 4] = read(reader)?;
        let mut payload = Vec::new();
        reader.take(length).read_to_end(&mut payload)?;
        if payload.len() as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        match opcode {
            0 | TEXT | 2 => frame(writer, first & 0x8f, &payload)?,
            PING => frame(writer, 0x80 | PONG, &payload)?,
            PONG => {}
            CLOSE => return frame(writer, 0x80 | CLOSE, &payload),
            _ => return close(writer, PROTOCOL_ERROR),
        }
    }
}

fn read<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn close(writer: &mut impl Write, code: u16) -> io::Result<()> {
    frame(writer, 0x80 | CLOSE, &code.to_be_bytes())
}

/// A server's frames are not masked.
fn frame(writer: &mut impl Write, first: u8, payload: &[u8]) -> io::Result<()> {
    let mut bytes = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if length < 126 => bytes.push(length),
        (_, Ok(length)) => {
            bytes.push(126);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    writer.write_all(&bytes)
}
