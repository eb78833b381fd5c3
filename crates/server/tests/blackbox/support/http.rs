//! Requests, sent by an ordinary HTTP client that follows nothing and keeps nothing.

use std::{net::IpAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::Answer;

/// A request to be sent, to the service or as bytes over a socket.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// A path with a query, or an absolute address.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: impl Into<String>) -> Self {
        Self::new("POST", target)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// HTTP Basic with both parts form-encoded first (RFC 6749 §2.3.1).
    pub(crate) fn basic(self, id: &str, secret: &str) -> Self {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        self.raw_basic(&encode(id), &encode(secret))
    }

    /// HTTP Basic as most libraries send it.
    pub(crate) fn raw_basic(self, id: &str, secret: &str) -> Self {
        let credentials = STANDARD.encode(format!("{id}:{secret}"));
        self.header("Authorization", &format!("Basic {credentials}"))
    }

    pub(crate) fn form<K: AsRef<str>, V: AsRef<str>>(self, pairs: &[(K, V)]) -> Self {
        self.body("application/x-www-form-urlencoded", form_encoded(pairs))
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    pub(crate) fn body(self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let mut request = self.header("Content-Type", content_type);
        request.body = bytes.into();
        request
    }

    pub(crate) fn untyped_body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self
    }

    pub(crate) fn describe(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

/// `a=1&b=2`
pub(crate) fn form_encoded<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// An HTTP client for one service.
#[derive(Clone)]
pub(crate) struct Http {
    base: Url,
    client: reqwest::blocking::Client,
}

impl Http {
    pub(crate) fn to(base: &str) -> Self {
        Self::build(base, None)
    }

    /// From another address of this computer: `127.0.0.2` and so on.
    pub(crate) fn from_address(base: &str, address: [u8; 4]) -> Self {
        Self::build(base, Some(IpAddr::from(address)))
    }

    fn build(base: &str, address: Option<IpAddr>) -> Self {
        let client = reqwest::blocking::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .local_address(address)
            .build()
            .unwrap();
        Self {
            base: Url::parse(base).unwrap(),
            client,
        }
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Sends a request; panics when there is no answer.
    #[track_caller]
    pub(crate) fn send(&self, request: Request) -> Answer {
        let asked = request.describe();
        self.try_send(request)
            .unwrap_or_else(|error| panic!("{asked}: {error:?}"))
    }

    /// Sends a request.
    pub(crate) fn try_send(&self, request: Request) -> Result<Answer, reqwest::Error> {
        let asked = request.describe();
        let url = self.base.join(&request.target).unwrap();
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap();
        let mut sent = self.client.request(method, url.clone());
        for (name, value) in &request.headers {
            sent = sent.header(name, value.as_bytes());
        }
        if !request.body.is_empty() {
            sent = sent.body(request.body);
        }
        let answer = sent.send()?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let body = answer.bytes()?.to_vec();
        Ok(Answer {
            asked,
            url: url.into(),
            status,
            headers,
            body,
        })
    }

    #[track_caller]
    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send(Request::get(target))
    }
}
