//! What is around every page of the console: the way to the others, who is signed in, what was done just now.

use informer_oauth_domain::client::Client;
use informer_oauth_web::paging::Query;

use crate::{
    site::Site,
    views::{Switch, UserView},
};

/// The parts of the console.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Section {
    Overview,
    Clients,
    Tokens,
    Events,
    Keys,
}

impl Section {
    const ALL: [Self; 5] = [Self::Overview, Self::Clients, Self::Tokens, Self::Events, Self::Keys];

    const fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Clients => "Clients",
            Self::Tokens => "Tokens",
            Self::Events => "Events",
            Self::Keys => "Keys",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/oauth/admin",
            Self::Clients => "/oauth/admin/clients",
            Self::Tokens => "/oauth/admin/tokens",
            Self::Events => "/oauth/admin/events",
            Self::Keys => "/oauth/admin/keys",
        }
    }

    /// Whether it has something to show without the token API feature.
    const fn is_for_rank(self) -> bool {
        matches!(self, Self::Overview | Self::Clients | Self::Keys)
    }
}

/// A link to another page, and whether it is this one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct NavLink {
    pub(super) href: String,
    pub(super) label: &'static str,
    pub(super) current: bool,
}

/// What is around every page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Frame {
    pub(super) links: Vec<NavLink>,
    pub(super) user: UserView,
    pub(super) switch: Switch,
    /// Whether the token API feature is on.
    pub(super) feature: bool,
    /// What was done just now, in a sentence.
    pub(super) notice: Option<String>,
}

impl Frame {
    pub(super) fn new(
        site: &Site,
        user: UserView,
        switch: Switch,
        section: Section,
        feature: bool,
        notice: Option<Notice>,
    ) -> Self {
        let shown = Section::ALL.into_iter().filter(|part| feature || part.is_for_rank());
        Self {
            links: shown
                .map(|part| NavLink {
                    href: site.path(part.path()),
                    label: part.label(),
                    current: part == section,
                })
                .collect(),
            user,
            switch,
            feature,
            notice: notice.map(Notice::in_words),
        }
    }
}

/// What was done, as the address of the next page says it: one of these words and perhaps a number, so that a link from
/// elsewhere cannot put words into the console's mouth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Notice {
    Created,
    Saved,
    Enabled,
    Disabled,
    IconSet,
    IconRemoved,
    SecretDeleted,
    Revoked(u64),
    Deleted,
}

impl Notice {
    const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Saved => "saved",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::IconSet => "icon-set",
            Self::IconRemoved => "icon-removed",
            Self::SecretDeleted => "secret-deleted",
            Self::Revoked(_) => "revoked",
            Self::Deleted => "deleted",
        }
    }

    pub(super) fn read(query: &Query) -> Option<Self> {
        let text = query.one("done").ok().flatten()?;
        let (word, count) = text.split_once('.').unwrap_or((text, "0"));
        let count = count.parse().ok()?;
        [
            Self::Created,
            Self::Saved,
            Self::Enabled,
            Self::Disabled,
            Self::IconSet,
            Self::IconRemoved,
            Self::SecretDeleted,
            Self::Revoked(count),
            Self::Deleted,
        ]
        .into_iter()
        .find(|notice| notice.word() == word)
    }

    pub(super) fn append_to(self, path: &str) -> String {
        let separator = if path.contains('?') { '&' } else { '?' };
        let word = self.word();
        match self {
            Self::Revoked(count) => format!("{path}{separator}done={word}.{count}"),
            _ => format!("{path}{separator}done={word}"),
        }
    }

    fn in_words(self) -> String {
        match self {
            Self::Created => "The client is registered.".into(),
            Self::Saved => "Your changes are saved.".into(),
            Self::Enabled => "The client is enabled.".into(),
            Self::Disabled => "The client is disabled: its requests are refused from now on.".into(),
            Self::IconSet => "The icon is set.".into(),
            Self::IconRemoved => "The icon is removed.".into(),
            Self::SecretDeleted => "The secret is deleted and does not work any more.".into(),
            Self::Revoked(0) => "There was nothing left to revoke.".into(),
            Self::Revoked(1) => "One grant of access is revoked.".into(),
            Self::Revoked(count) => format!("{count} grants of access are revoked."),
            Self::Deleted => "The client is deleted, and its tokens do not work any more.".into(),
        }
    }
}

/// The head of every page about one client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ClientHead {
    pub(super) name: String,
    pub(super) client_id: String,
    pub(super) icon: String,
    pub(super) enabled: bool,
    pub(super) links: Vec<NavLink>,
}

/// The pages about one client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tab {
    Settings,
    Secrets,
    Tokens,
    Events,
}

/// The console's path of a client.
pub(super) fn path_of(client: &Client) -> String {
    format!("/oauth/admin/clients/{}", client.uid)
}

impl ClientHead {
    pub(super) fn new(site: &Site, client: &Client, tab: Tab) -> Self {
        let path = path_of(client);
        let link = |to: Tab, label, path: String| NavLink {
            href: site.path(&path),
            label,
            current: tab == to,
        };
        Self {
            name: client.profile.name.clone(),
            client_id: client.client_id.to_string(),
            icon: icon_of(site, client),
            enabled: client.profile.enabled,
            links: vec![
                link(Tab::Settings, "Settings", path.clone()),
                link(Tab::Secrets, "Secrets", format!("{path}/secrets")),
                link(Tab::Tokens, "Tokens", format!("{path}/tokens")),
                link(
                    Tab::Events,
                    "Events",
                    format!("/oauth/admin/events?client={}", client.uid),
                ),
            ],
        }
    }
}

/// The address of a client's picture.
pub(super) fn icon_of(site: &Site, client: &Client) -> String {
    site.path(&format!("/api/oauth-clients/{}/icon", client.uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_survives_the_way_through_the_address() {
        for notice in [
            Notice::Created,
            Notice::Deleted,
            Notice::Revoked(0),
            Notice::Revoked(12),
        ] {
            for path in ["/oauth/admin/clients", "/oauth/admin/tokens?username=ada"] {
                let address = notice.append_to(path);
                let (_, query) = address.split_once('?').unwrap_or_default();
                assert_eq!(Notice::read(&Query::parse(query)), Some(notice), "{address}");
            }
        }
    }

    #[test]
    fn a_link_cannot_make_the_console_say_something_else() {
        for query in [
            "",
            "done=",
            "done=You+have+won",
            "done=revoked.x",
            "done=saved&done=saved",
        ] {
            assert_eq!(Notice::read(&Query::parse(query)), None, "{query}");
        }
    }
}
