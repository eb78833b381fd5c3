//! What clients, secrets, token records, events and templates look like on the wire.

use std::collections::BTreeMap;

use informer_oauth_application::manage::CreatedSecret;
use informer_oauth_domain::{
    audit::AuditEvent,
    client::{Client, ClientDraft},
    client_secret::ClientSecret,
    id::ClientUid,
    scope::ScopeSet,
    timestamp::Timestamp,
    token_record::TokenRecord,
};
use informer_oauth_web::hal::{Link, Links};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

mod templates;

pub(crate) use templates::Templates;

/// Where the clients are, below the issuer's path.
pub(crate) const CLIENTS: &str = "/api/oauth-clients";

/// RFC 3339, UTC, milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

fn names(scope: ScopeSet) -> Vec<&'static str> {
    scope.iter().map(informer_oauth_domain::scope::Scope::as_str).collect()
}

/// The path of a client, after the issuer's own path.
pub(crate) fn client_path(base: &str, client: ClientUid) -> String {
    format!("{base}{CLIENTS}/{client}")
}

/// A registered client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientBody {
    /// `self`, `inf:secrets`, `inf:icon`, `inf:tokens`, `inf:events`.
    #[serde(rename = "_links")]
    links: BTreeMap<&'static str, Link>,
    /// The record's id, a UUID.
    id: String,
    /// The public id (RFC 6749 §2.2), 20 hex characters.
    #[serde(rename = "client_id")]
    client_id: String,
    #[serde(flatten)]
    fields: ClientDraft,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// Who registered it.
    created_by: String,
    /// Where it came from: `admin`, `template` or `dynamic`.
    source: &'static str,
}

impl ClientBody {
    pub(crate) fn new(base: &str, client: Client) -> Self {
        let path = client_path(base, client.uid);
        let below = |name: &str| Link::to(format!("{path}/{name}"));
        let links = Links::from([
            ("self", Link::to(path.clone())),
            ("inf:secrets", below("secrets")),
            ("inf:icon", below("icon")),
            ("inf:tokens", below("tokens")),
            ("inf:events", below("events")),
        ]);
        Self {
            links,
            id: client.uid.to_string(),
            client_id: client.client_id.to_string(),
            fields: client.profile.to_draft(),
            created_at: Time(client.created_at),
            updated_at: Time(client.updated_at),
            created_by: client.created_by,
            source: client.source.as_str(),
        }
    }
}

/// A client as every user may see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedClient {
    /// The record's id, a UUID.
    id: String,
    /// The public id, 20 hex characters.
    #[serde(rename = "client_id")]
    client_id: String,
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// Its home page.
    url: Option<String>,
    /// Where its picture is.
    icon_url: String,
    /// Whether it may do anything at all.
    enabled: bool,
}

impl ListedClient {
    pub(crate) fn new(base: &str, client: Client) -> Self {
        Self {
            id: client.uid.to_string(),
            client_id: client.client_id.to_string(),
            name: client.profile.name,
            description: client.profile.description,
            url: client.profile.url,
            icon_url: format!("{}/icon", client_path(base, client.uid)),
            enabled: client.profile.enabled,
        }
    }
}

/// A client secret, without its text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretBody {
    /// `self`.
    #[serde(rename = "_links")]
    links: BTreeMap<&'static str, Link>,
    /// Its id, a UUID.
    id: String,
    /// `*****` and the last eight characters.
    hint: String,
    /// What people call it; `null` is nothing.
    label: Option<String>,
    /// When it last authenticated its client, to the minute or so.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Time>,
    /// From when on it is refused; `null` is never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
    /// The client it belongs to.
    oauth_client_id: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When its deadline last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl SecretBody {
    pub(crate) fn new(base: &str, secret: ClientSecret) -> Self {
        Self {
            links: Links::from([(
                "self",
                Link::to(format!("{}/secrets/{}", client_path(base, secret.client), secret.uid)),
            )]),
            id: secret.uid.to_string(),
            hint: secret.hint,
            label: secret.label.map(|label| label.as_str().to_owned()),
            last_used_at: secret.last_used_at.map(Time),
            expires_at: secret.expires_at.map(Time),
            oauth_client_id: secret.client.to_string(),
            created_at: Time(secret.created_at),
            updated_at: Time(secret.updated_at),
        }
    }
}

/// A new client secret. Its text is in this one answer and nowhere else.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedSecretBody {
    /// What the client must present: `cs_` and 32 characters.
    secret: String,
    #[serde(flatten)]
    metadata: SecretBody,
}

impl CreatedSecretBody {
    pub(crate) fn new(base: &str, created: CreatedSecret) -> Self {
        Self {
            secret: created.text.secret().expose().to_owned(),
            metadata: SecretBody::new(base, created.secret),
        }
    }
}

/// A grant of access. Token values are nowhere.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenBody {
    /// Its id, a UUID: the `tid` of its tokens.
    id: String,
    /// Who granted it.
    username: String,
    /// What was granted.
    scope: Vec<&'static str>,
    /// When it was granted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last refreshed or used, to the minute or so.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Time>,
    /// When it ends; `null` is not before it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
    /// The client it was granted to.
    oauth_client_id: String,
}

impl TokenBody {
    pub(crate) fn new(record: TokenRecord) -> Self {
        Self {
            id: record.id.to_string(),
            username: record.username,
            scope: names(record.scope),
            created_at: Time(record.created_at),
            last_used_at: record.last_used_at.map(Time),
            expires_at: record.expires_at.map(Time),
            oauth_client_id: record.client.to_string(),
        }
    }
}

/// How many token records were revoked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Revoked {
    /// Live ones that this request ended.
    pub(crate) revoked: u64,
}

/// A line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventBody {
    /// Its id, a UUID.
    id: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// What happened: `client.updated`, `secret.created`, `refresh.replayed`, …
    kind: &'static str,
    /// Who did it; `null` when nobody was signed in.
    actor: Option<String>,
    /// What else it was done to: changed fields, a secret's id and label, a token record's id, a username, a count.
    target: Option<String>,
    /// From which address.
    address: Option<String>,
    /// The `X-Request-Id` of the request that caused it.
    request_id: Option<String>,
    /// The client concerned.
    oauth_client_id: Option<String>,
}

impl EventBody {
    pub(crate) fn new(event: AuditEvent) -> Self {
        Self {
            id: event.id.to_string(),
            created_at: Time(event.at),
            kind: event.kind.as_str(),
            actor: event.actor,
            target: event.target,
            address: event.address.map(|address| address.to_string()),
            request_id: event.request_id,
            oauth_client_id: event.client.map(|client| client.to_string()),
        }
    }
}
