//! The text of a redirect URI, taken apart without changing a byte of it.

use url::Url;

use super::{MAX_REDIRECT_URI_BYTES, RedirectUriError};

/// Schemes that run code, read local data or embed their own document: refused even when a
/// configuration names them.
pub(super) const NEVER: &[&str] = &[
    "about",
    "blob",
    "cid",
    "content",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "jar",
    "javascript",
    "livescript",
    "mailto",
    "mhtml",
    "mocha",
    "resource",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// A URI taken apart by its text alone.
pub(super) struct Parts<'a> {
    pub(super) scheme: &'a str,
    /// Host of an `http` or `https` URI; `None` for a private-use scheme.
    pub(super) web: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// All rules but the one about custom schemes, which depends on the configuration.
    pub(super) fn read(text: &'a str) -> Result<Self, RedirectUriError> {
        check_characters(text)?;
        let (scheme, rest) = text.split_once(':').ok_or(RedirectUriError::NotAbsolute)?;
        if !is_scheme(scheme) {
            return Err(RedirectUriError::NotAbsolute);
        }
        if NEVER.iter().any(|never| never.eq_ignore_ascii_case(scheme)) {
            return Err(RedirectUriError::DangerousScheme(scheme.to_ascii_lowercase()));
        }
        let parts = if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
            Self {
                scheme,
                web: Some(web_host(rest)?),
            }
        } else {
            check_private_use(rest)?;
            Self { scheme, web: None }
        };
        let url = Url::parse(text).map_err(|_| RedirectUriError::NotAbsolute)?;
        if let Some(host) = parts.web {
            // The browser will go where the parser says: it must be where the text says.
            if !url.host_str().is_some_and(|parsed| parsed.eq_ignore_ascii_case(host)) {
                return Err(RedirectUriError::Host);
            }
            if scheme.eq_ignore_ascii_case("http") && Loopback::split(text).is_none() {
                return Err(RedirectUriError::InsecureHttp);
            }
        }
        Ok(parts)
    }
}

fn check_characters(text: &str) -> Result<(), RedirectUriError> {
    if text.is_empty() {
        return Err(RedirectUriError::Empty);
    }
    if text.len() > MAX_REDIRECT_URI_BYTES {
        return Err(RedirectUriError::TooLong);
    }
    for c in text.chars() {
        match c {
            '#' => return Err(RedirectUriError::Fragment),
            '*' => return Err(RedirectUriError::Wildcard),
            '\\' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}' => {
                return Err(RedirectUriError::ForbiddenCharacter(c));
            }
            _ if !c.is_ascii_graphic() => return Err(RedirectUriError::ForbiddenCharacter(c)),
            _ => {}
        }
    }
    for after in text.split('%').skip(1) {
        let escaped = after
            .get(..2)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if !byte.is_ascii_control() => {}
            _ => return Err(RedirectUriError::BadEscape),
        }
    }
    Ok(())
}

/// RFC 3986 §3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// The text between `//` and the path or query, without judging it.
fn authority_of(rest: &str) -> Option<(&str, &str)> {
    let after = rest.strip_prefix("//")?;
    let end = after.find(['/', '?']).unwrap_or(after.len());
    Some(after.split_at(end))
}

/// `host` or `host:port` of a web URI.
pub(super) fn web_authority<'a>(scheme: &str, rest: &'a str) -> Option<&'a str> {
    if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        authority_of(rest).map(|(authority, _)| authority)
    } else {
        None
    }
}

/// Splits `host[:port]`; the brackets stay with an IPv6 address. The port is what follows the
/// colon, unjudged.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let after_brackets = authority.rfind(']').map_or(0, |end| end + 1);
    match authority.get(after_brackets..).and_then(|tail| tail.find(':')) {
        Some(colon) => {
            let (host, port) = authority.split_at(after_brackets + colon);
            (host, port.strip_prefix(':'))
        }
        None => (authority, None),
    }
}

fn is_port(text: &str) -> bool {
    !text.starts_with(['0', '+']) && text.parse::<u16>().is_ok()
}

fn web_host(rest: &str) -> Result<&str, RedirectUriError> {
    let (authority, path_and_query) = authority_of(rest).ok_or(RedirectUriError::NotAbsolute)?;
    if authority.contains('@') {
        return Err(RedirectUriError::UserInfo);
    }
    let (host, port) = split_port(authority);
    let name = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let plain = match name {
        Some(address) => address.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.')),
        // Stricter than the URL standard, which lets `;` and `,` through into a CSP header.
        None => host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')),
    };
    if host.is_empty() || !plain {
        return Err(RedirectUriError::Host);
    }
    if port.is_some_and(|port| !is_port(port)) {
        return Err(RedirectUriError::Port);
    }
    let path = path_and_query.split('?').next().unwrap_or_default();
    if path.split('/').any(is_dot_segment) {
        return Err(RedirectUriError::DotSegment);
    }
    Ok(host)
}

/// Whether a browser reads this path segment as `.` or `..`, escaped or not (WHATWG URL §4.5).
fn is_dot_segment(segment: &str) -> bool {
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    dots == "." || dots == ".."
}

fn check_private_use(rest: &str) -> Result<(), RedirectUriError> {
    // `example.com:443/callback` is a host somebody forgot the scheme of, not a scheme.
    let start = rest.split(['/', '?']).next().unwrap_or_default();
    let looks_like_port = !start.is_empty() && start.bytes().all(|b| b.is_ascii_digit());
    if rest.is_empty() || looks_like_port {
        return Err(RedirectUriError::NotAbsolute);
    }
    if authority_of(rest).is_some_and(|(authority, _)| authority.contains('@')) {
        return Err(RedirectUriError::UserInfo);
    }
    Ok(())
}

/// A loopback URI taken apart around its port.
pub(super) struct Loopback<'a> {
    pub(super) host: &'a str,
    pub(super) port: Option<&'a str>,
    path_and_query: &'a str,
}

impl<'a> Loopback<'a> {
    pub(super) fn split(text: &'a str) -> Option<Self> {
        let (authority, path_and_query) = authority_of(text.strip_prefix("http:")?)?;
        let (host, port) = split_port(authority);
        let loopback = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
        (loopback && port.is_none_or(is_port)).then_some(Self {
            host,
            port,
            path_and_query,
        })
    }

    /// The path; an empty one is `/` (RFC 9110 §4.2.3).
    pub(super) fn path(&self) -> &'a str {
        match self.path_and_query.split('?').next() {
            None | Some("") => "/",
            Some(path) => path,
        }
    }

    /// The query; `None` without a question mark.
    pub(super) fn query(&self) -> Option<&'a str> {
        self.path_and_query.split_once('?').map(|(_, query)| query)
    }
}
