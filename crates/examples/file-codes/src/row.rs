//! A code as it stands in its file: JSON, with names of its own, so that the domain's can change without it.

use std::{fmt::Display, path::Path};

use informer_oauth_domain::{
    code::AuthorizationCode, pkce::CodeChallenge, resource::Resource, secret::Digest, timestamp::Timestamp,
};
use informer_oauth_ports::StoreError;
use serde::{Deserialize, Serialize};

use crate::STORE;

#[derive(Serialize, Deserialize)]
struct CodeRow {
    digest: [u8; 32],
    client: String,
    client_id: String,
    redirect_uri: String,
    redirect_uri_sent: bool,
    challenge: Option<String>,
    username: String,
    scope: String,
    audience: String,
    token_record: String,
    issued_at: i64,
    expires_at: i64,
}

pub(crate) fn to_bytes(code: &AuthorizationCode) -> Vec<u8> {
    let row = CodeRow {
        digest: *code.digest.as_bytes(),
        client: code.client.to_string(),
        client_id: code.client_id.to_string(),
        redirect_uri: code.redirect_uri.clone(),
        redirect_uri_sent: code.redirect_uri_sent,
        challenge: code.challenge.as_ref().map(|challenge| challenge.as_str().to_owned()),
        username: code.username.clone(),
        scope: code.scope.to_string(),
        audience: code.audience.to_string(),
        token_record: code.token_record.to_string(),
        issued_at: code.issued_at.as_micros(),
        expires_at: code.expires_at.as_micros(),
    };
    serde_json::to_vec(&row).expect("text, numbers and booleans are always JSON")
}

pub(crate) fn from_bytes(path: &Path, bytes: &[u8]) -> Result<AuthorizationCode, StoreError> {
    let row: CodeRow = serde_json::from_slice(bytes).map_err(|error| corrupt(path, error))?;
    let challenge = row.challenge.map(|text| CodeChallenge::parse(&text)).transpose();
    Ok(AuthorizationCode {
        digest: Digest::from_bytes(row.digest),
        client: row.client.parse().map_err(|error| corrupt(path, error))?,
        client_id: row.client_id.parse().map_err(|error| corrupt(path, error))?,
        redirect_uri: row.redirect_uri,
        redirect_uri_sent: row.redirect_uri_sent,
        challenge: challenge.map_err(|error| corrupt(path, error))?,
        username: row.username,
        scope: row.scope.parse().map_err(|error| corrupt(path, error))?,
        audience: Resource::parse(&row.audience).map_err(|error| corrupt(path, error))?,
        token_record: row.token_record.parse().map_err(|error| corrupt(path, error))?,
        issued_at: Timestamp::from_micros(row.issued_at),
        expires_at: Timestamp::from_micros(row.expires_at),
    })
}

fn corrupt(path: &Path, error: impl Display) -> StoreError {
    StoreError::corrupt(STORE, "authorization code", format_args!("{}: {error}", path.display()))
}
