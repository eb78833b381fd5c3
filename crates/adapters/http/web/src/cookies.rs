//! Reading and setting cookies (RFC 6265).

use std::time::Duration;

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, InvalidHeaderValue};
use informer_oauth_domain::secret::Secret;
use url::Url;

/// A cookie's value, the first where several have the name: browsers send the one with the longest path first (RFC 6265 §5.4).
/// Read by bytes: other applications on the host share the header, and may put anything into it.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<Secret> {
    headers
        .get_all(COOKIE)
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let pair = pair.trim_ascii();
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            Some((&pair[..equals], &pair[equals + 1..]))
        })
        .find(|(found, _)| *found == name.as_bytes())
        .and_then(|(_, value)| std::str::from_utf8(value).ok())
        .map(|value| {
            value
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(value)
        })
        .filter(|value| !value.is_empty())
        .map(|value| Secret::new(value.to_owned()))
}

/// A `Set-Cookie` value: for the whole site, out of scripts' reach, not sent along with another site's form or picture.
///
/// `Lax` and not `Strict`: people come here by links of other sites, signed in.
pub fn set(
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
pub fn clear(name: &str, secure: bool) -> Result<HeaderValue, InvalidHeaderValue> {
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

/// The value of a cookie that this service set itself, from letters and digits.
pub fn own(headers: &HeaderMap, name: &str) -> Option<Secret> {
    let sane = |value: &Secret| {
        (32..=64).contains(&value.len()) && value.expose().bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    cookie(headers, name).filter(sane)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
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

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let headers = headers(&["xsid=1; sid=2;sid=3", "other=\"q\"; empty="]);
        let value = |name: &str| cookie(&headers, name).map(|value| value.expose().to_owned());
        assert_eq!(value("sid").as_deref(), Some("2"));
        assert_eq!(value("other").as_deref(), Some("q"));
        assert_eq!(value("empty"), None);
        assert_eq!(value("id"), None);
    }

    #[test]
    fn foreign_bytes_spoil_only_their_own_cookie() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_bytes(b"who=Jos\xe9; sid=1;\xff\xfe=x;other=\xc3\xa9").unwrap(),
        );
        headers.append(COOKIE, HeaderValue::from_bytes("who=José".as_bytes()).unwrap());
        let value = |name: &str| cookie(&headers, name).map(|value| value.expose().to_owned());
        assert_eq!(value("sid").as_deref(), Some("1"));
        assert_eq!(value("other").as_deref(), Some("é"));
        assert_eq!(value("who"), None, "the first one is not text");
    }

    fn headers(sent: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in sent {
            headers.append(COOKIE, HeaderValue::from_str(value).unwrap());
        }
        headers
    }
}
