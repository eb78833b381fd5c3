//! As much of HTTP/1.1 (RFC 9112) as servers answer with here.

use anyhow::{Context as _, Result, bail, ensure};

/// More header fields than any answer has.
const MAX_FIELDS: usize = 64;

/// One answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    fields: &'a [httparse::Header<'a>],
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    pub(crate) fn field(&self, name: &str) -> Option<&'a str> {
        let field = self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(field.value).ok()
    }

    pub(crate) fn fields(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self
            .fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.filter_map(|field| std::str::from_utf8(field.value).ok())
    }

    pub(crate) fn body(&self) -> &'a [u8] {
        self.body
    }

    pub(crate) fn text(&self) -> Result<&'a str> {
        std::str::from_utf8(self.body).context("the body is no text")
    }

    /// The text of a member of a JSON object that holds neither escapes nor another member of that name.
    pub(crate) fn member(&self, name: &str) -> Result<&'a str> {
        let body = self.text()?;
        member(body, name).with_context(|| format!("no {name} in {body}"))
    }

    /// An error unless the status is this one; it says what the server said.
    pub(crate) fn is(&self, status: u16) -> Result<()> {
        ensure!(
            self.status == status,
            "{} instead of {status}: {}",
            self.status,
            String::from_utf8_lossy(self.body)
        );
        Ok(())
    }
}

fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = json;
    loop {
        rest = rest.split_once('"')?.1;
        let Some(value) = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix("\":")) else {
            continue;
        };
        return value
            .trim_start()
            .strip_prefix('"')?
            .split_once('"')
            .map(|(text, _)| text);
    }
}

/// Reads the answer that `received` begins with, if it is complete, and hands it on; true when it was.
pub(crate) fn read<T>(received: &[u8], hear: impl FnOnce(&Answer<'_>) -> Result<T>) -> Result<Option<T>> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head_length) = head.parse(received).context("no HTTP answer")? else {
        return Ok(None);
    };
    let status = head.code.context("an answer without a status")?;
    let fields: &[httparse::Header<'_>] = head.headers;
    let bare = Answer {
        status,
        fields,
        body: &[],
    };
    let rest = received.get(head_length..).unwrap_or_default();
    let unchunked;
    let body = if let Some(length) = bare.field("content-length") {
        let length: usize = length.trim().parse().context("Content-Length")?;
        match rest.get(..length) {
            Some(body) => body,
            None => return Ok(None),
        }
    } else if bare.field("transfer-encoding").is_some() {
        unchunked = match unchunk(rest)? {
            Some(body) => body,
            None => return Ok(None),
        };
        unchunked.as_slice()
    } else if status == 204 || status == 304 {
        &[]
    } else {
        bail!("an answer that does not tell its length");
    };
    hear(&Answer { body, ..bare }).map(Some)
}

/// The body of a chunked answer (RFC 9112 §7.1), when all of it is there.
fn unchunk(mut rest: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let (start, length) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => bail!("no chunk length"),
        };
        let length = usize::try_from(length)?;
        // Behind the data, and behind the last chunk in place of trailers, comes the end of a line.
        let Some(chunk) = rest.get(start..start + length + 2) else {
            return Ok(None);
        };
        if length == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(chunk.get(..length).unwrap_or_default());
        rest = rest.get(start + length + 2..).unwrap_or_default();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn status_and_body(received: &str) -> Result<Option<(u16, String)>> {
        read(received.as_bytes(), |answer| {
            Ok((answer.status, answer.text()?.to_owned()))
        })
    }

    #[test]
    fn an_answer_is_read_when_it_is_complete_and_not_before() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        for end in 0..whole.len() {
            assert!(status_and_body(&whole[..end]).unwrap().is_none(), "{end}");
        }
        assert_eq!(status_and_body(whole).unwrap(), Some((200, "hello".into())));
    }

    #[test]
    fn so_is_a_chunked_one() {
        let whole =
            "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
        for end in 0..whole.len() {
            assert!(status_and_body(&whole[..end]).unwrap().is_none(), "{end}");
        }
        assert_eq!(status_and_body(whole).unwrap(), Some((400, "abc0123456789".into())));
    }

    #[test]
    fn an_answer_without_a_length_has_no_body_or_is_refused() {
        let empty = status_and_body("HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert_eq!(empty, Some((204, String::new())));
        assert!(status_and_body("HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(status_and_body("SMTP ready\r\n\r\n").is_err());
    }

    #[test]
    fn fields_and_members_are_found_by_their_names() {
        let received = "HTTP/1.1 200 OK\r\nLocation: /a\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 55\r\n\r\n\
                        {\"x\":\"refresh_token\",\"refresh_token\":\"r.1\", \"y\": \"z\" } ";
        read(received.as_bytes(), |answer| {
            assert_eq!(answer.field("location"), Some("/a"));
            assert_eq!(answer.fields("Set-Cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
            assert_eq!(answer.member("refresh_token").unwrap(), "r.1");
            assert_eq!(answer.member("y").unwrap(), "z");
            assert!(answer.member("z").is_err());
            assert!(
                answer
                    .is(201)
                    .unwrap_err()
                    .to_string()
                    .starts_with("200 instead of 201")
            );
            answer.is(200)
        })
        .unwrap()
        .unwrap();
    }
}
