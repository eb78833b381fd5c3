//! Headers that every answer has, whatever made it.

use actix_web::http::{
    StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, PRAGMA,
        REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

use crate::endpoint::{EndpointClass, ErrorFamily};

const ACCESS_CONTROL_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("access-control-allow-origin");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const ACCESS_CONTROL_EXPOSE_HEADERS: HeaderName = HeaderName::from_static("access-control-expose-headers");

/// What an answer that is no page may do in a browser: nothing.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Adds what is missing; what a handler has set stays, so that a page or an icon can have a policy of its own.
///
/// JSON has no buttons to be framed under another page and no links to follow, and most answers are JSON: it goes without the
/// two headers that are about those. So does a 304, which has no content and leaves those of what is stored as they are
/// (RFC 9110 §15.4.5).
pub fn add(status: StatusCode, headers: &mut HeaderMap, class: EndpointClass, https: bool) {
    headers.reserve(8);
    let json = || {
        headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().ends_with(b"json"))
    };
    let page = status != StatusCode::NOT_MODIFIED && !json();
    let html = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let mut default = |name: HeaderName, value: HeaderValue| {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    };
    default(CONTENT_SECURITY_POLICY, NOTHING);
    default(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if page {
        default(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        default(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
    if html {
        // A window that opened this page keeps no hold of it.
        default(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
    }
    if https {
        default(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if let Some(methods) = class.cross_origin {
        default(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        // With a document that is the same for everybody comes nothing else to be read.
        if methods.contains("POST") {
            default(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("ETag, Retry-After, WWW-Authenticate, X-Request-Id"),
            );
        }
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if class.family == ErrorFamily::Protocol {
            headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn added(class: EndpointClass, https: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        add(StatusCode::OK, &mut headers, class, https);
        headers
    }

    #[test]
    fn every_answer_is_locked_down_and_not_stored_by_default() {
        let headers = added(EndpointClass::OAUTH, false);
        assert_eq!(headers.get("x-content-type-options").unwrap(), "nosniff");
        assert_eq!(headers.get("referrer-policy").unwrap(), "same-origin");
        assert_eq!(headers.get("x-frame-options").unwrap(), "DENY");
        assert_eq!(headers.get("cache-control").unwrap(), "no-store");
        assert_eq!(headers.get("pragma").unwrap(), "no-cache");
        assert!(
            headers
                .get("content-security-policy")
                .unwrap()
                .to_str()
                .unwrap()
                .contains("frame-ancestors 'none'")
        );
        assert!(headers.get("access-control-allow-origin").is_none());
    }

    #[test]
    fn json_and_what_is_unchanged_go_without_what_is_about_pages() {
        let (ok, unchanged) = (StatusCode::OK, StatusCode::NOT_MODIFIED);
        for (status, kind, page) in [
            (ok, "application/json", false),
            (ok, "application/hal+json", false),
            (ok, "text/html; charset=utf-8", true),
            (ok, "image/svg+xml", true),
            (ok, "text/plain; version=0.0.4", true),
            (unchanged, "text/html; charset=utf-8", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            add(status, &mut headers, EndpointClass::OAUTH, false);
            assert_eq!(headers.contains_key("referrer-policy"), page, "{kind}");
            assert_eq!(headers.contains_key("x-frame-options"), page, "{kind}");
            assert!(headers.contains_key("content-security-policy"), "{kind}");
            assert!(headers.contains_key("x-content-type-options"), "{kind}");
        }
    }

    #[test]
    fn pages_let_go_of_the_window_that_opened_them() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        add(StatusCode::OK, &mut headers, EndpointClass::INFORMER, true);
        assert_eq!(headers.get("cross-origin-opener-policy").unwrap(), "same-origin");
        assert!(!added(EndpointClass::INFORMER, true).contains_key("cross-origin-opener-policy"));
    }

    #[test]
    fn strict_transport_is_asked_for_only_where_there_is_https() {
        assert!(added(EndpointClass::INFORMER, true).contains_key("strict-transport-security"));
        assert!(!added(EndpointClass::INFORMER, false).contains_key("strict-transport-security"));
    }

    #[test]
    fn a_handlers_own_policy_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        add(StatusCode::OK, &mut headers, EndpointClass::WELL_KNOWN, true);
        assert_eq!(headers.get("content-security-policy").unwrap(), "sandbox");
        assert_eq!(headers.get("cache-control").unwrap(), "public, max-age=300");
        assert!(!headers.contains_key("pragma"));
        assert_eq!(headers.get("access-control-allow-origin").unwrap(), "*");
    }

    #[test]
    fn pages_read_the_headers_of_answers_and_not_of_documents() {
        assert!(added(EndpointClass::CLIENT, false).contains_key("access-control-expose-headers"));
        assert!(!added(EndpointClass::WELL_KNOWN, false).contains_key("access-control-expose-headers"));
        assert!(!added(EndpointClass::OAUTH, false).contains_key("access-control-expose-headers"));
    }
}
