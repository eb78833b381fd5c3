//! How often a browser was sent to sign in elsewhere lately, without having come back signed in.

use actix_web::http::header::{HeaderMap, HeaderValue, InvalidHeaderValue};

use super::cookies;
use crate::caller::cookie as sent;

/// How many trips are borne: somebody may open a few pages at once before signing in.
pub(super) const BORNE: u8 = 5;

/// For how long a trip is remembered, by the browser: a loop takes less, a person more.
const LIFETIME: std::time::Duration = std::time::Duration::from_secs(20);

const fn name(secure: bool) -> &'static str {
    if secure {
        "__Host-informer-oauth-trips"
    } else {
        "informer-oauth-trips"
    }
}

/// How many the browser says it has made.
pub(super) fn made(headers: &HeaderMap, secure: bool) -> u8 {
    let count = sent(headers, name(secure)).and_then(|count| count.expose().parse().ok());
    count.unwrap_or(0)
}

/// A `Set-Cookie` value that counts them; none takes the cookie away.
pub(super) fn cookie(count: u8, secure: bool) -> Result<HeaderValue, InvalidHeaderValue> {
    match count {
        0 => cookies::clear(name(secure), secure),
        _ => cookies::set(name(secure), &count.to_string(), Some(LIFETIME), secure),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::http::header::COOKIE;

    use super::*;

    #[test]
    fn what_is_set_is_read_again_and_anything_else_is_none() {
        let read = |pair: &str| {
            let mut headers = HeaderMap::new();
            headers.append(COOKIE, HeaderValue::from_str(pair).unwrap());
            made(&headers, true)
        };
        let set = cookie(3, true).unwrap();
        assert_eq!(read(set.to_str().unwrap().split(';').next().unwrap()), 3);
        for other in [
            "x=1",
            "__Host-informer-oauth-trips=-1",
            "__Host-informer-oauth-trips=256",
        ] {
            assert_eq!(read(other), 0, "{other}");
        }
        assert!(cookie(0, true).unwrap().to_str().unwrap().contains("Max-Age=0"));
    }
}
