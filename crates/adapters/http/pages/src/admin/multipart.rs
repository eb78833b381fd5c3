//! `multipart/form-data` (RFC 7578), as browsers send a form with a file in it.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use informer_oauth_web::body::{BodyError, media_type};

/// More parts than any form of the console has.
const MOST_PARTS: usize = 8;

/// The fields of such a form.
pub(super) struct Multipart<'a>(Vec<(&'a str, &'a [u8])>);

impl<'a> Multipart<'a> {
    /// Reads a body. What a browser would not send is malformed: text before the first part or after the last, a part
    /// without a name, a name twice.
    pub(super) fn read(headers: &HeaderMap, body: &'a [u8]) -> Result<Self, BodyError> {
        if media_type(headers)?.as_deref() != Some("multipart/form-data") {
            return Err(BodyError::UnsupportedType);
        }
        let boundary = boundary(headers).ok_or(BodyError::Malformed)?;
        Self::split(body, &boundary).ok_or(BodyError::Malformed)
    }

    /// The content of the field called `name`.
    pub(super) fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
    }

    /// The same as text; nothing where it is none.
    pub(super) fn text(&self, name: &str) -> &'a str {
        self.get(name)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    fn split(body: &'a [u8], boundary: &str) -> Option<Self> {
        let delimiter = format!("\r\n--{boundary}");
        // The first delimiter begins the body, without a line end before it.
        let mut rest = body.strip_prefix(delimiter.trim_start().as_bytes())?;
        let mut parts: Vec<(&str, &[u8])> = Vec::new();
        loop {
            if matches!(rest, b"--" | b"--\r\n") {
                return Some(Self(parts));
            }
            if parts.len() == MOST_PARTS {
                return None;
            }
            let (head, after) = split_at(rest.strip_prefix(b"\r\n")?, b"\r\n\r\n")?;
            let (content, after) = split_at(after, delimiter.as_bytes())?;
            let name = field_name(head)?;
            if parts.iter().any(|(known, _)| *known == name) {
                return None;
            }
            parts.push((name, content));
            rest = after;
        }
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let found = value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value.trim_matches('"'))
    })?;
    // RFC 2046 §5.1.1
    let fits = (1..=70).contains(&found.len()) && found.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| found.to_owned())
}

/// The name in a part's `Content-Disposition`. A quotation mark in a name or a file name is escaped by browsers, so that
/// the first one ends it.
fn field_name(head: &[u8]) -> Option<&str> {
    let head = std::str::from_utf8(head).ok()?;
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let (_, name) = line.trim().strip_prefix("form-data")?.split_once("; name=\"")?;
    name.split_once('"').map(|(name, _)| name)
}

fn split_at<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((bytes.get(..at)?, bytes.get(at + separator.len()..)?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=----WebKitFormBoundaryq";

    fn typed(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
        headers
    }

    fn body(icon: &[u8]) -> Vec<u8> {
        [
            &b"------WebKitFormBoundaryq\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\n1.2.3\r\n"[..],
            b"------WebKitFormBoundaryq\r\nContent-Disposition: form-data; name=\"icon\"; filename=\"a; name=%22form%22.png\"\r\n",
            b"Content-Type: image/png\r\n\r\n",
            icon,
            b"\r\n------WebKitFormBoundaryq--\r\n",
        ]
        .concat()
    }

    #[test]
    fn fields_are_read_byte_for_byte() {
        let icon = b"\x89PNG\r\n\x1a\n\0--\r\n----";
        let sent = body(icon);
        let read = Multipart::read(&typed(TYPE), &sent).unwrap();
        assert_eq!(read.text("form"), "1.2.3");
        assert_eq!(read.get("icon"), Some(&icon[..]));
        assert_eq!(read.get("filename"), None);
        let quoted = typed("multipart/form-data; Boundary=\"----WebKitFormBoundaryq\"");
        assert!(Multipart::read(&quoted, &sent).is_ok());
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        let whole = body(b"x");
        let twice = [&whole[..whole.len() - 4], &b"\r\n"[..], &whole[25..]].concat();
        for (kind, sent) in [
            ("application/x-www-form-urlencoded", &whole[..]),
            ("multipart/form-data", &whole),
            ("multipart/form-data; boundary=other", &whole),
            (TYPE, &whole[1..]),
            (TYPE, &whole[..whole.len() - 5]),
            (TYPE, &twice),
            (TYPE, b""),
            (
                TYPE,
                b"------WebKitFormBoundaryq\r\n\r\nx\r\n------WebKitFormBoundaryq--",
            ),
        ] {
            assert!(Multipart::read(&typed(kind), sent).is_err(), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn no_body_whatever_makes_it_stumble(cut in 0_usize..250, byte: u8, at in 0_usize..250) {
            let mut sent = body(b"x");
            if let Some(changed) = sent.get_mut(at) {
                *changed = byte;
            }
            sent.truncate(cut);
            let _ = Multipart::read(&typed(TYPE), &sent);
        }
    }
}
