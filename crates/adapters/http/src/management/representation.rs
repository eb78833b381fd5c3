//! What clients, secrets, token records, events and templates look like on the wire.

use std::collections::BTreeMap;

use informer_oauth_application::manage::CreatedSecret;
use informer_oauth_domain::{
    audit::AuditEvent,
    client::{Client, ClientDraft},
    client_secret::ClientSecret,
    id::ClientUid,
    scope::ScopeSet,
    template::Template,
    timestamp::Timestamp,
    token_record::TokenRecord,
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::hal::{Link, Links};

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
    /// 1 to 100 characters.
    name: String,
    /// At most 1000 characters.
    description: String,
    /// The client's home page, https.
    url: Option<String>,
    /// Where authorization codes may be sent, at most 20.
    #[serde(rename = "redirect_uri")]
    redirect_uri: Vec<String>,
    /// Whether the client must use PKCE.
    pkce: bool,
    /// Whether its grants come with refresh tokens.
    enable_refresh_tokens: bool,
    /// The most the client may ask for; empty is everything.
    scope: Vec<&'static str>,
    /// Whether it may do anything at all.
    enabled: bool,
    /// Whether it is a resource server that may introspect anybody's tokens.
    introspect: bool,
    /// Resources it may ask for besides the service's own audience (RFC 8707).
    resources: Vec<String>,
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
        let profile = client.profile;
        Self {
            links,
            id: client.uid.to_string(),
            client_id: client.client_id.to_string(),
            redirect_uri: profile
                .redirect_uris
                .iter()
                .map(|uri| uri.as_str().to_owned())
                .collect(),
            resources: profile
                .resources
                .iter()
                .map(|resource| resource.as_str().to_owned())
                .collect(),
            scope: names(profile.scope),
            name: profile.name,
            description: profile.description,
            url: profile.url,
            pkce: profile.pkce,
            enable_refresh_tokens: profile.refresh_tokens,
            enabled: profile.enabled,
            introspect: profile.introspect,
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

/// A client to register. What is left out has the template's value, or its default.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes a payload that is read by hand, to name each wrong field"
)]
pub(crate) struct NewClientPayload {
    /// The name of the template to start from.
    template: Option<String>,
    #[schema(inline)]
    #[serde(flatten)]
    fields: ClientPayload,
}

/// The fields of a client that can be set. `null` is a field's default; only `name` has none. Read-only fields may be
/// sent back as they were read.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes a payload that is read by hand, to name each wrong field"
)]
pub(crate) struct ClientPayload {
    /// 1 to 100 characters, required but in a patch or with a template.
    name: Option<String>,
    /// At most 1000 characters.
    description: Option<String>,
    /// The client's home page, https.
    url: Option<String>,
    /// Where authorization codes may be sent, at most 20.
    #[schema(rename = "redirect_uri")]
    redirect_uri: Option<Vec<String>>,
    /// Whether the client must use PKCE; `true` by default.
    pkce: Option<bool>,
    /// Whether its grants come with refresh tokens; `false` by default.
    enable_refresh_tokens: Option<bool>,
    /// The most the client may ask for: a list, or names with spaces between; empty is everything.
    scope: Option<Vec<String>>,
    /// Whether it may do anything at all; `true` by default.
    enabled: Option<bool>,
    /// Whether it is a resource server that may introspect anybody's tokens; `false` by default.
    introspect: Option<bool>,
    /// Resources it may ask for besides the service's own audience (RFC 8707), at most 20.
    resources: Option<Vec<String>>,
}

/// A new secret. All of it may be left out.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes a payload that is read by hand, to name each wrong field"
)]
pub(crate) struct NewSecretPayload {
    /// From when on it is refused; never by default.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
    /// How many seconds every older secret goes on working, at most 315360000; left alone by default.
    expire_others_in: Option<u64>,
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
    /// What else it was done to: changed fields, a secret's id, a token record's id, a username, a count.
    target: Option<String>,
    /// From which address.
    address: Option<String>,
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
            oauth_client_id: event.client.map(|client| client.to_string()),
        }
    }
}

/// The templates.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Templates {
    /// `self`.
    #[serde(rename = "_links")]
    links: BTreeMap<&'static str, Link>,
    /// The templates themselves.
    #[serde(rename = "_embedded")]
    embedded: TemplateItems,
}

/// The templates themselves.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateItems {
    /// In the order to show them in.
    items: Vec<TemplateBody>,
}

/// A starting point for a new client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateBody {
    /// The heading to list it under.
    group: &'static str,
    /// What `template` calls it by when a client is created.
    name: &'static str,
    /// The fields that it fills in.
    oauth_client: TemplateClient,
}

/// The fields that a template fills in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateClient {
    /// The fixed public id of a built-in client, which can exist once only.
    #[serde(rename = "client_id", skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// See the client's own.
    name: String,
    /// See the client's own.
    description: String,
    /// See the client's own.
    url: Option<String>,
    /// See the client's own.
    #[serde(rename = "redirect_uri")]
    redirect_uri: Vec<String>,
    /// See the client's own.
    pkce: bool,
    /// See the client's own.
    enable_refresh_tokens: bool,
    /// See the client's own.
    scope: Vec<String>,
    /// See the client's own.
    enabled: bool,
    /// See the client's own.
    introspect: bool,
    /// See the client's own.
    resources: Vec<String>,
}

impl Templates {
    pub(crate) fn new(path: String, templates: impl IntoIterator<Item = Template>) -> Self {
        let items = templates.into_iter().map(TemplateBody::new).collect();
        Self {
            links: Links::from([("self", Link::to(path))]),
            embedded: TemplateItems { items },
        }
    }
}

impl TemplateBody {
    fn new(template: Template) -> Self {
        let ClientDraft {
            name,
            description,
            url,
            redirect_uris,
            pkce,
            refresh_tokens,
            scope,
            enabled,
            introspect,
            resources,
        } = template.draft;
        Self {
            group: template.group,
            name: template.name,
            oauth_client: TemplateClient {
                client_id: template.client_id.map(|id| id.to_string()),
                name,
                description,
                url,
                redirect_uri: redirect_uris,
                pkce,
                enable_refresh_tokens: refresh_tokens,
                scope,
                enabled,
                introspect,
                resources,
            },
        }
    }
}
