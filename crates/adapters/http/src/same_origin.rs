//! Telling a write by our own page from one that another site's page makes with the user's cookie (CSRF).

use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use url::{Position, Url};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Scheme and authority of the pages that may write with a session cookie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SiteOrigin {
    scheme: String,
    authority: String,
}

impl SiteOrigin {
    /// The origin of a URL; `None` when it has none.
    pub fn of(url: &Url) -> Option<Self> {
        url.has_host().then(|| Self {
            scheme: url.scheme().to_owned(),
            authority: url[Position::BeforeHost..Position::AfterPort].to_owned(),
        })
    }

    /// Whether the browser says that the request comes from a page of this site. Each of `Origin` and `Sec-Fetch-Site`
    /// that is there must agree, and one must be there: a client that sends neither is no browser and has no business
    /// with a session cookie. The page may also be of the `Host` that the request was sent to, which a page cannot choose;
    /// the scheme is the issuer's in any case, so that a page over plain http cannot write to an https site.
    pub fn is_same_origin(&self, headers: &HeaderMap) -> bool {
        let origin = match only(headers, &ORIGIN) {
            Sent::Once(origin) => Some(self.matches(origin, headers)),
            Sent::Never => None,
            Sent::Unclear => Some(false),
        };
        let fetch_site = match only(headers, &SEC_FETCH_SITE) {
            Sent::Once(site) => Some(site == "same-origin"),
            Sent::Never => None,
            Sent::Unclear => Some(false),
        };
        match (origin, fetch_site) {
            (None, None) => false,
            (origin, fetch_site) => origin.unwrap_or(true) && fetch_site.unwrap_or(true),
        }
    }

    fn matches(&self, origin: &str, headers: &HeaderMap) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else {
            return false;
        };
        if scheme != self.scheme {
            return false;
        }
        let is_host = || matches!(only(headers, &HOST), Sent::Once(host) if host.eq_ignore_ascii_case(authority));
        authority == self.authority || is_host()
    }
}

enum Sent<'a> {
    Never,
    Once(&'a str),
    /// Repeated, or not text.
    Unclear,
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Sent<'a> {
    let mut values = headers.get_all(name);
    match (values.next(), values.next()) {
        (None, _) => Sent::Never,
        (Some(value), None) => value.to_str().map_or(Sent::Unclear, Sent::Once),
        (Some(_), Some(_)) => Sent::Unclear,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn judge(issuer: &str, sent: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(name.parse().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        SiteOrigin::of(&Url::parse(issuer).unwrap())
            .unwrap()
            .is_same_origin(&headers)
    }

    const ISSUER: &str = "https://bi.example.com/oauth";

    #[test]
    fn our_own_page_may_write() {
        assert!(judge(ISSUER, &[("origin", "https://bi.example.com")]));
        assert!(judge(ISSUER, &[("sec-fetch-site", "same-origin")]));
        assert!(judge(
            ISSUER,
            &[("origin", "https://bi.example.com"), ("sec-fetch-site", "same-origin")]
        ));
        assert!(judge(
            "http://127.0.0.1:8787",
            &[("origin", "http://localhost:8787"), ("host", "localhost:8787")]
        ));
    }

    #[test]
    fn every_other_page_may_not() {
        for origin in [
            "https://evil.example",
            "null",
            "http://bi.example.com",
            "https://bi.example.com:8443",
            "https://bi.example.com.evil.example",
            "",
        ] {
            assert!(
                !judge(ISSUER, &[("origin", origin), ("host", "bi.example.com")]),
                "{origin}"
            );
        }
        for site in ["cross-site", "same-site", "none"] {
            assert!(!judge(ISSUER, &[("sec-fetch-site", site)]), "{site}");
            assert!(
                !judge(
                    ISSUER,
                    &[("sec-fetch-site", site), ("origin", "https://bi.example.com")]
                ),
                "{site}"
            );
        }
        assert!(!judge(
            ISSUER,
            &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")]
        ));
    }

    #[test]
    fn silence_and_repetition_are_refused() {
        assert!(!judge(ISSUER, &[]));
        assert!(!judge(
            ISSUER,
            &[("origin", "https://bi.example.com"), ("origin", "https://evil.example")]
        ));
        assert!(!judge(
            ISSUER,
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")]
        ));
    }
}
