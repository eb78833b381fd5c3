//! How often a browser was sent to sign in elsewhere lately, without having come back signed in.

use actix_web::http::header::{HeaderMap, HeaderValue, InvalidHeaderValue};
use informer_oauth_web::{
    cookies::{self, cookie as sent},
    state::HttpSettings,
};

/// How many trips are borne: somebody may open a few pages at once before signing in.
pub(super) const BORNE: u8 = 5;

/// For how long a trip is remembered, by the browser: a loop takes less, a person more.
const LIFETIME: std::time::Duration = std::time::Duration::from_secs(20);

fn name(settings: &HttpSettings) -> String {
    settings.cookie_name("informer-oauth-trips")
}

/// How many the browser says it has made.
pub(super) fn made(headers: &HeaderMap, settings: &HttpSettings) -> u8 {
    let count = sent(headers, &name(settings)).and_then(|count| count.expose().parse().ok());
    count.unwrap_or(0)
}

/// A `Set-Cookie` value that counts them; none takes the cookie away.
pub(super) fn cookie(count: u8, settings: &HttpSettings) -> Result<HeaderValue, InvalidHeaderValue> {
    let secure = settings.cookie_secure;
    match count {
        0 => cookies::clear(&name(settings), secure),
        _ => cookies::set(&name(settings), &count.to_string(), Some(LIFETIME), secure),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::http::header::COOKIE;

    use super::*;

    #[test]
    fn what_is_set_is_read_again_and_anything_else_is_none() {
        let settings = HttpSettings::for_issuer("https://bi.example.com");
        let read = |pair: &str| {
            let mut headers = HeaderMap::new();
            headers.append(COOKIE, HeaderValue::from_str(pair).unwrap());
            made(&headers, &settings)
        };
        let set = cookie(3, &settings).unwrap();
        assert_eq!(read(set.to_str().unwrap().split(';').next().unwrap()), 3);
        for other in [
            "x=1",
            "__Host-informer-oauth-trips=-1",
            "__Host-informer-oauth-trips=256",
        ] {
            assert_eq!(read(other), 0, "{other}");
        }
        assert!(cookie(0, &settings).unwrap().to_str().unwrap().contains("Max-Age=0"));
    }
}
