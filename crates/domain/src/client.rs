//! Registered clients (RFC 6749 §2).
//!
//! ```
//! use informer_oauth_domain::client::ClientDraft;
//!
//! let draft = ClientDraft {
//!     name: "Sales Board".into(),
//!     redirect_uris: vec!["https://board.example.com/callback".into()],
//!     scope: vec!["read:dataset".into()],
//!     ..ClientDraft::default()
//! };
//! let profile = draft.clone().check(&[])?;
//! assert!(profile.pkce);
//! assert_eq!(profile.allowed_scope().to_string(), "read:dataset");
//!
//! let bad = ClientDraft { redirect_uris: vec!["javascript:alert(1)".into()], ..draft };
//! assert_eq!(bad.check(&[]).map_err(|error| error.field()), Err("redirect_uri"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use thiserror::Error;
use url::Url;

use crate::{
    client_secret::{ClientSecret, SecretLookup},
    id::{ClientId, ClientUid},
    redirect_uri::{RedirectUri, RedirectUriError},
    resource::Resource,
    scope::ScopeSet,
    text::has_hidden_characters,
    timestamp::Timestamp,
};

/// How many redirect URIs a client may have.
pub const REDIRECT_URIS_PER_CLIENT: usize = 20;
/// How many further resources a client may ask for.
pub const RESOURCES_PER_CLIENT: usize = 20;

/// Where a client came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// An administrator described it.
    Admin,
    /// It was made from a template.
    Template,
    /// It registered itself.
    Dynamic,
}

impl Source {
    /// The word on the wire and in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Template => "template",
            Self::Dynamic => "dynamic",
        }
    }

    /// Reads back [`Source::as_str`].
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Admin, Self::Template, Self::Dynamic]
            .into_iter()
            .find(|source| source.as_str() == text)
    }
}

/// What an administrator says of a client: checked, so that a value of this type is fit to store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientProfile {
    /// 1 to 100 characters.
    pub name: String,
    /// At most 1000 characters.
    pub description: String,
    /// The client's home page, https.
    pub url: Option<String>,
    /// Where codes may be sent, at most 20.
    pub redirect_uris: Vec<RedirectUri>,
    /// Whether the client must use PKCE.
    pub pkce: bool,
    /// Whether its grants come with refresh tokens.
    pub refresh_tokens: bool,
    /// The most it may ask for; empty is everything.
    pub scope: ScopeSet,
    /// Whether it may do anything at all.
    pub enabled: bool,
    /// Whether it is a resource server that may introspect anybody's tokens (RFC 7662 §4).
    pub introspect: bool,
    /// Resources it may ask for besides the service's own audience (RFC 8707).
    pub resources: Vec<Resource>,
    /// Whether it must authenticate (RFC 6749 §2.1). The first secret sets it, and only an administrator unsets it.
    pub confidential: bool,
}

/// The fields of a client that an administrator sets, not checked yet. With the feature `serde` it is their one definition as
/// JSON, with the names of the wire; a field that is left out has its default.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields, rename_all = "camelCase")
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientDraft {
    /// 1 to 100 characters.
    pub name: String,
    /// At most 1000 characters.
    pub description: String,
    /// The client's home page, https.
    pub url: Option<String>,
    /// Where authorization codes may be sent, at most 20.
    #[cfg_attr(feature = "serde", serde(rename = "redirect_uri"))]
    pub redirect_uris: Vec<String>,
    /// Whether the client must use PKCE.
    pub pkce: bool,
    /// Whether its grants come with refresh tokens.
    #[cfg_attr(feature = "serde", serde(rename = "enableRefreshTokens"))]
    pub refresh_tokens: bool,
    /// The most the client may ask for: a list, or names with spaces between them; empty is everything.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "names::deserialize"))]
    pub scope: Vec<String>,
    /// Whether it may do anything at all.
    pub enabled: bool,
    /// Whether it is a resource server that may introspect anybody's tokens (RFC 7662 §4).
    pub introspect: bool,
    /// Resources it may ask for besides the service's own audience (RFC 8707), at most 20.
    pub resources: Vec<String>,
    /// Whether it must authenticate. The first secret sets it. It cannot be unset while the client has a secret that works.
    pub confidential: bool,
}

/// Names as a list, or as one text with spaces between them (RFC 6749 §3.3, RFC 7591 §2).
#[cfg(feature = "serde")]
mod names {
    use serde::{Deserialize, Deserializer};

    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a list of names, or names with spaces between them")]
    enum Names {
        Text(String),
        List(Vec<String>),
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        Ok(match Names::deserialize(deserializer)? {
            Names::Text(text) => text
                .split(' ')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            Names::List(names) => names,
        })
    }
}

impl Default for ClientDraft {
    /// A client that uses PKCE, has no refresh tokens and may do nothing yet but exist.
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            url: None,
            redirect_uris: Vec::new(),
            pkce: true,
            refresh_tokens: false,
            scope: Vec::new(),
            enabled: true,
            introspect: false,
            resources: Vec::new(),
            confidential: false,
        }
    }
}

/// What is wrong with a draft. [`InvalidClient::field`] is the wire name of the field to mark.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum InvalidClient {
    /// Empty or too long.
    #[error("name must have 1 to 100 characters, none of them invisible or a control character")]
    Name,
    /// Too long.
    #[error("description must have at most 1000 characters")]
    Description,
    /// Not an https URL.
    #[error("url must be an https URL of at most 2048 characters")]
    Url,
    /// A redirect URI breaks a rule.
    #[error("redirect_uri[{position}]: {reason}")]
    RedirectUri {
        /// Its place in the list, from 0.
        position: usize,
        /// Which rule.
        reason: RedirectUriError,
    },
    /// The same redirect URI twice.
    #[error("redirect_uri[{0}] is already in the list")]
    RepeatedRedirectUri(usize),
    /// More than [`REDIRECT_URIS_PER_CLIENT`].
    #[error("redirect_uri may have at most 20 entries")]
    TooManyRedirectUris,
    /// None of the eight.
    #[error("scope[{0}] is not a scope of this service")]
    Scope(usize),
    /// Not a resource indicator.
    #[error("resources[{0}] must be an absolute URI without a fragment")]
    Resource(usize),
    /// More than [`RESOURCES_PER_CLIENT`].
    #[error("resources may have at most 20 entries")]
    TooManyResources,
}

impl InvalidClient {
    /// The wire name of the field.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Description => "description",
            Self::Url => "url",
            Self::RedirectUri { .. } | Self::RepeatedRedirectUri(_) | Self::TooManyRedirectUris => "redirect_uri",
            Self::Scope(_) => "scope",
            Self::Resource(_) | Self::TooManyResources => "resources",
        }
    }
}

impl ClientDraft {
    /// Every field by its wire name, as text; the entries of a list are separated by spaces.
    pub fn fields(&self) -> [(&'static str, String); 11] {
        let Self {
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
            confidential,
        } = self;
        [
            ("name", name.clone()),
            ("description", description.clone()),
            ("url", url.clone().unwrap_or_default()),
            ("redirect_uri", redirect_uris.join(" ")),
            ("pkce", pkce.to_string()),
            ("enableRefreshTokens", refresh_tokens.to_string()),
            ("scope", scope.join(" ")),
            ("enabled", enabled.to_string()),
            ("introspect", introspect.to_string()),
            ("resources", resources.join(" ")),
            ("confidential", confidential.to_string()),
        ]
    }

    /// Checks every field. `allowed_custom_schemes` are private-use URI schemes without a dot that the operator lets
    /// through (RFC 8252 §7.1 asks for a dot).
    pub fn check(self, allowed_custom_schemes: &[String]) -> Result<ClientProfile, InvalidClient> {
        self.check_change(&[], allowed_custom_schemes)
    }

    /// Checks a change of a client that has the redirect URIs `stored`: those may stay even if a rule of today would refuse
    /// them, so that the client's other fields can still be edited.
    pub fn check_change(
        self,
        stored: &[RedirectUri],
        allowed_custom_schemes: &[String],
    ) -> Result<ClientProfile, InvalidClient> {
        let name = well_formed_name(&self.name).ok_or(InvalidClient::Name)?;
        if self.description.chars().count() > 1000 {
            return Err(InvalidClient::Description);
        }
        let url = self.url.filter(|url| !url.is_empty());
        if url.as_deref().is_some_and(|url| !is_https(url)) {
            return Err(InvalidClient::Url);
        }
        if self.redirect_uris.len() > REDIRECT_URIS_PER_CLIENT {
            return Err(InvalidClient::TooManyRedirectUris);
        }
        let mut redirect_uris: Vec<RedirectUri> = Vec::with_capacity(self.redirect_uris.len());
        for (position, text) in self.redirect_uris.iter().enumerate() {
            let known = stored.iter().find(|known| known.as_str() == text);
            let uri = match known {
                Some(known) => known.clone(),
                None => RedirectUri::register(text, allowed_custom_schemes)
                    .map_err(|reason| InvalidClient::RedirectUri { position, reason })?,
            };
            if redirect_uris.iter().any(|known| known.as_str() == uri.as_str()) {
                return Err(InvalidClient::RepeatedRedirectUri(position));
            }
            redirect_uris.push(uri);
        }
        let mut scope = ScopeSet::EMPTY;
        for (position, name) in self.scope.iter().enumerate() {
            let known: crate::scope::Scope = name.parse().map_err(|_| InvalidClient::Scope(position))?;
            scope = scope.union(known.into());
        }
        if self.resources.len() > RESOURCES_PER_CLIENT {
            return Err(InvalidClient::TooManyResources);
        }
        let resources = self
            .resources
            .iter()
            .enumerate()
            .map(|(position, text)| Resource::parse(text).map_err(|_| InvalidClient::Resource(position)))
            .collect::<Result<_, _>>()?;
        Ok(ClientProfile {
            name,
            description: self.description,
            url,
            redirect_uris,
            pkce: self.pkce,
            refresh_tokens: self.refresh_tokens,
            scope,
            enabled: self.enabled,
            introspect: self.introspect,
            resources,
            confidential: self.confidential,
        })
    }
}

/// A name for people: without the space around it, 1 to 100 characters, all of which show.
pub(crate) fn well_formed_name(text: &str) -> Option<String> {
    stored_name(text).filter(|name| !has_hidden_characters(name))
}

/// As [`well_formed_name`], but hidden characters are allowed: names that are stored may have them.
pub(crate) fn stored_name(text: &str) -> Option<String> {
    let name = text.trim();
    let fits = !name.is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control);
    fits.then(|| name.to_owned())
}

fn is_https(text: &str) -> bool {
    let printable = text.len() <= 2048 && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    printable
        && Url::parse(text)
            .is_ok_and(|url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none())
}

impl ClientProfile {
    /// The profile as a draft again: what a merge patch starts from.
    pub fn to_draft(&self) -> ClientDraft {
        ClientDraft {
            name: self.name.clone(),
            description: self.description.clone(),
            url: self.url.clone(),
            redirect_uris: self.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
            pkce: self.pkce,
            refresh_tokens: self.refresh_tokens,
            scope: self.scope.iter().map(|scope| scope.as_str().to_owned()).collect(),
            enabled: self.enabled,
            introspect: self.introspect,
            resources: self
                .resources
                .iter()
                .map(|resource| resource.as_str().to_owned())
                .collect(),
            confidential: self.confidential,
        }
    }

    /// The most this client may be granted.
    pub const fn allowed_scope(&self) -> ScopeSet {
        if self.scope.is_empty() {
            ScopeSet::ALL
        } else {
            self.scope
        }
    }

    /// What is asked for when a request names no scope: the client's own list, or `read:profile` where it has none.
    pub fn default_scope(&self) -> ScopeSet {
        if self.scope.is_empty() {
            crate::scope::Scope::ReadProfile.into()
        } else {
            self.scope
        }
    }
}

/// A client as a store keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// The record's id.
    pub uid: ClientUid,
    /// The public id.
    pub client_id: ClientId,
    /// What an administrator says of it.
    pub profile: ClientProfile,
    /// Where it came from.
    pub source: Source,
    /// Who made it: a username, or what the command line calls itself.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its profile last changed.
    pub updated_at: Timestamp,
    /// Counts the changes of its profile, from 1: the entity tag of `If-Match`.
    pub revision: i64,
}

/// A client with its secrets: all that authenticating it needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Registration {
    /// The client.
    pub client: Client,
    /// Its secrets, oldest first, live and expired.
    pub secrets: Vec<ClientSecret>,
}

impl Registration {
    /// Whether the client must authenticate (RFC 6749 §2.1). Losing its last secret does not make a client public: it
    /// then cannot authenticate until it gets a new one.
    pub fn is_confidential(&self, now: Timestamp) -> bool {
        self.client.profile.confidential || self.has_live_secret(now)
    }

    /// Whether the client can authenticate.
    pub fn has_live_secret(&self, now: Timestamp) -> bool {
        self.secrets.iter().any(|secret| secret.is_live(now))
    }

    /// The live secret that a presented text claims to be.
    pub fn live_secret(&self, lookup: SecretLookup, now: Timestamp) -> Option<&ClientSecret> {
        self.secrets
            .iter()
            .find(|secret| secret.lookup == lookup && secret.is_live(now))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::scope::Scope;

    fn draft() -> ClientDraft {
        ClientDraft {
            name: "Sales board".into(),
            ..ClientDraft::default()
        }
    }

    #[test]
    fn a_name_with_hidden_characters_is_refused() {
        for name in [
            "pay\u{202e}lap",
            "Board\u{200b}",
            "\u{2066}Board\u{2069}",
            "Bo\u{ad}ard",
        ] {
            let draft = ClientDraft {
                name: name.into(),
                ..ClientDraft::default()
            };
            assert_eq!(draft.check(&[]), Err(InvalidClient::Name), "{name:?}");
        }
    }

    #[test]
    fn a_good_draft_survives_the_round_trip() {
        let draft = ClientDraft {
            url: Some("https://board.example.com/".into()),
            redirect_uris: vec!["https://board.example.com/cb".into(), "http://127.0.0.1/cb".into()],
            scope: vec!["read:dataset".into()],
            resources: vec!["https://bi.example.com".into()],
            ..draft()
        };
        assert_eq!(draft.clone().check(&[]).unwrap().to_draft(), draft);
    }

    #[test]
    fn stored_redirect_uri_survives_a_change_of_another_field() {
        let old = RedirectUri::from_stored("https://a.example/cb?state=1".into()).unwrap();
        let changed = ClientDraft {
            redirect_uris: vec![old.as_str().to_owned()],
            ..draft()
        };
        let kept = changed.clone().check_change(std::slice::from_ref(&old), &[]).unwrap();
        assert_eq!(kept.redirect_uris, [old]);
        assert_eq!(changed.check(&[]).unwrap_err().field(), "redirect_uri");
    }

    #[test]
    fn each_bad_field_is_named() {
        let cases: Vec<(ClientDraft, &str)> = vec![
            (
                ClientDraft {
                    name: "  ".into(),
                    ..draft()
                },
                "name",
            ),
            (
                ClientDraft {
                    name: "n".repeat(101),
                    ..draft()
                },
                "name",
            ),
            (
                ClientDraft {
                    name: "a\u{0}b".into(),
                    ..draft()
                },
                "name",
            ),
            (
                ClientDraft {
                    description: "d".repeat(1001),
                    ..draft()
                },
                "description",
            ),
            (
                ClientDraft {
                    url: Some("javascript:alert(1)".into()),
                    ..draft()
                },
                "url",
            ),
            (
                ClientDraft {
                    url: Some("http://board.example.com".into()),
                    ..draft()
                },
                "url",
            ),
            (
                ClientDraft {
                    url: Some("https://user@board.example.com".into()),
                    ..draft()
                },
                "url",
            ),
            (
                ClientDraft {
                    redirect_uris: vec!["javascript:alert(1)".into()],
                    ..draft()
                },
                "redirect_uri",
            ),
            (
                ClientDraft {
                    redirect_uris: vec!["https://a.example/".into(); 2],
                    ..draft()
                },
                "redirect_uri",
            ),
            (
                ClientDraft {
                    redirect_uris: vec!["https://a.example/".into(); 21],
                    ..draft()
                },
                "redirect_uri",
            ),
            (
                ClientDraft {
                    scope: vec!["read:all".into()],
                    ..draft()
                },
                "scope",
            ),
            (
                ClientDraft {
                    resources: vec!["nope".into()],
                    ..draft()
                },
                "resources",
            ),
        ];
        for (draft, field) in cases {
            assert_eq!(draft.clone().check(&[]).unwrap_err().field(), field, "{draft:?}");
        }
    }

    #[test]
    fn an_empty_scope_list_means_all_may_be_asked_and_the_profile_is_the_default() {
        let profile = draft().check(&[]).unwrap();
        assert_eq!(profile.allowed_scope(), ScopeSet::ALL);
        assert_eq!(profile.default_scope(), Scope::ReadProfile.into());
    }
}
