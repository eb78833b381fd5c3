//! Telling a write by our own page from one that another site's page makes with the user's cookie (CSRF).

use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use url::{Position, Url};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Names of the user's own computer, as a browser writes them. No other site can have them.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Scheme and authority of the pages that may write with a session cookie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SiteOrigin {
    scheme: String,
    host: String,
    authority: String,
}

impl SiteOrigin {
    /// The origin of a URL; `None` when it has none.
    pub fn of(url: &Url) -> Option<Self> {
        url.has_host().then(|| Self {
            scheme: url.scheme().to_owned(),
            host: url[Position::BeforeHost..Position::AfterHost].to_owned(),
            authority: url[Position::BeforeHost..Position::AfterPort].to_owned(),
        })
    }

    /// Whether the browser says that the request comes from a page of this site. `Origin` and `Sec-Fetch-Site` must not
    /// contradict that, and one of them must be there: a client that sends neither is no browser and has no business with a
    /// session cookie.
    ///
    /// `Origin: null` is what browsers send if a proxy has added `Referrer-Policy: no-referrer`. It says nothing, so that
    /// `Sec-Fetch-Site` has to. Browsers send that one to https and loopback addresses only, which another site's name cannot
    /// be made to lead to (DNS rebinding).
    pub fn is_same_origin(&self, headers: &HeaderMap) -> bool {
        let fetched_from_here = match only(headers, &SEC_FETCH_SITE) {
            Sent::Once("same-origin") => true,
            Sent::Never => false,
            Sent::Once(_) | Sent::Unclear => return false,
        };
        match only(headers, &ORIGIN) {
            Sent::Once("null") | Sent::Never => fetched_from_here,
            Sent::Once(origin) => self.is_own(origin, headers),
            Sent::Unclear => false,
        }
    }

    /// Whether an `Origin` is the issuer's, or that of the `Host` to which the request was sent, if that is the issuer's host or
    /// a loopback name with another port. The scheme is the issuer's in any case, so that a page over plain http cannot write
    /// to an https site.
    fn is_own(&self, origin: &str, headers: &HeaderMap) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else {
            return false;
        };
        if scheme != self.scheme {
            return false;
        }
        let is_host = || matches!(only(headers, &HOST), Sent::Once(host) if host.eq_ignore_ascii_case(authority));
        authority == self.authority || (self.has_own_name(authority) && is_host())
    }

    fn has_own_name(&self, authority: &str) -> bool {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        host == self.host || LOOPBACK.contains(&host)
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
        for own in ["localhost:8787", "localhost", "127.0.0.1:9000", "[::1]:8787"] {
            let origin = format!("http://{own}");
            assert!(
                judge("http://127.0.0.1:8787", &[("origin", &origin), ("host", own)]),
                "{own}"
            );
        }
        assert!(judge(
            "http://bi.example.com:8787",
            &[("origin", "http://bi.example.com"), ("host", "bi.example.com")]
        ));
        assert!(judge(ISSUER, &[("origin", "null"), ("sec-fetch-site", "same-origin")]));
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
    fn name_that_leads_here_by_dns_rebinding_may_not_write() {
        for issuer in ["http://127.0.0.1:8787", "http://bi.example.com:8787"] {
            for name in [
                "evil.example:8787",
                "evil.example",
                "bi.example.com.evil.example",
                "127.0.0.2:8787",
            ] {
                let origin = format!("http://{name}");
                assert!(
                    !judge(issuer, &[("origin", &origin), ("host", name)]),
                    "{issuer} {name}"
                );
            }
        }
    }

    #[test]
    fn null_origin_needs_the_browsers_word() {
        assert!(!judge(ISSUER, &[("origin", "null")]));
        assert!(!judge(ISSUER, &[("origin", "null"), ("host", "null")]));
        for site in ["cross-site", "same-site", "none", "null"] {
            assert!(
                !judge(ISSUER, &[("origin", "null"), ("sec-fetch-site", site)]),
                "{site}"
            );
        }
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
