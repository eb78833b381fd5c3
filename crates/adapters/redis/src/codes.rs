//! Authorization codes.

use std::sync::LazyLock;

use async_trait::async_trait;
use informer_oauth_domain::{
    code::{AuthorizationCode, CodeMismatch, CodePresentation, CodeRedemption, REPLAY_MEMORY},
    pkce::CodeChallenge,
    resource::Resource,
    secret::Digest,
    timestamp::Timestamp,
};
use informer_oauth_ports::{CodeStore, StoreError};
use redis::{Value, cmd};
use serde::{Deserialize, Serialize};

use crate::{Redis, call::Body, failure::corrupt, keys::time_to_live};

const CODE: &str = "authorization code";

/// Before the JSON of a code that was not used yet; the script knows both marks.
const LIVE: &str = "l";

static REDEEM: LazyLock<Body> = LazyLock::new(|| Body::new(include_str!("scripts/redeem_code.lua")));

/// A code as it is kept, but for its digest, which is its key. The script reads some of these names.
#[derive(Serialize, Deserialize)]
struct CodeRow {
    client: String,
    client_id: String,
    redirect_uri: String,
    redirect_uri_sent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    challenge: Option<String>,
    username: String,
    scope: String,
    audience: String,
    token_record: String,
    issued_at: i64,
    expires_at: i64,
}

impl From<&AuthorizationCode> for CodeRow {
    fn from(code: &AuthorizationCode) -> Self {
        Self {
            client: code.client.to_string(),
            client_id: code.client_id.to_string(),
            redirect_uri: code.redirect_uri.clone(),
            redirect_uri_sent: code.redirect_uri_sent,
            challenge: code.challenge.as_ref().map(|challenge| challenge.as_str().to_owned()),
            username: code.username.clone(),
            scope: code.scope.to_string(),
            audience: code.audience.as_str().to_owned(),
            token_record: code.token_record.to_string(),
            issued_at: code.issued_at.as_micros(),
            expires_at: code.expires_at.as_micros(),
        }
    }
}

impl CodeRow {
    fn code(self, digest: Digest) -> Result<AuthorizationCode, StoreError> {
        let challenge = self.challenge.map(|text| CodeChallenge::parse(&text)).transpose();
        Ok(AuthorizationCode {
            digest,
            client: self.client.parse().map_err(|error| corrupt(CODE, error))?,
            client_id: self.client_id.parse().map_err(|error| corrupt(CODE, error))?,
            redirect_uri: self.redirect_uri,
            redirect_uri_sent: self.redirect_uri_sent,
            challenge: challenge.map_err(|error| corrupt(CODE, error))?,
            username: self.username,
            scope: self.scope.parse().map_err(|error| corrupt(CODE, error))?,
            audience: Resource::parse(&self.audience).map_err(|error| corrupt(CODE, error))?,
            token_record: self.token_record.parse().map_err(|error| corrupt(CODE, error))?,
            issued_at: Timestamp::from_micros(self.issued_at),
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

#[async_trait]
impl CodeStore for Redis {
    async fn insert(&self, code: &AuthorizationCode) -> Result<(), StoreError> {
        let row = serde_json::to_string(&CodeRow::from(code)).map_err(|error| corrupt(CODE, error))?;
        let mut command = cmd("SET");
        command
            .arg(self.keys.code(&code.digest))
            .arg(format!("{LIVE}{row}"))
            .arg("PX")
            .arg(time_to_live(code.expires_at.since(code.issued_at) + REPLAY_MEMORY));
        self.ask::<Value>("CodeStore.insert", CODE, command).await.map(drop)
    }

    async fn redeem(
        &self,
        digest: &Digest,
        presented: &CodePresentation,
        now: Timestamp,
    ) -> Result<CodeRedemption, StoreError> {
        let given = |text: Option<&str>| text.map(|text| format!("={text}")).unwrap_or_default();
        let answer: Vec<Vec<u8>> = self
            .run(
                "CodeStore.redeem",
                CODE,
                &REDEEM,
                &[&self.keys.code(digest)],
                &[
                    &now.as_micros().to_string(),
                    &REPLAY_MEMORY.as_micros().to_string(),
                    &presented.client.to_string(),
                    &given(presented.redirect_uri.as_deref()),
                    &given(presented.challenge.as_ref().map(CodeChallenge::as_str)),
                    &given(presented.resource.as_deref()),
                ],
            )
            .await?;
        let kept = |marked: &[u8]| {
            let row = marked.get(LIVE.len()..).unwrap_or_default();
            let row: CodeRow = serde_json::from_slice(row).map_err(|error| corrupt(CODE, error))?;
            row.code(*digest)
        };
        let refused = |mismatch| Ok(CodeRedemption::Refused(mismatch));
        let answer: Vec<&[u8]> = answer.iter().map(Vec::as_slice).collect();
        match answer.as_slice() {
            [b"redeemed", marked] => Ok(CodeRedemption::Redeemed(kept(marked)?)),
            [b"replayed", marked] => Ok(CodeRedemption::Replayed(kept(marked)?)),
            [b"unknown"] => Ok(CodeRedemption::Unknown),
            [b"client"] => refused(CodeMismatch::Client),
            [b"expired"] => refused(CodeMismatch::Expired),
            [b"redirect_uri"] => refused(CodeMismatch::RedirectUri),
            [b"challenge"] => refused(CodeMismatch::Verifier),
            [b"resource"] => refused(CodeMismatch::Resource),
            _ => Err(corrupt(CODE, "no answer of the script")),
        }
    }

    /// Redis forgets codes by itself.
    async fn purge(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }
}
