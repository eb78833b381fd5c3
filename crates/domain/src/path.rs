//! The path a request is judged by.
//!
//! The gate and the service behind it must agree on what a request asks for. So a path is brought to one normal form.
//! Where servers differ in how they read an escaped slash, a semicolon or a trailing dot, every reading is kept, and
//! [`crate::route::RouteTable::judge`] lets a request pass only if all of them are the same row. What is left is refused.

use std::fmt::Write as _;

mod readings;
#[cfg(test)]
mod tests;

/// Why a request's path cannot be judged. Answered as a refusal, never as a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathRefused {
    /// Not an absolute path: empty, `*`, `host:port`, an absolute URI, a relative path.
    #[error("the request target does not start with '/'")]
    NotAbsolute,
    /// A `#`: request targets have no fragment (RFC 9112 §3.2).
    #[error("the path contains a fragment (#)")]
    Fragment,
    /// A control character, a raw space or NUL, plain or escaped.
    #[error("the path contains a control character or a raw space")]
    Control,
    /// A backslash, plain or escaped: some servers take it for a slash.
    #[error("the path contains a backslash")]
    Backslash,
    /// `.` or `..`, plain or escaped, or a segment that some servers read as one of them. Clients resolve these before they
    /// send a request (RFC 3986 §5.2.4); servers differ in whether they do.
    #[error("the path contains a dot segment ('.' or '..')")]
    DotSegment,
    /// `//`, or a segment of which some servers leave nothing.
    #[error("the path contains an empty segment ('//')")]
    EmptySegment,
    /// A `%` without two hexadecimal digits.
    #[error("the path contains a broken percent-escape")]
    BadEscape,
    /// Decoding once leaves another percent-escape.
    #[error("the path is percent-encoded twice")]
    DoubleEncoded,
    /// The escapes do not decode to UTF-8.
    #[error("the path is not UTF-8")]
    NotUtf8,
}

impl PathRefused {
    /// A stable name for logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAbsolute => "path_not_absolute",
            Self::Fragment => "path_fragment",
            Self::Control => "path_control_character",
            Self::Backslash => "path_backslash",
            Self::DotSegment => "path_dot_segment",
            Self::EmptySegment => "path_empty_segment",
            Self::BadEscape => "path_broken_escape",
            Self::DoubleEncoded => "path_encoded_twice",
            Self::NotUtf8 => "path_not_utf8",
        }
    }
}

/// A path in normal form: it starts with `/`, has no empty, `.` or `..` segments and no
/// trailing slash; unreserved characters stand plain and the remaining escapes are upper-case
/// (RFC 3986 §6.2.2). Letters keep their case. The query is gone.
///
/// ```
/// use informer_oauth_domain::path::{NormalPath, PathRefused};
///
/// let path = NormalPath::parse("/api/datasets/%61%2d1/?limit=2")?;
/// assert_eq!(path.as_str(), "/api/datasets/a-1");
/// assert_eq!(path.segments().collect::<Vec<_>>(), ["api", "datasets", "a-1"]);
/// assert_eq!(NormalPath::parse("/api/datasets/../users"), Err(PathRefused::DotSegment));
///
/// let file = NormalPath::parse("/api/libraries/a/contents/js%2Fapp.js")?;
/// assert_eq!(file.as_str(), "/api/libraries/a/contents/js%2Fapp.js");
/// assert_eq!(file.other_readings(), ["/api/libraries/a/contents/js/app.js"]);
/// # Ok::<(), PathRefused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NormalPath {
    text: String,
    readings: Vec<String>,
}

impl NormalPath {
    /// Normalises the path of a request target in origin form (`/path?query`, RFC 9112 §3.2.1), as the proxy received it.
    /// The query is dropped unread. Raw UTF-8 means the same as its percent-encoded form.
    pub fn parse(target: impl AsRef<[u8]>) -> Result<Self, PathRefused> {
        let target = target.as_ref();
        let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
        if path.first() != Some(&b'/') {
            return Err(PathRefused::NotAbsolute);
        }
        // Most are.
        if is_normal(path) {
            let text = String::from_utf8(path.to_vec()).map_err(|_| PathRefused::NotUtf8)?;
            return Ok(Self {
                text,
                readings: Vec::new(),
            });
        }
        if path.contains(&b'#') {
            return Err(PathRefused::Fragment);
        }
        if path == b"/" {
            return Ok(Self {
                text: "/".to_owned(),
                readings: Vec::new(),
            });
        }
        let below = path.strip_prefix(b"/").unwrap_or(path);
        let below = below.strip_suffix(b"/").unwrap_or(below);
        let raw: Vec<&[u8]> = below.split(|byte| *byte == b'/').collect();
        let text = joined(raw.iter().copied())?;
        let readings = readings::others(&raw, &text)?;
        Ok(Self { text, readings })
    }

    /// The normal form, `/` at least. Escaped slashes, semicolons and trailing dots are data in it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The segments in normal form, none for the root.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.text.split('/').filter(|segment| !segment.is_empty())
    }

    /// Normal forms of what other servers may read: with escaped slashes as separators, path parameters cut off, trailing
    /// dots and spaces dropped. Empty for nearly all paths.
    pub fn other_readings(&self) -> &[String] {
        &self.readings
    }
}

impl std::fmt::Display for NormalPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a path is in normal form already, as nearly all are: segments of letters, digits, `-`, `_` and `~` alone.
fn is_normal(path: &[u8]) -> bool {
    let mut after_slash = false;
    for (position, byte) in path.iter().enumerate() {
        match byte {
            b'/' if after_slash => return false,
            b'/' => after_slash = true,
            _ if position == 0 || *byte == b'.' || !is_unreserved(*byte) => return false,
            _ => after_slash = false,
        }
    }
    !after_slash && !path.is_empty()
}

/// The normal form of a path of these segments.
fn joined<'a>(raw: impl Iterator<Item = &'a [u8]>) -> Result<String, PathRefused> {
    let mut text = String::new();
    for raw in raw {
        let segment = Segment::decode(raw)?;
        check_segment(&segment.text)?;
        text.push('/');
        text.push_str(&segment.normal);
    }
    Ok(text)
}

/// Refuses what servers resolve or drop.
fn check_segment(text: &str) -> Result<(), PathRefused> {
    match text {
        "" => Err(PathRefused::EmptySegment),
        "." | ".." => Err(PathRefused::DotSegment),
        _ => Ok(()),
    }
}

/// One segment, decoded once.
struct Segment {
    /// What the escapes stand for.
    text: String,
    /// The normal form.
    normal: String,
}

impl Segment {
    fn decode(raw: &[u8]) -> Result<Self, PathRefused> {
        let mut decoded = Vec::with_capacity(raw.len());
        let mut normal = String::with_capacity(raw.len());
        let mut bytes = raw.iter().copied();
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
            push_normal(&mut normal, byte, escaped);
        }
        let text = String::from_utf8(decoded).map_err(|_| PathRefused::NotUtf8)?;
        check_decoded(&text)?;
        Ok(Self { text, normal })
    }
}

fn push_normal(normal: &mut String, byte: u8, escaped: bool) {
    if is_unreserved(byte) || (!escaped && is_plain(byte)) {
        normal.push(char::from(byte));
    } else {
        // Writing to a String cannot fail.
        let _ = write!(normal, "%{byte:02X}");
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
            '\\' => return Err(PathRefused::Backslash),
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
