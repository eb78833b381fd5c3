//! Reading request bodies within their limits.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::{
        StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap},
    },
    rt::time::timeout,
    web::{Bytes, BytesMut, Payload},
};
use futures_util::{Stream, StreamExt as _};

use crate::{connection, state::HttpState};

/// How much of a body that is too large is read and dropped, so that a client that is still sending gets to see the answer
/// instead of a reset connection.
const DISCARDED_BYTES: usize = 1024 * 1024;

/// Why a body was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyError {
    /// Over the limit.
    TooLarge,
    /// It took too long to arrive.
    TooSlow,
    /// It broke off.
    Broken,
    /// Compressed.
    Encoded,
    /// There is none where one is needed.
    Empty,
    /// Not of a type the endpoint takes.
    UnsupportedType,
    /// Not what its type says: bad escapes, bad JSON, not UTF-8, NUL characters.
    Malformed,
}

impl BodyError {
    /// The status that says so.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Encoded | Self::UnsupportedType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Broken | Self::Empty | Self::Malformed => StatusCode::BAD_REQUEST,
        }
    }

    /// The sentence that says so.
    pub const fn public_sentence(self) -> &'static str {
        match self {
            Self::TooLarge => "The body is too large.",
            Self::TooSlow => "The body took too long to arrive.",
            Self::Broken => "The body broke off.",
            Self::Encoded => "Compressed bodies are not supported.",
            Self::Empty => "The body is empty.",
            Self::UnsupportedType => "The content type is not supported here.",
            Self::Malformed => "The body is not what its content type says.",
        }
    }
}

/// The text of a JSON body without the byte order mark that some clients put in front (RFC 8259 §8.1 allows ignoring it).
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The whole body, within `limit` bytes and the configured time.
pub async fn read(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, BodyError> {
    let patience = HttpState::of(request).settings.body_timeout;
    let _reading = connection::reading_body(request);
    read_behind(request.headers(), payload, limit, patience).await
}

/// The whole body behind these headers, within `limit` bytes and `patience`.
pub async fn read_behind<E>(
    headers: &HeaderMap,
    payload: impl Stream<Item = Result<Bytes, E>> + Unpin,
    limit: usize,
    patience: Duration,
) -> Result<Bytes, BodyError> {
    let encoded = headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoded {
        return Err(BodyError::Encoded);
    }
    let announced = announced_length(headers);
    if announced.is_some_and(|length| length > limit.saturating_add(DISCARDED_BYTES)) {
        return Err(BodyError::TooLarge);
    }
    within(patience, collect(payload, announced, limit)).await
}

async fn within(time: Duration, reading: impl Future<Output = Result<Bytes, BodyError>>) -> Result<Bytes, BodyError> {
    timeout(time, reading).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn collect<E>(
    mut payload: impl Stream<Item = Result<Bytes, E>> + Unpin,
    announced: Option<usize>,
    limit: usize,
) -> Result<Bytes, BodyError> {
    let mut body = BytesMut::new();
    let mut total = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        total = total.saturating_add(chunk.len());
        if total > limit.saturating_add(DISCARDED_BYTES) {
            return Err(BodyError::TooLarge);
        }
        if total > limit {
            body = BytesMut::new();
        } else if body.is_empty() && announced == Some(total) {
            // All of it in one piece, as mostly: nothing to copy.
            return Ok(chunk);
        } else {
            body.extend_from_slice(&chunk);
        }
    }
    if total > limit {
        Err(BodyError::TooLarge)
    } else {
        Ok(body.freeze())
    }
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The media type of a body without its parameters, in lower case. `None` when there is none; a repeated header is
/// refused. A `charset` is ignored: forms and JSON have none, and are UTF-8 by definition (RFC 8259 §11).
pub fn media_type(headers: &HeaderMap) -> Result<Option<String>, BodyError> {
    let mut sent = headers.get_all(CONTENT_TYPE);
    let Some(value) = sent.next() else {
        return Ok(None);
    };
    if sent.next().is_some() {
        return Err(BodyError::UnsupportedType);
    }
    let text = value.to_str().map_err(|_| BodyError::UnsupportedType)?;
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Ok(Some(essence).filter(|essence| !essence.is_empty()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::http::header::HeaderValue;
    use futures_util::stream;

    use super::*;

    async fn collected(chunks: &[usize], announced: Option<usize>) -> Result<usize, BodyError> {
        let chunks: Vec<Result<Bytes, ()>> = chunks.iter().map(|length| Ok(vec![b'a'; *length].into())).collect();
        collect(stream::iter(chunks), announced, 100)
            .await
            .map(|body| body.len())
    }

    #[actix_web::test]
    async fn a_body_is_whole_or_refused_however_it_is_cut() {
        assert_eq!(collected(&[], None).await, Ok(0));
        assert_eq!(collected(&[100], Some(100)).await, Ok(100));
        assert_eq!(collected(&[60, 40], Some(100)).await, Ok(100));
        assert_eq!(collected(&[60, 40], None).await, Ok(100));
        for (chunks, announced) in [
            (&[100, 1][..], Some(101)),
            (&[101], Some(101)),
            (&[60, 41], None),
            (&[100, 1], None),
        ] {
            assert_eq!(
                collected(chunks, announced).await,
                Err(BodyError::TooLarge),
                "{chunks:?}"
            );
        }
    }

    #[actix_web::test]
    async fn the_rest_of_a_body_that_is_too_large_is_not_read_for_ever() {
        let mut read = 0_usize;
        let endless = stream::repeat_with(|| {
            read += 1;
            Ok::<_, ()>(Bytes::from_static(&[0; 1024]))
        });
        assert_eq!(collect(endless, None, 100).await, Err(BodyError::TooLarge));
        assert!(read <= DISCARDED_BYTES / 1024 + 1, "{read} KiB were read");
    }

    #[actix_web::test]
    async fn a_body_that_does_not_arrive_is_given_up() {
        let never = collect(stream::pending::<Result<Bytes, ()>>(), None, 100);
        assert_eq!(within(Duration::from_millis(10), never).await, Err(BodyError::TooSlow));
    }

    fn typed(values: &[&str]) -> Result<Option<String>, BodyError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
        }
        media_type(&headers)
    }

    #[test]
    fn parameters_and_case_of_a_media_type_do_not_matter() {
        assert_eq!(
            typed(&["Application/JSON; charset=\"UTF-8\""]),
            Ok(Some("application/json".into()))
        );
        assert_eq!(
            typed(&["application/x-www-form-urlencoded;charset=utf8"]),
            Ok(Some("application/x-www-form-urlencoded".into()))
        );
        assert_eq!(
            typed(&["application/x-www-form-urlencoded; charset=ISO-8859-1"]),
            Ok(Some("application/x-www-form-urlencoded".into()))
        );
        assert_eq!(
            typed(&["application/json; charset=utf-16"]),
            Ok(Some("application/json".into()))
        );
        assert_eq!(typed(&[]), Ok(None));
        assert_eq!(typed(&[""]), Ok(None));
    }

    #[test]
    fn two_types_are_refused() {
        assert_eq!(
            typed(&["application/json", "text/plain"]),
            Err(BodyError::UnsupportedType)
        );
    }
}
