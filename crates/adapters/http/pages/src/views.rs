//! What the templates in `templates/` are filled with: texts only, escaped by askama wherever they come out.

use askama::Template;
use informer_oauth_domain::{client::Client, redirect_uri::VerifiedRedirect, scope::ScopeSet, user::User};

use super::{choice::Choice, site::Site};

mod applications;
mod device;

pub(super) use applications::{ApplicationsView, ConnectionView};
pub(super) use device::{DeviceCodeView, DeviceDecisionView, OriginView};

/// How much of a client's description the consent page shows, in characters.
const DESCRIPTION_SHOWN: usize = 200;

/// The client as its user meets it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ClientView {
    pub(super) name: String,
    /// Address of the client's picture.
    pub(super) icon: String,
    pub(super) description: Option<String>,
    pub(super) url: Option<LinkView>,
}

/// A link away from the service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct LinkView {
    pub(super) href: String,
    /// What to call it: the host.
    pub(super) label: String,
}

impl ClientView {
    pub(super) fn new(client: &Client, site: &Site) -> Self {
        let profile = &client.profile;
        Self {
            name: profile.name.clone(),
            icon: site.path(&format!("/api/oauth-clients/{}/icon", client.uid)),
            description: shortened(profile.description.trim()),
            url: profile.url.as_deref().and_then(LinkView::https),
        }
    }
}

impl LinkView {
    /// Only https becomes a link, whatever the store says.
    fn https(url: &str) -> Option<Self> {
        let label = url.strip_prefix("https://")?.split(['/', '?', '#']).next()?;
        Some(Self {
            href: url.to_owned(),
            label: label.to_owned(),
        })
    }
}

/// The beginning of a text, cut at a word; `None` of an empty one.
fn shortened(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let Some((cut, _)) = text.char_indices().nth(DESCRIPTION_SHOWN) else {
        return Some(text.to_owned());
    };
    let start = text.get(..cut).unwrap_or(text);
    let words = start.rfind(char::is_whitespace).and_then(|space| start.get(..space));
    Some(format!("{}…", words.unwrap_or(start).trim_end()))
}

/// The user as pages name them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct UserView {
    pub(super) username: String,
    pub(super) display_name: String,
}

impl UserView {
    /// One letter for the round picture.
    pub(super) fn initial(&self) -> String {
        let first = self.display_name.chars().find(|c| c.is_alphanumeric());
        first.map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
    }

    /// Whether the username says something that the name does not.
    pub(super) fn shows_username(&self) -> bool {
        self.username != self.display_name
    }
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        let name = user.display_name.trim();
        let display_name = if name.is_empty() { &user.username } else { name };
        Self {
            username: user.username.clone(),
            display_name: display_name.to_owned(),
        }
    }
}

/// How the user becomes somebody else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Switch {
    /// By signing out here: the form token of that form.
    Form(String),
    /// On the page of whoever signs users in.
    Link(String),
}

/// One scope that is asked for, with its box.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ScopeView {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    pub(super) write: bool,
    /// The reading half of it, which is itself where it only reads.
    pub(super) read_name: &'static str,
    pub(super) read_words: &'static str,
    /// Whether its box is ticked.
    pub(super) kept: bool,
    /// Whether only the reading half of it is chosen.
    pub(super) only_reads: bool,
}

impl ScopeView {
    pub(super) fn list(scope: ScopeSet, choice: Choice) -> Vec<Self> {
        scope
            .iter()
            .map(|scope| Self {
                name: scope.as_str(),
                words: scope.description(),
                write: scope.is_write(),
                read_name: scope.read_only().as_str(),
                read_words: scope.read_only().description(),
                kept: choice.keeps(scope),
                only_reads: choice.only_reads(scope),
            })
            .collect()
    }
}

/// Where the browser goes after the decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Destination {
    /// A web site, by host.
    Web(String),
    /// A program on the user's own computer, by host.
    Loopback(String),
    /// An app, by its private-use scheme (RFC 8252 §7.1).
    App(String),
}

impl Destination {
    pub(super) fn of(redirect: &VerifiedRedirect) -> Self {
        let shown = redirect.host_for_display();
        if redirect.is_private_use() {
            return Self::App(shown);
        }
        let host = shown.rsplit_once(':').map_or(shown.as_str(), |(host, port)| {
            // In `[::1]` the last colon belongs to the address.
            if port.ends_with(']') { shown.as_str() } else { host }
        });
        if matches!(host, "127.0.0.1" | "[::1]") || host.eq_ignore_ascii_case("localhost") {
            Self::Loopback(shown)
        } else {
            Self::Web(shown)
        }
    }

    pub(super) const fn is_loopback(&self) -> bool {
        matches!(self, Self::Loopback(_))
    }

    /// The host, or the scheme of an app.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Web(text) | Self::Loopback(text) | Self::App(text) => text,
        }
    }
}

/// The sign-in form.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInView<'a> {
    pub(super) site: &'a Site,
    /// Who waits behind the sign-in.
    pub(super) client: Option<ClientView>,
    /// What went wrong, in a sentence.
    pub(super) problem: Option<String>,
    /// Whether it was name or password.
    pub(super) refused: bool,
    pub(super) username: &'a str,
    /// Where to go on.
    pub(super) back: Option<&'a str>,
    /// The form token.
    pub(super) form: String,
}

/// The consent form.
#[derive(Template)]
#[template(path = "consent.html")]
pub(super) struct ConsentView<'a> {
    pub(super) site: &'a Site,
    pub(super) client: ClientView,
    pub(super) user: UserView,
    pub(super) switch: Switch,
    pub(super) scopes: Vec<ScopeView>,
    /// What was wrong with the choice.
    pub(super) problem: Option<&'a str>,
    pub(super) destination: Destination,
    /// Whether the client can be nothing but a program on the user's own computer.
    pub(super) loopback_only: bool,
    /// The way back to this page.
    pub(super) again: &'a str,
    /// The authorization request, canonical.
    pub(super) request: &'a str,
    /// The form token.
    pub(super) form: String,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct MessageView<'a> {
    pub(super) site: &'a Site,
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) hint: Option<&'a str>,
    pub(super) action: Option<ActionView<'a>>,
}

/// The one way on from a message.
pub(super) struct ActionView<'a> {
    pub(super) href: &'a str,
    pub(super) label: &'a str,
}

/// The service's front page.
#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct HomeView<'a> {
    pub(super) site: &'a Site,
    pub(super) visitor: Visitor,
    pub(super) problem: Option<&'a str>,
}

/// Who looks at the front page.
pub(super) enum Visitor {
    /// A user.
    SignedIn {
        /// Who.
        user: UserView,
        /// How they leave.
        switch: Switch,
        /// Whether the console is for them.
        superuser: bool,
    },
    /// Nobody yet.
    SignedOut {
        /// Address of the sign-in page.
        sign_in: String,
    },
}

#[cfg(test)]
mod tests;
