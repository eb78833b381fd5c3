//! HTTP/1.1 as it comes in (RFC 9112).

use std::{
    fmt::Write as _,
    io::{self, BufRead, Read, Write},
};

use sha2::{Digest as _, Sha256};

/// The largest head of a request, in bytes.
const HEAD_LIMIT: u64 = 64 * 1024;
/// The most headers of a request.
const HEADER_LIMIT: usize = 128;
/// How much of a body is kept, in bytes: enough for a form.
const KEPT_BODY: usize = 16 * 1024;

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// `GET` and so on.
    pub method: String,
    /// The path as it was written, nothing decoded.
    pub path: String,
    /// What follows the `?`, as it was written; empty without one.
    pub query: String,
    /// Names in lower case, in the order in which they came, with repetitions.
    pub headers: Vec<(String, String)>,
    /// How many bytes the body had, without its framing.
    pub body_length: u64,
    /// SHA-256 of the body, in lower-case hexadecimal.
    pub body_sha256: String,
}

impl SeenRequest {
    /// The first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// A request, and what is needed of its body.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) request: SeenRequest,
    /// The beginning of the body.
    pub(super) body: Vec<u8>,
}

/// A request line and its headers.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    minor_version: u8,
}

impl Head {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Whether a header that is a list has this element.
    pub(super) fn lists(&self, name: &str, element: &str) -> bool {
        let elements = self
            .headers
            .iter()
            .filter(|(known, _)| known == name)
            .flat_map(|(_, value)| value.split(','));
        elements.map(str::trim).any(|known| known.eq_ignore_ascii_case(element))
    }

    /// A cookie's value.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self
            .headers
            .iter()
            .filter(|(known, _)| known == "cookie")
            .flat_map(|(_, value)| value.split(';'));
        let mut pairs = cookies.filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Whether the connection is for more than this request (RFC 9112 §9.3).
    pub(super) fn keeps_alive(&self) -> bool {
        self.minor_version >= 1 && !self.lists("connection", "close")
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.as_str())
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The next request; `None` when there is none. What is no request is `InvalidData`.
pub(super) fn read(reader: &mut impl BufRead, writer: &mut impl Write) -> io::Result<Option<(Head, Seen)>> {
    let Some(head) = read_head(reader)? else {
        return Ok(None);
    };
    let seen = Body::of(&head, reader, writer)?.read_whole(&head)?;
    Ok(Some((head, seen)))
}

/// The next head; `None` when there is none. What is no head is `InvalidData`.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut bytes = Vec::new();
    let mut limited = reader.take(HEAD_LIMIT);
    loop {
        let before = bytes.len();
        if limited.read_until(b'\n', &mut bytes)? == 0 {
            return if before == 0 {
                Ok(None)
            } else {
                Err(invalid("The request's head is incomplete or too large"))
            };
        }
        if bytes == b"\r\n" {
            // Empty lines before a request are to be ignored (RFC 9112 §2.2).
            bytes.clear();
        } else if matches!(bytes.get(before..), Some(b"\r\n" | b"\n")) {
            break;
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADER_LIMIT];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(&bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(invalid("The request's head is incomplete")),
        Err(error) => return Err(invalid(&format!("The request's head is wrong: {error}"))),
    }
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Some(Head {
        method: request.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: request
            .headers
            .iter()
            .map(|header| {
                (
                    header.name.to_ascii_lowercase(),
                    String::from_utf8_lossy(header.value).into_owned(),
                )
            })
            .collect(),
        minor_version: request.version.unwrap_or(0),
    }))
}

/// A request's body, without its framing (RFC 9112 §6).
struct Body<'a, R> {
    reader: &'a mut R,
    chunked: bool,
    /// What is left of the body, or of the chunk.
    left: u64,
    ended: bool,
}

impl<'a, R: BufRead> Body<'a, R> {
    fn of(head: &Head, reader: &'a mut R, writer: &mut impl Write) -> io::Result<Self> {
        let chunked = head.lists("transfer-encoding", "chunked");
        let length = match head.header("content-length") {
            // Two lengths are how requests are smuggled (RFC 9112 §6.3): this is no request.
            Some(_) if chunked => return Err(invalid("A body has one length")),
            Some(text) => text.trim().parse().map_err(|_| invalid("A length is a number"))?,
            None => 0,
        };
        if head
            .header("expect")
            .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
        {
            writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        Ok(Self {
            reader,
            chunked,
            left: length,
            ended: !chunked && length == 0,
        })
    }

    /// Reads it to its end.
    fn read_whole(mut self, head: &Head) -> io::Result<Seen> {
        let (mut digest, mut length, mut kept) = (Sha256::new(), 0, Vec::new());
        let mut block = vec![0; 64 * 1024];
        loop {
            let count = self.read(&mut block)?;
            let Some(bytes) = block.get(..count).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            digest.update(bytes);
            length += bytes.len() as u64;
            let room = KEPT_BODY.saturating_sub(kept.len()).min(count);
            kept.extend(bytes.iter().take(room));
        }
        Ok(Seen {
            request: SeenRequest {
                method: head.method.clone(),
                path: head.path.clone(),
                query: head.query.clone(),
                headers: head.headers.clone(),
                body_length: length,
                body_sha256: hex(&digest.finalize()),
            },
            body: kept,
        })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.reader.by_ref().take(1024).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let line = self.line()?;
        let size = line.split(';').next().unwrap_or_default();
        self.left = u64::from_str_radix(size.trim(), 16).map_err(|_| invalid("A chunk has a size"))?;
        if self.left == 0 {
            while !self.line()?.is_empty() {}
            self.ended = true;
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Body<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && self.chunked && !self.ended {
            self.next_chunk()?;
        }
        if self.ended {
            return Ok(0);
        }
        let count = self.reader.by_ref().take(self.left).read(into)?;
        if count == 0 && !into.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        if self.left == 0 {
            if self.chunked {
                self.line()?;
            } else {
                self.ended = true;
            }
        }
        Ok(count)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
