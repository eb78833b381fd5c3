//! A session cookie's value, as far as it is fit to be asked about.

use informer_oauth_domain::secret::{Digest, Secret};

use crate::settings::fits_a_segment;

/// The longest value that is asked about, in bytes: the most that browsers keep of a cookie (RFC 6265 §6.1).
const LIMIT: usize = 4096;

/// A value that cannot end a header, a path's segment or the cookie itself.
#[derive(Clone)]
pub(crate) struct Sid(Secret);

impl Sid {
    /// `None` for a value that no server can have set (RFC 6265 §4.1.1: visible ASCII without quotes, commas, semicolons and
    /// backslashes), or that would lead to another path: nobody is asked about it.
    pub(crate) fn parse(cookie: &Secret) -> Option<Self> {
        let text = cookie.expose();
        let octets = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte));
        (octets && text.len() <= LIMIT && fits_a_segment(text)).then(|| Self(cookie.clone()))
    }

    /// The value, for the request to Informer.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// How what was heard of the session is found again.
    pub(crate) fn key(&self) -> Digest {
        self.labelled("informer-session")
    }

    /// What forms of the session are bound to. It cannot be told from [`Sid::key`], nor from the cookie's plain digest.
    pub(crate) fn form_digest(&self) -> Digest {
        self.labelled("informer-form")
    }

    fn labelled(&self, label: &str) -> Digest {
        let labelled = Secret::new(format!("{label}:{}", self.0.expose()));
        Digest::of(labelled.expose())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Sid> {
        Sid::parse(&Secret::new(text.to_owned()))
    }

    #[test]
    fn what_could_end_a_header_a_path_or_the_cookie_is_no_session() {
        for good in [
            "0199c2d4-1111-7abc-8def-0123456789ab",
            "s%3Aabc.def/ghi+jkl==",
            "a/../b?c#d{e}",
            "...",
            &"x".repeat(LIMIT),
        ] {
            assert_eq!(parse(good).unwrap().expose(), good);
        }
        for bad in [
            "",
            ".",
            "..",
            "a b",
            "a\r\nX-Informer-User: admin",
            "a\nb",
            "a\0",
            "a\u{7f}",
            "a;admin=1",
            "a,b",
            "\"a\"",
            "a\\b",
            "ä",
            &"x".repeat(LIMIT + 1),
        ] {
            assert!(parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn no_two_digests_of_a_cookie_are_the_same() {
        let sid = parse("abc").unwrap();
        let digests = [sid.key(), sid.form_digest(), Digest::of("abc")];
        assert!(digests[0] != digests[1] && digests[0] != digests[2] && digests[1] != digests[2]);
        assert_ne!(sid.key(), parse("abd").unwrap().key());
    }
}
