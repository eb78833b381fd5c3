//! What payloads look like, for the OpenAPI document.

use utoipa::ToSchema;

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
    /// Whether it must authenticate. Left out or `null`, it stays as it is, also in a `PUT`; the first secret sets it. It
    /// cannot be unset while the client has a secret that works.
    confidential: Option<bool>,
}

/// A new secret. All of it may be left out.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes a payload that is read by hand, to name each wrong field"
)]
pub(crate) struct NewSecretPayload {
    /// What people shall call it, to tell it from the others: 1 to 100 characters and no secret; nothing by default.
    label: Option<String>,
    /// From when on it is refused; never by default.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
    /// How many seconds every older secret goes on working, at most 315360000; left alone by default.
    expire_others_in: Option<u64>,
}
