//! A client as the form for it shows and sends it.

use informer_oauth_application::manage::ClientPatch;
use informer_oauth_domain::{
    client::{ClientDraft, InvalidClient},
    parameters::Parameters,
    scope::ScopeSet,
};

/// One box of the scope list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ScopeBox {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    pub(super) write: bool,
    pub(super) ticked: bool,
}

/// One box of the flags.
pub(super) struct FlagBox {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    pub(super) ticked: bool,
}

/// The fields as they are filled in, valid or not, and what is wrong with one of them. Inputs have the wire names of the fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ClientForm {
    pub(super) draft: ClientDraft,
    /// As typed, one a line.
    pub(super) redirect_uris: String,
    /// As typed, one a line.
    pub(super) resources: String,
    /// A field's wire name, and what is wrong with it.
    problem: Option<(&'static str, String)>,
}

impl From<ClientDraft> for ClientForm {
    fn from(draft: ClientDraft) -> Self {
        Self {
            redirect_uris: draft.redirect_uris.join("\n"),
            resources: draft.resources.join("\n"),
            draft,
            problem: None,
        }
    }
}

impl ClientForm {
    /// Reads the fields as a browser sends them: lines end in two characters, and a box that is not ticked is left out.
    pub(super) fn read(fields: &Parameters) -> Self {
        let text = |name: &str| {
            let value = fields.get(name).ok().flatten().unwrap_or_default();
            value.replace("\r\n", "\n")
        };
        let ticked = |name: &str| fields.contains(name);
        let lines = |name: &str| lines(&text(name)).map(str::to_owned).collect();
        let scope = fields.pairs().iter().filter(|(name, _)| name == "scope");
        Self {
            draft: ClientDraft {
                name: text("name"),
                description: text("description"),
                url: Some(text("url").trim().to_owned()).filter(|url| !url.is_empty()),
                redirect_uris: lines("redirect_uri"),
                pkce: ticked("pkce"),
                refresh_tokens: ticked("enableRefreshTokens"),
                scope: scope.map(|(_, name)| name.clone()).collect(),
                enabled: ticked("enabled"),
                introspect: ticked("introspect"),
                resources: lines("resources"),
                confidential: ticked("confidential"),
            },
            redirect_uris: text("redirect_uri"),
            resources: text("resources"),
            problem: None,
        }
    }

    /// Every field of a client, as the use cases take it.
    pub(super) fn patch(&self) -> ClientPatch {
        ClientPatch::whole(&self.draft)
    }

    /// Returns the home page as the input shows it.
    pub(super) fn url(&self) -> &str {
        self.draft.url.as_deref().unwrap_or_default()
    }

    /// The form with a remark beside the field that is wrong.
    pub(super) fn with_problem(mut self, error: &InvalidClient) -> Self {
        let entry = |text: &str, position: usize| lines(text).nth(position).unwrap_or_default().to_owned();
        let words = match error {
            InvalidClient::Name => "Enter a name of 1 to 100 characters, without control characters.".to_owned(),
            InvalidClient::Description => "At most 1000 characters, please.".to_owned(),
            InvalidClient::Url => "Enter an address that starts with https://, or nothing.".to_owned(),
            InvalidClient::RedirectUri { position, reason } => {
                format!("“{}”: {reason}.", entry(&self.redirect_uris, *position))
            }
            InvalidClient::RepeatedRedirectUri(position) => {
                format!("“{}” is there twice.", entry(&self.redirect_uris, *position))
            }
            InvalidClient::TooManyRedirectUris | InvalidClient::TooManyResources => {
                "At most 20 lines, please.".to_owned()
            }
            InvalidClient::Scope(_) => "Tick only scopes of this list.".to_owned(),
            InvalidClient::Resource(position) => format!(
                "“{}”: a resource is an absolute URI without a fragment, such as https://api.example.com.",
                entry(&self.resources, *position)
            ),
        };
        self.problem = Some((error.field(), words));
        self
    }

    /// What is wrong with the field of this wire name.
    pub(super) fn problem(&self, field: &str) -> Option<&str> {
        let (wrong, words) = self.problem.as_ref()?;
        (*wrong == field).then_some(words)
    }

    pub(super) const fn has_problem(&self) -> bool {
        self.problem.is_some()
    }

    /// Every flag with its box.
    pub(super) fn flags(&self) -> [FlagBox; 5] {
        let flag = |name, ticked, hint| FlagBox {
            name,
            label: label(name),
            hint,
            ticked,
        };
        [
            flag(
                "pkce",
                self.draft.pkce,
                "Keep this on: only an old application with a secret can do without it.",
            ),
            flag(
                "enableRefreshTokens",
                self.draft.refresh_tokens,
                "Access tokens are short-lived and renewed. Without, they last until they are revoked.",
            ),
            flag(
                "introspect",
                self.draft.introspect,
                "It is a resource server and may ask about anybody’s tokens.",
            ),
            flag(
                "confidential",
                self.draft.confidential,
                "It must authenticate with a secret. The first secret turns this on; it can be turned off once all secrets are \
                 deleted.",
            ),
            flag(
                "enabled",
                self.draft.enabled,
                "A disabled client is refused everything.",
            ),
        ]
    }

    /// Every scope with its box.
    pub(super) fn scopes(&self) -> Vec<ScopeBox> {
        ScopeSet::ALL
            .iter()
            .map(|scope| ScopeBox {
                name: scope.as_str(),
                words: scope.description(),
                write: scope.is_write(),
                ticked: self.draft.scope.iter().any(|ticked| ticked == scope.as_str()),
            })
            .collect()
    }
}

/// The lines that say something.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// What the form calls the field of this wire name.
pub(super) fn label(field: &str) -> &'static str {
    match field {
        "name" => "Name",
        "description" => "Description",
        "url" => "Home page",
        "redirect_uri" => "Redirect URIs",
        "pkce" => "PKCE required",
        "enableRefreshTokens" => "Refresh tokens",
        "scope" => "Scopes",
        "enabled" => "Enabled",
        "introspect" => "Introspection",
        "resources" => "Resources",
        "confidential" => "Confidential",
        _ => "Another field",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn draft() -> ClientDraft {
        ClientDraft {
            name: "Board".into(),
            description: "One\nTwo".into(),
            url: Some("https://board.example/".into()),
            redirect_uris: vec!["https://board.example/cb".into(), "http://127.0.0.1/cb".into()],
            pkce: false,
            refresh_tokens: true,
            scope: vec!["read:dataset".into(), "write:report".into()],
            enabled: false,
            introspect: true,
            resources: vec!["https://api.example".into()],
            confidential: true,
        }
    }

    /// What a browser sends of the form.
    fn sent(form: &ClientForm) -> Parameters {
        let text = |text: &str| text.replace('\n', "\r\n");
        let mut pairs = vec![
            ("name", text(&form.draft.name)),
            ("description", text(&form.draft.description)),
            ("url", form.url().to_owned()),
            ("redirect_uri", text(&form.redirect_uris)),
            ("resources", text(&form.resources)),
        ];
        for (name, ticked) in [
            ("pkce", form.draft.pkce),
            ("enableRefreshTokens", form.draft.refresh_tokens),
            ("introspect", form.draft.introspect),
            ("enabled", form.draft.enabled),
            ("confidential", form.draft.confidential),
        ] {
            pairs.extend(ticked.then(|| (name, "1".to_owned())));
        }
        let ticked = form.scopes().into_iter().filter(|scope| scope.ticked);
        pairs.extend(ticked.map(|scope| ("scope", scope.name.to_owned())));
        pairs.into_iter().collect()
    }

    #[test]
    fn a_client_comes_through_its_form_unchanged() {
        for draft in [draft(), ClientDraft::default()] {
            let form = ClientForm::from(draft.clone());
            let back = ClientForm::read(&sent(&form));
            assert_eq!(back, form);
            // Onto the opposite, so that no field can be there by default.
            let other = ClientDraft {
                pkce: !draft.pkce,
                enabled: !draft.enabled,
                confidential: !draft.confidential,
                ..draft.clone()
            };
            assert_eq!(back.patch().onto(other), draft);
        }
    }

    #[test]
    fn empty_lines_and_spaces_around_lines_say_nothing() {
        let form = ClientForm::read(
            &[("redirect_uri", "\r\n  https://a.example/ \r\n\r\n")]
                .into_iter()
                .collect(),
        );
        assert_eq!(form.draft.redirect_uris, ["https://a.example/"]);
    }

    #[test]
    fn the_line_that_is_wrong_is_named() {
        let typed = "https://a.example/\n\njavascript:alert(1)";
        let form = ClientForm::read(&[("name", "Board"), ("redirect_uri", typed)].into_iter().collect());
        let error = form.patch().onto(ClientDraft::default()).check(&[]).unwrap_err();
        let form = form.with_problem(&error);
        let words = form.problem("redirect_uri").unwrap();
        assert!(words.contains("“javascript:alert(1)”"), "{words}");
        assert_eq!(form.problem("name"), None);
    }
}
