//! The id that ties an answer to its line in the log.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use informer_oauth_application::Application;

/// `X-Request-Id`
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// The caller's id if it sent exactly one that is fit for a log line, else a new one.
pub fn request_id(headers: &HeaderMap, app: &Application) -> HeaderValue {
    callers_own(headers).unwrap_or_else(|| {
        // base62 is always a valid header value.
        HeaderValue::try_from(app.request_id()).unwrap_or_else(|_| HeaderValue::from_static("none"))
    })
}

fn callers_own(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut sent = headers.get_all(REQUEST_ID);
    let (Some(id), None) = (sent.next(), sent.next()) else {
        return None;
    };
    let sane = (1..=LONGEST).contains(&id.len())
        && id
            .as_bytes()
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    sane.then(|| id.clone())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn sent(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(REQUEST_ID, HeaderValue::from_str(value).unwrap());
        }
        callers_own(&headers).map(|id| id.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_sane_id_is_kept() {
        let longest = "a".repeat(LONGEST);
        for id in ["1", "req-42_a.b", longest.as_str()] {
            assert_eq!(sent(&[id]).as_deref(), Some(id));
        }
    }

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        let too_long = "a".repeat(LONGEST + 1);
        for id in ["", "a b", "a\tb", "{\"a\":1}", "ä", too_long.as_str()] {
            assert_eq!(sent(&[id]), None, "{id:?}");
        }
        assert_eq!(sent(&["a", "b"]), None, "two ids");
        assert_eq!(sent(&[]), None);
    }
}
