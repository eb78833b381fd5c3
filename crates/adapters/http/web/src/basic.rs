//! `client_secret_basic` (RFC 6749 §2.3.1, RFC 7617).

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::{Engine as _, engine::general_purpose::STANDARD_PAD_INDIFFERENT};
use informer_oauth_application::client_credentials::BasicCredentials;
use informer_oauth_domain::{
    error::{ErrorCode, OAuthError},
    secret::Secret,
};

use crate::protocol_error::ProtocolErrorResponse;

const MALFORMED: OAuthError = ErrorCode::InvalidClient.because("The Authorization header is malformed.");
const REPEATED: OAuthError = ErrorCode::InvalidRequest.because("There is more than one Authorization header.");

/// The Basic credentials of the `Authorization` header, if there are any. An empty header and other schemes are ignored:
/// HTTP libraries add a user's Bearer token to every request of a session, also beside a `client_id` in the body.
pub fn read(headers: &HeaderMap) -> Result<Option<BasicCredentials>, ProtocolErrorResponse> {
    let mut sent = headers.get_all(AUTHORIZATION);
    let Some(value) = sent.next() else {
        return Ok(None);
    };
    if sent.next().is_some() {
        return Err(REPEATED.into());
    }
    let bytes = value.as_bytes().trim_ascii();
    let scheme = bytes.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Ok(None);
    }
    let encoded = std::str::from_utf8(&bytes[scheme.len()..]).unwrap_or_default();
    match decode(encoded.trim()) {
        Some(credentials) => Ok(Some(credentials)),
        None => Err(ProtocolErrorResponse::from(MALFORMED).after_basic(true)),
    }
}

fn decode(encoded: &str) -> Option<BasicCredentials> {
    let pair = String::from_utf8(STANDARD_PAD_INDIFFERENT.decode(encoded).ok()?).ok()?;
    let (client_id, secret) = pair.split_once(':')?;
    let client_id = form_decoded(client_id)?;
    let secret = form_decoded(secret)?;
    (!client_id.is_empty()).then(|| BasicCredentials {
        client_id,
        secret: Secret::new(secret),
    })
}

/// RFC 6749 has both parts form-encoded; many clients send them raw. Neither ids nor secrets of ours hold `+` or `%`, so
/// decoding what can be decoded and leaving the rest reads both.
fn form_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::{ResponseError as _, http::header::HeaderValue};

    use super::*;

    fn sent(value: &str) -> Result<Option<(String, String)>, u16> {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        read(&headers)
            .map(|found| found.map(|basic| (basic.client_id, basic.secret.expose().to_owned())))
            .map_err(|error| error.status_code().as_u16())
    }

    fn basic(pair: &[u8]) -> String {
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    fn pair(id: &str, secret: &str) -> (String, String) {
        (id.to_owned(), secret.to_owned())
    }

    #[test]
    fn both_parts_are_read_raw_or_encoded() {
        assert_eq!(sent(&basic(b"abc:cs_123")), Ok(Some(pair("abc", "cs_123"))));
        assert_eq!(sent(&basic(b"a%62c:cs%5F123")), Ok(Some(pair("abc", "cs_123"))));
        assert_eq!(sent(&basic(b"abc:a%zz:b%")), Ok(Some(pair("abc", "a%zz:b%"))));
        assert_eq!(sent(&basic(b"a+b:c+d")), Ok(Some(pair("a b", "c d"))));
        assert_eq!(sent(&basic(b"abc:")), Ok(Some(pair("abc", ""))));
    }

    #[test]
    fn scheme_case_and_padding_do_not_matter() {
        assert_eq!(sent("bAsIc YWJjOng="), Ok(Some(pair("abc", "x"))));
        assert_eq!(sent("Basic YWJjOng"), Ok(Some(pair("abc", "x"))));
    }

    #[test]
    fn what_cannot_be_read_is_a_failed_authentication() {
        for bad in [
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic YWJj",
            &basic(b":x"),
            &basic(b"a:\xff"),
            &basic(b"a:%ff"),
            &basic(b"a:%00"),
        ] {
            assert_eq!(sent(bad), Err(401), "{bad}");
        }
    }

    #[test]
    fn malformed_basic_is_challenged() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static("Basic !!!"));
        let refused = read(&headers).unwrap_err().error_response();
        assert!(refused.headers().contains_key("www-authenticate"));
    }

    #[test]
    fn other_schemes_and_empty_headers_are_ignored() {
        for ignored in [
            "Bearer abc",
            "Bearer",
            "",
            "Digest username=\"x\"",
            "Basicx YWJjOng=",
            "B\u{e4}rer x",
        ] {
            assert_eq!(sent(ignored), Ok(None), "{ignored}");
        }
    }

    #[test]
    fn two_headers_are_an_invalid_request() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static("Basic YWJjOng="));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Basic YWJjOng="));
        assert_eq!(read(&headers).unwrap_err().status_code(), 400);
        assert!(read(&HeaderMap::new()).unwrap().is_none());
    }
}
