//! The signing keys and their age.

use askama::Template;
use informer_oauth_application::{KeyPurpose, KeyState, manage::SigningKey};
use informer_oauth_domain::timestamp::Timestamp;

use super::{
    console::{Console, shows},
    frame::{Frame, Section},
    stop::Answer,
    words::{Time, in_units},
};
use crate::{site::Site, views::Switch};

/// A line of the list.
pub(super) struct KeyLine {
    pub(super) kid: String,
    pub(super) state: &'static str,
    /// What the state means.
    pub(super) words: &'static str,
    pub(super) current: bool,
    pub(super) age: String,
    pub(super) created: Time,
    /// Since when it signs, or signs no more.
    pub(super) since: Option<Time>,
}

impl KeyLine {
    fn new(key: SigningKey, now: Timestamp) -> Self {
        let (state, words, since) = match key.state {
            KeyState::Current { since } => ("Current", "Signs", Some(since)),
            KeyState::Next => ("Next", "Signs after the next rotation", None),
            KeyState::Retired { at } => ("Retired", "Only verifies what it signed before", Some(at)),
        };
        Self {
            current: matches!(key.state, KeyState::Current { .. }),
            age: in_units(now.since(key.created_at)),
            created: Time(key.created_at),
            since: since.map(Time),
            kid: key.kid,
            state,
            words,
        }
    }
}

/// The keys of one purpose, the current one first.
pub(super) struct KeyGroup {
    pub(super) title: &'static str,
    pub(super) words: &'static str,
    pub(super) keys: Vec<KeyLine>,
}

impl KeyGroup {
    pub(super) fn list(keys: &[SigningKey], now: Timestamp) -> Vec<Self> {
        let rank = |key: &SigningKey| match key.state {
            KeyState::Current { .. } => 0,
            KeyState::Next => 1,
            KeyState::Retired { .. } => 2,
        };
        let group = |purpose: KeyPurpose| {
            let mut keys: Vec<SigningKey> = keys.iter().filter(|key| key.purpose == purpose).cloned().collect();
            keys.sort_by_key(|key| (rank(key), std::cmp::Reverse(key.created_at)));
            let (title, words) = match purpose {
                KeyPurpose::Access => (
                    "Access tokens",
                    "ES256. Whoever checks tokens fetches the public halves as a JWK Set.",
                ),
                KeyPurpose::Refresh => ("Refresh tokens", "HS256. These never leave the service."),
            };
            Self {
                title,
                words,
                keys: keys.into_iter().map(|key| KeyLine::new(key, now)).collect(),
            }
        };
        KeyPurpose::ALL.into_iter().map(group).collect()
    }
}

#[derive(Template)]
#[template(path = "admin/keys.html")]
pub(super) struct KeysView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    pub(super) groups: Vec<KeyGroup>,
}

/// The keys.
pub(super) async fn list(console: &Console<'_>) -> Answer {
    let keys = console.manage().list_signing_keys(&console.superuser).await?;
    Ok(shows(&KeysView {
        site: console.site(),
        frame: console.frame(Section::Keys),
        groups: KeyGroup::list(&keys, console.now()),
    }))
}
