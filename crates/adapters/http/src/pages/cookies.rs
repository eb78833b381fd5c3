//! The cookies that pages set (RFC 6265).

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderValue, InvalidHeaderValue};
use informer_oauth_domain::secret::Secret;

use crate::caller::cookie;

/// A `Set-Cookie` value: for the whole site, out of scripts' reach, not sent along with another site's form or picture.
///
/// `Lax` and not `Strict`: people come here by links of other sites, signed in.
pub(super) fn set(
    name: &str,
    value: &str,
    lifetime: Option<Duration>,
    secure: bool,
) -> Result<HeaderValue, InvalidHeaderValue> {
    let age = lifetime.map_or_else(String::new, |lifetime| format!("; Max-Age={}", lifetime.as_secs()));
    let secure = if secure { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{name}={value}; Path=/{age}; HttpOnly; SameSite=Lax{secure}"))
}

/// A `Set-Cookie` value that takes a cookie away.
pub(super) fn clear(name: &str, secure: bool) -> Result<HeaderValue, InvalidHeaderValue> {
    set(name, "", Some(Duration::ZERO), secure)
}

/// The name of the cookie that ties a sign-in form to the browser it was shown in. The prefix, where browsers heed it,
/// keeps hosts below or beside this one from planting theirs (RFC 6265bis §4.1.3.2).
pub(super) const fn browser(secure: bool) -> &'static str {
    if secure {
        "__Host-informer-oauth-form"
    } else {
        "informer-oauth-form"
    }
}

/// The value of a cookie that this service set itself, from letters and digits.
pub(super) fn own(headers: &HeaderMap, name: &str) -> Option<Secret> {
    let sane = |value: &Secret| {
        (32..=64).contains(&value.len()) && value.expose().bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    cookie(headers, name).filter(sane)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::http::header::COOKIE;

    use super::*;

    #[test]
    fn only_values_that_this_service_makes_are_read() {
        let read = |pair: &str| {
            let mut headers = HeaderMap::new();
            headers.append(COOKIE, HeaderValue::from_str(pair).unwrap());
            own(&headers, "form").map(|value| value.expose().to_owned())
        };
        let value = "a".repeat(43);
        assert_eq!(read(&format!("x=1; form={value}; y=2")), Some(value.clone()));
        for other in [
            format!("xform={value}"),
            format!("form={value}.{value}"),
            format!("form={}.", &value),
            "form=short".to_owned(),
            "form".to_owned(),
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }
}
