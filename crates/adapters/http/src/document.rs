//! Answers that are the same for everybody: bytes made once, with their tag.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH},
    web::Bytes,
};
use sha2::Digest as _;

/// A constant answer.
#[derive(Clone, Debug)]
pub struct Document {
    bytes: Bytes,
    etag: HeaderValue,
    content_type: HeaderValue,
    cache_control: HeaderValue,
}

impl Document {
    /// Tags the bytes by their digest.
    pub fn new(bytes: impl Into<Bytes>, content_type: &'static str, cache_control: &'static str) -> Self {
        let bytes = bytes.into();
        Self {
            etag: etag_of(&bytes),
            bytes,
            content_type: HeaderValue::from_static(content_type),
            cache_control: HeaderValue::from_static(cache_control),
        }
    }

    /// The answer: 304 to a client that has these bytes already.
    pub fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let fresh = has_it(request.headers(), &self.etag);
        let mut response = if fresh {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        response
            .insert_header((ETAG, self.etag.clone()))
            .insert_header((CACHE_CONTROL, self.cache_control.clone()));
        if fresh {
            return response.finish();
        }
        response
            .insert_header((CONTENT_TYPE, self.content_type.clone()))
            .body(self.bytes.clone())
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// A strong tag: half of the SHA-256, which no two documents share.
pub fn etag_of(bytes: &[u8]) -> HeaderValue {
    let digest = sha2::Sha256::digest(bytes);
    let half = digest.first_chunk().copied().map_or(0, u128::from_be_bytes);
    HeaderValue::from_str(&format!("\"{half:032x}\"")).expect("hex and quotation marks are visible ASCII")
}

/// Whether `If-None-Match` names `etag`, compared weakly (RFC 9110 §13.1.2).
pub fn has_it(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(own) = etag.to_str() else {
        return false;
    };
    headers
        .get_all(IF_NONE_MATCH)
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == own)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn whoever_has_the_bytes_is_told_so_without_them() {
        let document = Document::new("{}", "application/json", "public, max-age=300");
        let tag = etag_of(b"{}").to_str().unwrap().to_owned();
        let status = |sent: &str| {
            let request = TestRequest::get()
                .insert_header((IF_NONE_MATCH, sent))
                .to_http_request();
            document.answer(&request).status().as_u16()
        };
        assert_eq!(status(&tag), 304);
        assert_eq!(status(&format!("\"x\", W/{tag}")), 304);
        assert_eq!(status("*"), 304);
        assert_eq!(status("\"x\""), 200);
        assert_eq!(status(tag.trim_matches('"')), 200);
    }

    #[test]
    fn other_bytes_have_another_tag() {
        assert_ne!(etag_of(b"a"), etag_of(b"b"));
        assert_eq!(etag_of(b"a").len(), 34);
    }
}
