//! The path a request is judged by.
//!
//! The gate and the service behind it must agree on what a request asks for. So a path is brought
//! to one normal form, and whatever two parsers could read in two ways is refused instead of
//! guessed at.

use std::fmt::Write as _;

#[cfg(test)]
mod tests;

/// Why a request's path cannot be judged. Answered as a refusal, never as a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathRefused {
    /// Neither `/path` nor an absolute URI: empty, `*`, `host:port`, a relative path.
    #[error("the request target is neither an absolute path nor an absolute URI")]
    NotAbsolute,
    /// A `#`: request targets have no fragment (RFC 9112 §3.2).
    #[error("the request target contains a fragment")]
    Fragment,
    /// A control character, a raw space or NUL, plain or escaped.
    #[error("the path contains a control character or a raw space")]
    Control,
    /// A backslash, plain or escaped: some servers take it for a slash.
    #[error("the path contains a backslash")]
    Backslash,
    /// An escaped slash (`%2F`): some servers take it for a separator, others do not.
    #[error("the path contains an escaped slash")]
    EncodedSlash,
    /// A semicolon, plain or escaped: some servers cut the segment there.
    #[error("the path contains path parameters (;)")]
    PathParameter,
    /// A `%` without two hexadecimal digits.
    #[error("the path contains a broken percent-escape")]
    BadEscape,
    /// Decoding once leaves another percent-escape.
    #[error("the path is percent-encoded twice")]
    DoubleEncoded,
    /// The escapes do not decode to UTF-8.
    #[error("the path is not UTF-8")]
    NotUtf8,
    /// A segment ends in a dot or whitespace, which some file systems drop.
    #[error("a path segment ends in a dot or a space")]
    TrailingDotOrSpace,
    /// `..` above the root.
    #[error("the path climbs above the root")]
    AboveRoot,
    /// `//..`: one way of normalising drops the empty segment, another its parent.
    #[error("the path contains '..' after an empty segment")]
    Ambiguous,
}

/// A path in normal form: it starts with `/`, has no empty, `.` or `..` segments and no
/// trailing slash; unreserved characters stand plain and the remaining escapes are upper-case
/// (RFC 3986 §6.2.2). Letters keep their case. The query is gone.
///
/// ```
/// use informer_oauth_domain::path::{NormalPath, PathRefused};
///
/// let path = NormalPath::parse("https://informer.example//api/./datasets/%61%2d1/?limit=2")?;
/// assert_eq!(path.as_str(), "/api/datasets/a-1");
/// assert_eq!(path.segments().collect::<Vec<_>>(), ["api", "datasets", "a-1"]);
/// assert_eq!(NormalPath::parse("/api/datasets/..%2Fusers"), Err(PathRefused::EncodedSlash));
/// # Ok::<(), PathRefused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NormalPath(String);

impl NormalPath {
    /// Normalises the path of a request target as the proxy received it: origin form
    /// (`/path?query`) or absolute form (`https://host/path?query`; RFC 9112 §3.2).
    pub fn parse(original_uri: &str) -> Result<Self, PathRefused> {
        // Most are, and have no query either.
        if is_normal(original_uri) {
            return Ok(Self(original_uri.to_owned()));
        }
        if original_uri.contains('#') {
            return Err(PathRefused::Fragment);
        }
        let target = original_uri.split('?').next().unwrap_or_default();
        if is_normal(target) {
            return Ok(Self(target.to_owned()));
        }
        let mut kept: Vec<String> = Vec::new();
        for raw in path_of(target)?.split('/').skip(1) {
            let segment = Segment::decode(raw)?;
            match segment.text.as_str() {
                "." => {}
                ".." => match kept.pop() {
                    None => return Err(PathRefused::AboveRoot),
                    Some(parent) if parent.is_empty() => return Err(PathRefused::Ambiguous),
                    Some(_) => {}
                },
                text if text.ends_with(|c: char| c == '.' || c.is_whitespace()) => {
                    return Err(PathRefused::TrailingDotOrSpace);
                }
                _ => kept.push(segment.normal),
            }
        }
        // Empty segments stay until here, so that `..` cannot silently step over one.
        kept.retain(|segment| !segment.is_empty());
        Ok(Self(format!("/{}", kept.join("/"))))
    }

    /// The normal form, `/` at least.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments in normal form, none for the root.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }
}

impl std::fmt::Display for NormalPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a target is in normal form already, as nearly all are: segments of letters, digits, `-`, `_` and `~` alone.
fn is_normal(target: &str) -> bool {
    let mut after_slash = false;
    for (position, byte) in target.bytes().enumerate() {
        match byte {
            b'/' if after_slash => return false,
            b'/' => after_slash = true,
            _ if position == 0 || byte == b'.' || !is_unreserved(byte) => return false,
            _ => after_slash = false,
        }
    }
    !after_slash && !target.is_empty()
}

/// The path of a target without its query; starts with `/`.
fn path_of(target: &str) -> Result<&str, PathRefused> {
    if target.starts_with('/') {
        return Ok(target);
    }
    let (scheme, rest) = target.split_once("://").ok_or(PathRefused::NotAbsolute)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(PathRefused::NotAbsolute);
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host_and_port = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if authority.contains('\\') {
        return Err(PathRefused::Backslash);
    }
    if authority.is_empty() || !authority.chars().all(host_and_port) {
        return Err(PathRefused::NotAbsolute);
    }
    Ok(if path.is_empty() { "/" } else { path })
}

/// One segment, decoded once.
struct Segment {
    /// What the escapes stand for.
    text: String,
    /// The normal form.
    normal: String,
}

impl Segment {
    fn decode(raw: &str) -> Result<Self, PathRefused> {
        let mut decoded = Vec::with_capacity(raw.len());
        let mut normal = String::with_capacity(raw.len());
        let mut bytes = raw.bytes();
        while let Some(byte) = bytes.next() {
            let escaped = byte == b'%';
            let byte = if escaped {
                escaped_byte(bytes.next(), bytes.next())?
            } else {
                byte
            };
            if byte == b' ' && !escaped {
                return Err(PathRefused::Control);
            }
            decoded.push(byte);
            if is_unreserved(byte) || (!escaped && is_plain(byte)) {
                normal.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(normal, "%{byte:02X}");
            }
        }
        let text = String::from_utf8(decoded).map_err(|_| PathRefused::NotUtf8)?;
        check_decoded(&text)?;
        Ok(Self { text, normal })
    }
}

fn escaped_byte(high: Option<u8>, low: Option<u8>) -> Result<u8, PathRefused> {
    let digit = |byte: Option<u8>| {
        byte.and_then(|b| char::from(b).to_digit(16))
            .and_then(|d| u8::try_from(d).ok())
    };
    match (digit(high), digit(low)) {
        (Some(high), Some(low)) => Ok(high << 4 | low),
        _ => Err(PathRefused::BadEscape),
    }
}

fn check_decoded(text: &str) -> Result<(), PathRefused> {
    for c in text.chars() {
        match c {
            '/' => return Err(PathRefused::EncodedSlash),
            '\\' => return Err(PathRefused::Backslash),
            ';' => return Err(PathRefused::PathParameter),
            c if c.is_control() => return Err(PathRefused::Control),
            _ => {}
        }
    }
    // Any escape that is left counts, not only that of a dot or a slash: `%2532%2565` gets to a dot too.
    let is_escape = |after: &str| {
        after
            .as_bytes()
            .get(..2)
            .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    };
    if text.split('%').skip(1).any(is_escape) {
        return Err(PathRefused::DoubleEncoded);
    }
    Ok(())
}

/// RFC 3986 §2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// What else may stand unescaped in a segment (RFC 3986 §3.3), but for `;`.
const fn is_plain(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@'
    )
}
