use informer_oauth_domain::client::ClientDraft;

use super::{Precondition, ReadOnly};

/// Some fields of a client: those to set. A merge patch (RFC 7396) after its JSON was read; `null` has become the
/// field's default by then.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientPatch {
    /// `name`
    pub name: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `url`; the empty text removes it.
    pub url: Option<String>,
    /// `redirect_uri`
    pub redirect_uris: Option<Vec<String>>,
    /// `pkce`
    pub pkce: Option<bool>,
    /// `enableRefreshTokens`
    pub refresh_tokens: Option<bool>,
    /// `scope`
    pub scope: Option<Vec<String>>,
    /// `enabled`
    pub enabled: Option<bool>,
    /// `introspect`
    pub introspect: Option<bool>,
    /// `resources`
    pub resources: Option<Vec<String>>,
    /// `confidential`
    pub confidential: Option<bool>,
}

impl ClientPatch {
    /// The draft with these fields set.
    pub fn onto(self, draft: ClientDraft) -> ClientDraft {
        ClientDraft {
            name: self.name.unwrap_or(draft.name),
            description: self.description.unwrap_or(draft.description),
            url: self.url.map_or(draft.url, |url| (!url.is_empty()).then_some(url)),
            redirect_uris: self.redirect_uris.unwrap_or(draft.redirect_uris),
            pkce: self.pkce.unwrap_or(draft.pkce),
            refresh_tokens: self.refresh_tokens.unwrap_or(draft.refresh_tokens),
            scope: self.scope.unwrap_or(draft.scope),
            enabled: self.enabled.unwrap_or(draft.enabled),
            introspect: self.introspect.unwrap_or(draft.introspect),
            resources: self.resources.unwrap_or(draft.resources),
            confidential: self.confidential.unwrap_or(draft.confidential),
        }
    }
}

/// A request to change a client: what to set, what the caller believes of the rest, and on which condition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientChange {
    /// What to set.
    pub fields: ClientPatch,
    /// Fields that cannot be set, as the caller sent them.
    pub read_only: ReadOnly,
    /// `If-Match`.
    pub precondition: Precondition,
}
