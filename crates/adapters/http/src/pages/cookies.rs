//! The cookies that pages set (RFC 6265).

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderValue, InvalidHeaderValue};
use informer_oauth_domain::secret::Secret;
use url::Url;

use crate::{caller::cookie, state::HttpSettings};

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

/// The end of the names of an installation's cookies: the port that its issuer names, and its path. Browsers send cookies to
/// every port of a host, and ours to every path, so that two installations on one host would sign each other's users out.
/// Empty for an issuer without either. Different issuers of one host have different suffixes.
pub fn cookie_suffix(issuer: &str) -> String {
    let Ok(url) = Url::parse(issuer) else {
        return String::new();
    };
    let mut suffix = url.port().map_or_else(String::new, |port| format!("-{port}"));
    for byte in url.path().trim_end_matches('/').bytes() {
        match byte {
            b'/' => suffix.push('.'),
            b'-' | b'_' => suffix.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => suffix.push(byte.into()),
            _ => suffix.extend(['~', hex(byte >> 4), hex(byte & 0x0f)]),
        }
    }
    suffix
}

fn hex(digit: u8) -> char {
    char::from_digit(digit.into(), 16).unwrap_or_default()
}

/// The whole name of a cookie. The prefix, where browsers heed it, keeps hosts below or beside this one from planting theirs
/// (RFC 6265bis §4.1.3.2).
pub(super) fn name(base: &str, settings: &HttpSettings) -> String {
    let prefix = if settings.cookie_secure { "__Host-" } else { "" };
    format!("{prefix}{base}{}", settings.cookie_suffix)
}

/// The name of the cookie that ties a sign-in form to the browser it was shown in.
pub(super) fn browser(settings: &HttpSettings) -> String {
    name("informer-oauth-form", settings)
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
    fn installations_on_one_host_have_different_cookie_names() {
        let issuers = [
            ("https://bi.example.com", ""),
            ("https://bi.example.com/", ""),
            ("https://bi.example.com:443", ""),
            ("https://bi.example.com:8443", "-8443"),
            ("https://bi.example.com/test", ".test"),
            ("https://bi.example.com/prod/", ".prod"),
            ("https://bi.example.com/a/b", ".a.b"),
            ("https://bi.example.com/a.b", ".a~2eb"),
            ("https://bi.example.com/a%20b", ".a~2520b"),
            ("http://127.0.0.1:8787", "-8787"),
            ("http://127.0.0.1:8787/test", "-8787.test"),
        ];
        for (issuer, suffix) in issuers {
            assert_eq!(cookie_suffix(issuer), suffix, "{issuer}");
        }
        let named = |issuer: &str| browser(&HttpSettings::for_issuer(issuer));
        assert_eq!(named("https://bi.example.com/test"), "__Host-informer-oauth-form.test");
        assert_eq!(named("http://127.0.0.1:8787"), "informer-oauth-form-8787");
    }

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
