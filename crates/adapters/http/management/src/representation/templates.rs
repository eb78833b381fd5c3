//! What templates look like on the wire.

use std::collections::BTreeMap;

use informer_oauth_domain::template::Template;
use informer_oauth_web::hal::{Link, Links};
use serde::Serialize;
use utoipa::ToSchema;

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

/// The fields that a template fills in: the others are those of a blank client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateClient {
    /// The fixed public id of a built-in client, which can exist once only.
    #[serde(rename = "client_id", skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// The client's name.
    name: String,
    /// The client's description, where the template has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// The client's redirect URIs, where the template has some.
    #[serde(rename = "redirect_uri", skip_serializing_if = "Vec::is_empty")]
    redirect_uri: Vec<String>,
    /// Whether the client must use PKCE.
    pkce: bool,
    /// Whether the client gets refresh tokens.
    enable_refresh_tokens: bool,
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
        let draft = template.draft;
        Self {
            group: template.group,
            name: template.name,
            oauth_client: TemplateClient {
                client_id: template.client_id.map(|id| id.to_string()),
                name: draft.name,
                description: draft.description,
                redirect_uri: draft.redirect_uris,
                pkce: draft.pkce,
                enable_refresh_tokens: draft.refresh_tokens,
            },
        }
    }
}
