//! Answers that are the same for everybody: bytes made once, with their tag.

use actix_web::{
    HttpResponse,
    body::BoxBody,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH},
    },
    web::Bytes,
};
use sha2::Digest as _;

use crate::{endpoint::EndpointClass, etag, security_headers};

/// A constant answer.
#[derive(Clone, Debug)]
pub struct Document {
    bytes: Bytes,
    etag: HeaderValue,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Document {
    /// Tags the bytes by their digest.
    pub fn new(bytes: impl Into<Bytes>, content_type: &'static str, cache_control: &'static str) -> Self {
        let bytes = bytes.into();
        let etag = etag_of(&bytes);
        let headers = vec![
            (ETAG, etag.clone()),
            (CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (CACHE_CONTROL, HeaderValue::from_static(cache_control)),
        ];
        Self { bytes, etag, headers }
    }

    /// Adds the headers that all answers of `class` have, so that they need not be added to each.
    pub fn with_headers_of(mut self, class: EndpointClass, https: bool) -> Self {
        let mut headers: HeaderMap = self.headers.drain(..).collect();
        security_headers::add(StatusCode::OK, &mut headers, class, https);
        self.headers = headers.into_iter().collect();
        self
    }

    /// The answer to a request with these headers: 304 to a client that has these bytes already.
    pub fn answer(&self, request: &HeaderMap) -> HttpResponse {
        let fresh = has_it(request, &self.etag);
        let mut response = if fresh {
            HttpResponse::new(StatusCode::NOT_MODIFIED)
        } else {
            HttpResponse::new(StatusCode::OK).set_body(BoxBody::new(self.bytes.clone()))
        };
        // Into the map that comes with the answer, which has been used before and need not grow.
        let headers = response.headers_mut();
        for (name, value) in &self.headers {
            if !fresh || name != CONTENT_TYPE {
                headers.insert(name.clone(), value.clone());
            }
        }
        response
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
    if !headers.contains_key(IF_NONE_MATCH) {
        return false;
    }
    let Some(own) = etag
        .to_str()
        .ok()
        .and_then(|own| own.strip_prefix('"')?.strip_suffix('"'))
    else {
        return false;
    };
    etag::lines(headers, &IF_NONE_MATCH)
        .iter()
        .any(|line| line.trim() == "*" || etag::tags(line).iter().any(|tag| tag.opaque == own))
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
            document.answer(request.headers()).status().as_u16()
        };
        assert_eq!(status(&tag), 304);
        assert_eq!(status(&format!("\"x\", W/{tag}")), 304);
        assert_eq!(status("*"), 304);
        assert_eq!(
            status(&format!("\"a,b\", {tag}")),
            304,
            "a comma inside of quotation marks"
        );
        assert_eq!(status(&format!("\"é\", ü, {tag}")), 304, "bytes of somebody else");
        assert_eq!(status(&format!("\"a, {}, b\"", tag.trim_matches('"'))), 200);
        assert_eq!(status("\"x\""), 200);
        assert_eq!(status(tag.trim_matches('"')), 200);
    }

    #[test]
    fn other_bytes_have_another_tag() {
        assert_ne!(etag_of(b"a"), etag_of(b"b"));
        assert_eq!(etag_of(b"a").len(), 34);
    }
}
