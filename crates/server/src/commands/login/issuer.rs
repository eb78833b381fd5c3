//! The service that is signed in to, as any client finds it (RFC 8414) and asks it.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;
use url::{Url, form_urlencoded};

use crate::{commands::doctor::metadata, outbound, output::plain};

/// An issuer and its endpoints.
pub(super) struct Issuer {
    name: String,
    pub(super) token_endpoint: Url,
    device_authorization_endpoint: Option<Url>,
    authorization_endpoint: Option<Url>,
    /// Whether it names itself in every answer that a browser brings (RFC 9207 §3).
    pub(super) names_itself: bool,
}

impl Issuer {
    /// Asks for its metadata, which must name it byte for byte.
    pub(super) async fn discover(name: String) -> anyhow::Result<Self> {
        let asked = name.clone();
        let (_, metadata) = spawn_blocking(move || metadata::read(&asked)).await??;
        let endpoint = |member: &str| -> anyhow::Result<Option<Url>> {
            let Some(address) = metadata.get(member).and_then(Value::as_str) else {
                return Ok(None);
            };
            let url = Url::parse(address).with_context(|| format!("{name}: {member} is no address"))?;
            if matches!(url.scheme(), "http" | "https") {
                Ok(Some(url))
            } else {
                bail!("{name}: {member} is no web address")
            }
        };
        Ok(Self {
            token_endpoint: endpoint("token_endpoint")?.with_context(|| format!("{name} has no token endpoint"))?,
            device_authorization_endpoint: endpoint("device_authorization_endpoint")?,
            authorization_endpoint: endpoint("authorization_endpoint")?,
            names_itself: metadata["authorization_response_iss_parameter_supported"] == true,
            name,
        })
    }

    /// Its `issuer`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where devices ask.
    pub(super) fn for_devices(&self) -> anyhow::Result<&Url> {
        let found = self.device_authorization_endpoint.as_ref();
        found.with_context(|| format!("{} has no device flow; try --loopback", self.name))
    }

    /// Where browsers are sent.
    pub(super) fn for_browsers(&self) -> anyhow::Result<&Url> {
        let found = self.authorization_endpoint.as_ref();
        found.with_context(|| format!("{} has no authorization endpoint; try without --loopback", self.name))
    }
}

/// What an endpoint says.
pub(super) enum Reply {
    /// What was asked for.
    Granted(Map<String, Value>),
    /// An error of the protocol (RFC 6749 §5.2).
    Refused { error: String, description: String },
    /// Not now.
    Later(Option<Duration>),
    /// Nothing: it was not reached.
    Away(anyhow::Error),
}

impl Reply {
    /// What was asked for, or why not.
    pub(super) fn granted(self, url: &Url) -> anyhow::Result<Map<String, Value>> {
        match self {
            Self::Granted(answer) => Ok(answer),
            Self::Refused { error, description } => bail!("{}", refusal(&error, &description)),
            Self::Away(error) => Err(error),
            Self::Later(_) => bail!("{url} is busy or being looked after; try again shortly"),
        }
    }
}

/// A refusal in words that cannot do anything to a terminal.
pub(super) fn refusal(error: &str, description: &str) -> String {
    let description = if description.is_empty() {
        String::new()
    } else {
        format!(": {}", plain(description))
    };
    format!("refused with {}{description}", plain(error))
}

/// Posts a form.
pub(super) async fn post(url: &Url, fields: &[(&str, &str)]) -> anyhow::Result<Reply> {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let (to, headers) = (
        url.clone(),
        [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept", "application/json"),
        ],
    );
    let answer = spawn_blocking(move || outbound::send(&to, "POST", &headers, form.as_bytes())).await?;
    let answer = match answer.with_context(|| format!("{url} does not answer")) {
        Ok(answer) => answer,
        Err(error) => return Ok(Reply::Away(error)),
    };
    if answer.status == 429 || answer.status >= 500 {
        return Ok(Reply::Later(answer.retry_after()));
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(&answer.body) else {
        bail!("{url} answers {} and no JSON object", answer.status);
    };
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    match text("error") {
        Some(error) => Ok(Reply::Refused {
            error,
            description: text("error_description").unwrap_or_default(),
        }),
        None if answer.status == 200 => Ok(Reply::Granted(members)),
        None => bail!("{url} answers {} without saying why", answer.status),
    }
}

/// The token endpoint's answer (RFC 6749 §5.1), whole.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Tokens(Map<String, Value>);

impl Tokens {
    /// Checks that there is a bearer token in it.
    pub(super) fn read(answer: Map<String, Value>) -> anyhow::Result<Self> {
        let tokens = Self(answer);
        let kind = tokens.text("token_type").unwrap_or_default();
        if !kind.eq_ignore_ascii_case("bearer") {
            bail!("the token that came is no bearer token but {kind:?}");
        }
        if tokens.access_token().is_empty() || tokens.access_token().chars().any(|c| !c.is_ascii_graphic()) {
            bail!("no access token came");
        }
        Ok(tokens)
    }

    /// The token.
    pub(super) fn access_token(&self) -> &str {
        self.text("access_token").unwrap_or_default()
    }

    /// A member that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// How long it is good for, in seconds; `None` of one that does not expire.
    pub(super) fn expires_in(&self) -> Option<u64> {
        self.0.get("expires_in").and_then(Value::as_u64)
    }
}
