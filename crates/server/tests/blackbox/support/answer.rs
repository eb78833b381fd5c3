//! What came back, and what may be demanded of it.

use serde_json::Value;
use url::Url;

use super::find_null;

/// An answer with the request that it answers, so that a failed demand says what was asked.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// `GET /path`
    pub(crate) asked: String,
    /// The absolute address that was asked.
    pub(crate) url: String,
    pub(crate) status: u16,
    /// Names in lower case, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// Demands a status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Demands a header's exact value.
    #[track_caller]
    pub(crate) fn with_header(self, name: &str, value: &str) -> Self {
        assert_eq!(self.header(name), Some(value), "{name} of {self}");
        self
    }

    /// Demands a successful answer of the OAuth family: JSON without a single null.
    #[track_caller]
    pub(crate) fn oauth_json(&self) -> Value {
        assert_eq!(self.status, 200, "{self}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self}");
        let value = self.json();
        assert_eq!(find_null(&value), None, "{self}");
        value
    }

    /// Demands an error of the OAuth family: exactly RFC 6749 §5.2's two members, and `no-store`.
    #[track_caller]
    pub(crate) fn oauth_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self}");
        let value = self.json();
        assert_eq!(value["error"], code, "{self}");
        assert_eq!(super::members(&value), ["error", "error_description"], "{self}");
        assert!(
            value["error_description"].as_str().is_some_and(|text| !text.is_empty()),
            "{self}"
        );
    }

    /// Demands an error of the Informer API: status, its words, a message, and no more but `validation` on 400.
    #[track_caller]
    pub(crate) fn api_error(&self, status: u16, words: &str) -> Value {
        assert_eq!(self.status, status, "{self}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self}");
        let value = self.json();
        assert_eq!(value["statusCode"], status, "{self}");
        assert_eq!(value["error"], words, "{self}");
        assert!(value["message"].as_str().is_some_and(|text| !text.is_empty()), "{self}");
        let expected: &[&str] = if status == 400 {
            &["error", "message", "statusCode", "validation"]
        } else {
            &["error", "message", "statusCode"]
        };
        assert_eq!(super::members(&value), expected, "{self}");
        value
    }

    /// Demands a 400 of the Informer API that blames this field.
    #[track_caller]
    pub(crate) fn blames(&self, source: &str, key: &str) {
        let value = self.api_error(400, "Bad Request");
        assert_eq!(value["validation"]["source"], source, "{self}");
        assert_eq!(value["validation"]["keys"], serde_json::json!([key]), "{self}");
    }

    /// Demands an error page: 400, HTML, no redirect, and nothing of `reflected` unescaped.
    #[track_caller]
    pub(crate) fn is_error_page(&self, reflected: &[&str]) {
        assert_eq!(self.status, 400, "{self}");
        assert_eq!(self.header("location"), None, "{self}");
        assert!(
            self.header("content-type")
                .is_some_and(|kind| kind.starts_with("text/html")),
            "{self}"
        );
        assert!(self.header("refresh").is_none(), "{self}");
        let text = self.text();
        for part in reflected {
            assert!(!text.contains(part), "{part:?} came back in {self}");
        }
    }

    /// Demands a redirect and gives its target, resolved as a browser would.
    #[track_caller]
    pub(crate) fn location(&self) -> Url {
        assert!(matches!(self.status, 302 | 303), "{self}");
        let targets = self.headers("location");
        assert_eq!(targets.len(), 1, "{self}");
        Url::parse(&self.url)
            .and_then(|base| base.join(targets[0]))
            .unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The parameters of the redirect's query.
    #[track_caller]
    pub(crate) fn redirected(&self) -> Redirected {
        Redirected(self.location())
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: String = self.text().chars().take(1500).collect();
        write!(f, "{} -> {} {:?}\n{text}", self.asked, self.status, self.headers)
    }
}

/// Where the browser was sent with the authorization endpoint's answer.
#[derive(Clone, Debug)]
pub(crate) struct Redirected(pub(crate) Url);

impl Redirected {
    /// A parameter that must not be there twice.
    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let mut found = self.0.query_pairs().filter(|(key, _)| key == name);
        let value = found.next().map(|(_, value)| value.into_owned());
        assert!(found.next().is_none(), "{name} is repeated in {}", self.0);
        value
    }

    /// Demands an error of RFC 6749 §4.1.2.1 with `state` and `iss` (RFC 9207), and no code.
    #[track_caller]
    pub(crate) fn is_error(&self, code: &str, state: Option<&str>, issuer: &str) {
        assert_eq!(self.get("error").as_deref(), Some(code), "{}", self.0);
        assert_eq!(self.get("state").as_deref(), state, "{}", self.0);
        assert_eq!(self.get("iss").as_deref(), Some(issuer), "{}", self.0);
        assert_eq!(self.get("code"), None, "{}", self.0);
    }

    /// The code.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.get("error"), None, "{}", self.0);
        self.get("code").unwrap_or_else(|| panic!("no code in {}", self.0))
    }
}
