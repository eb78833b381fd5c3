use informer_oauth_domain::client::ClientDraft;

/// A field that differs between two descriptions of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Its wire name.
    pub field: &'static str,
    /// What it was; lists are separated by spaces.
    pub before: String,
    /// What it becomes.
    pub after: String,
}

/// The fields in which two drafts differ, in the order of the wire format.
pub fn differences(before: &ClientDraft, after: &ClientDraft) -> Vec<Difference> {
    shown(before)
        .into_iter()
        .zip(shown(after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| Difference { field, before, after })
        .collect()
}

fn shown(draft: &ClientDraft) -> [(&'static str, String); 11] {
    [
        ("name", draft.name.clone()),
        ("description", draft.description.clone()),
        ("url", draft.url.clone().unwrap_or_default()),
        ("redirect_uri", draft.redirect_uris.join(" ")),
        ("pkce", draft.pkce.to_string()),
        ("enableRefreshTokens", draft.refresh_tokens.to_string()),
        ("scope", draft.scope.join(" ")),
        ("enabled", draft.enabled.to_string()),
        ("introspect", draft.introspect.to_string()),
        ("resources", draft.resources.join(" ")),
        ("confidential", draft.confidential.to_string()),
    ]
}
