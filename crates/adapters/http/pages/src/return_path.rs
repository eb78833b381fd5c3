//! Where a browser goes on after signing in: only ever within this site (CWE-601).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::site::Site;

/// The longest way back that is carried, in bytes. An authorization request written out again stays far below.
const LIMIT: usize = 24 * 1024;

/// Left readable in the value of the `return` parameter; `%`, `&` and `+` are escaped, so that what they mean within the
/// way back is not read a level too early.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b':')
    .remove(b'?')
    .remove(b'=');

/// A path with an optional query on this very site.
///
/// Browsers read addresses generously: `//host`, `/\host` and a tab in between all lead to another host, and `..` or an
/// escaped slash may turn into such a thing at the next proxy. So only what needs no generosity is taken: visible ASCII, no
/// backslash, no fragment, and a path of plain segments without a character that browsers would rewrite.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ReturnPath(String);

impl ReturnPath {
    /// Reads the `return` parameter; `None` when it must not be followed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let visible = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
        let path = text.split('?').next().unwrap_or_default();
        let segments = path.strip_prefix('/')?;
        let plain = segments.is_empty()
            || segments
                .strip_suffix('/')
                .unwrap_or(segments)
                .split('/')
                .all(is_plain_segment);
        (visible && plain && text.len() <= LIMIT).then(|| Self(text.to_owned()))
    }

    /// The way back itself.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The query, when the way leads to the authorization endpoint: the request that waits for the sign-in.
    pub(super) fn authorization_query(&self, site: &Site) -> Option<&str> {
        let (path, query) = self.0.split_once('?')?;
        (path == site.path("/oauth/authorize")).then_some(query)
    }

    /// An address with this way back in its `return` parameter.
    pub(super) fn append_to(&self, address: &str) -> String {
        let separator = if address.contains('?') { '&' } else { '?' };
        format!("{address}{separator}return={}", utf8_percent_encode(&self.0, VALUE))
    }
}

/// Not empty, not `.` or `..` however written, and no escape of a slash, a backslash or a control character.
fn is_plain_segment(segment: &str) -> bool {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        // No such character may stand in a path (RFC 3986 §3.3).
        if matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}') {
            return false;
        }
        if byte != b'%' {
            decoded.push(byte);
            rest = after;
            continue;
        }
        let Some((&[high, low], after)) = after.split_first_chunk::<2>() else {
            return false;
        };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (Some(high), Some(low)) = (digit(high), digit(low)) else {
            return false;
        };
        let Ok(escaped) = u8::try_from(high * 16 + low) else {
            return false;
        };
        // A second level of escapes is somebody's attempt to get past the first.
        if escaped.is_ascii_control() || matches!(escaped, b'/' | b'\\' | b'%') {
            return false;
        }
        decoded.push(escaped);
        rest = after;
    }
    !matches!(decoded.as_slice(), b"" | b"." | b"..")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn paths_of_this_site_are_followed_as_they_are() {
        for path in [
            "/",
            "/oauth",
            "/oauth/",
            "/oauth/authorize?client_id=1&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=a%00%5C%252e//..",
            "/oauth/authorize?redirect_uri=http://127.0.0.1:9/cb",
            "/a%20b/c.d/..e/...",
        ] {
            assert_eq!(ReturnPath::parse(path).map(|path| path.0).as_deref(), Some(path));
        }
    }

    #[test]
    fn whatever_a_browser_or_a_proxy_could_read_as_another_host_is_not_followed() {
        for path in [
            "",
            "oauth",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " /oauth",
            "/oauth ",
            "https://evil.example",
            "HTTPS:/evil.example",
            "javascript:alert(1)",
            "/oauth//evil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/../evil",
            "/%2e%2E/evil",
            "/.%2e/x",
            "/%2F/evil.example",
            "/%2f%2fevil.example",
            "/%5cevil.example",
            "/%5C%5Cevil.example",
            "/%252f%252fevil.example",
            "/%09/evil.example",
            "/%0d%0aLocation:%20https://evil.example",
            "/oauth\r\nSet-Cookie: a=b",
            "/%",
            "/%4",
            "/%zz",
            "/oauth#//evil.example",
            "/oauth?x=\\\\evil.example",
            "/oauth\u{2028}",
            "/ｏauth",
            "/`",
            "/a<b>",
            "?x",
        ] {
            assert_eq!(ReturnPath::parse(path), None, "{path:?}");
        }
        assert_eq!(ReturnPath::parse(&format!("/{}", "a".repeat(LIMIT))), None);
    }

    #[test]
    fn the_waiting_request_is_found_only_behind_the_authorization_endpoint() {
        let site = Site::of_issuer("https://bi.example.com/auth");
        let query = |path: &str| {
            ReturnPath::parse(path)
                .unwrap()
                .authorization_query(&site)
                .map(str::to_owned)
        };
        assert_eq!(
            query("/auth/oauth/authorize?client_id=1?2").as_deref(),
            Some("client_id=1?2")
        );
        for other in [
            "/auth/oauth/authorize",
            "/oauth/authorize?client_id=1",
            "/auth/oauth/authorize/?a",
            "/auth?/auth/oauth/authorize",
        ] {
            assert_eq!(query(other), None, "{other}");
        }
    }

    #[test]
    fn an_address_may_have_a_query_already() {
        let back = ReturnPath::parse("/a?b=c%26d&e=+f").unwrap();
        assert_eq!(
            back.append_to("/oauth/sign-in"),
            "/oauth/sign-in?return=/a?b=c%2526d%26e=%2Bf"
        );
        assert_eq!(back.append_to("/login?x=1"), "/login?x=1&return=/a?b=c%2526d%26e=%2Bf");
    }

    proptest! {
        #[test]
        fn what_is_followed_never_leaves_the_site(path in "[/\\\\a-z.%0-9:@?\\t]{0,12}", other in any::<String>()) {
            let base = Url::parse("https://site.example/oauth/sign-in").unwrap();
            for text in [path, other] {
                if let Some(back) = ReturnPath::parse(&text) {
                    let reached = base.join(back.as_str()).unwrap();
                    prop_assert_eq!(reached.origin(), base.origin());
                    prop_assert!(!reached.path().contains("//"));
                    prop_assert_eq!(Some(reached.path()), text.split('?').next());
                }
            }
        }

        #[test]
        fn the_way_back_survives_the_parameter_byte_for_byte(query in "[!$-\\[\\]-~]{0,200}") {
            let back = ReturnPath::parse(&format!("/oauth/authorize?{query}")).unwrap();
            let address = Url::parse("https://site.example").unwrap().join(&back.append_to("/oauth/sign-in")).unwrap();
            let (_, carried) = address.query_pairs().find(|(name, _)| name == "return").unwrap();
            prop_assert_eq!(carried, back.as_str());
        }
    }
}
