//! The code flow as a client sees it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Request, form_encoded};

/// A code verifier that is different for every number.
pub(crate) fn verifier(number: u32) -> String {
    format!("verifier-{number:0>43}")
}

/// S256 (RFC 7636 §4.2).
pub(crate) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// A registered client, as its own developer knows it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "the RFC's word is `client_id`")]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) secret: Option<String>,
    pub(crate) redirect_uri: String,
}

impl Client {
    /// The client with another secret.
    pub(crate) fn with_secret(&self, secret: &str) -> Self {
        Self {
            secret: Some(secret.into()),
            ..self.clone()
        }
    }

    /// A request to the token endpoint, authenticated in the client's own way: Basic, or its id alone.
    pub(crate) fn post<K: AsRef<str>, V: AsRef<str>>(&self, path: &str, pairs: &[(K, V)]) -> Request {
        let mut sent: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned()))
            .collect();
        if let Some(secret) = &self.secret {
            return Request::post(path).basic(&self.client_id, secret).form(&sent);
        }
        sent.push(("client_id".into(), self.client_id.clone()));
        Request::post(path).form(&sent)
    }

    /// The redemption of a code.
    pub(crate) fn redemption(&self, code: &Code) -> Request {
        self.post("/oauth/token", &code.pairs())
    }

    /// A refresh.
    pub(crate) fn refreshment(&self, refresh_token: &str) -> Request {
        self.post(
            "/oauth/token",
            &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)],
        )
    }
}

/// An authorization request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) pairs: Vec<(String, String)>,
    pub(crate) verifier: Option<String>,
}

impl Ask {
    /// A good request of a client: state, PKCE, its redirect URI, and the scope that it gets by default.
    pub(crate) fn of(client: &Client) -> Self {
        let verifier = verifier(1);
        let pairs = [
            ("response_type", "code"),
            ("client_id", &client.client_id),
            ("redirect_uri", &client.redirect_uri),
            ("state", "a state"),
            ("code_challenge", &challenge_of(&verifier)),
            ("code_challenge_method", "S256"),
        ];
        Self {
            pairs: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            verifier: Some(verifier),
        }
    }

    /// Without PKCE.
    pub(crate) fn plainly_of(client: &Client) -> Self {
        let mut ask = Self::of(client)
            .without("code_challenge")
            .without("code_challenge_method");
        ask.verifier = None;
        ask
    }

    /// Sets a parameter.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// Adds a parameter, also where it is there already.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.pairs.push((name.into(), value.into()));
        self
    }

    /// Leaves a parameter out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// `/oauth/authorize?…`
    pub(crate) fn page(&self) -> String {
        format!("/oauth/authorize?{}", form_encoded(&self.pairs))
    }

    /// `/api/oauth/authorize?…`
    pub(crate) fn api(&self) -> String {
        format!("/api/oauth/authorize?{}", form_encoded(&self.pairs))
    }

    /// The decision as JSON.
    pub(crate) fn decision(&self, approve: bool) -> Value {
        let mut value = json!({ "approve": approve });
        for (name, text) in &self.pairs {
            value[name] = json!(text);
        }
        value
    }
}

/// An authorization code and what its redemption needs.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "the RFC's word is `code`")]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) verifier: Option<String>,
}

impl Code {
    /// The parameters of the token request.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", self.code.clone()),
        ];
        pairs.extend(self.redirect_uri.clone().map(|uri| ("redirect_uri", uri)));
        pairs.extend(self.verifier.clone().map(|verifier| ("code_verifier", verifier)));
        pairs
    }
}

/// The token endpoint's answer.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) answer: Value,
}

impl Tokens {
    #[track_caller]
    pub(crate) fn read(answer: Value) -> Self {
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        Self {
            access: text("access_token").unwrap_or_else(|| panic!("{answer}")),
            refresh: text("refresh_token"),
            answer,
        }
    }

    #[track_caller]
    pub(crate) fn refresh(&self) -> &str {
        self.refresh.as_deref().expect("the grant has a refresh token")
    }
}
