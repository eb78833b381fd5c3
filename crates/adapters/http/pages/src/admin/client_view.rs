//! What the page about one client is filled with.

use askama::Template;
use informer_oauth_application::manage::Difference;
use informer_oauth_domain::id::ClientUid;

use super::{
    client_form::{ClientForm, label},
    console::Post,
    frame::{ClientHead, Frame},
    words::Time,
};
use crate::{site::Site, views::Switch};

/// What a client is at the token endpoint (RFC 6749 §2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// It has a secret.
    Confidential,
    /// It has none, and uses PKCE.
    Public,
    /// It has neither, so that it can do nothing.
    Idle,
}

/// A field in which two edits differ.
pub(super) struct Differing {
    pub(super) label: &'static str,
    pub(super) now: String,
    pub(super) yours: String,
}

impl From<Difference> for Differing {
    fn from(difference: Difference) -> Self {
        Self {
            label: label(difference.field),
            now: difference.before,
            yours: difference.after,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/client.html")]
pub(super) struct EditClientView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    pub(super) head: ClientHead,
    /// About the form as a whole.
    pub(super) problem: Option<&'a str>,
    /// What somebody else has changed meanwhile.
    pub(super) conflict: Vec<Differing>,
    /// About the icon.
    pub(super) icon_problem: Option<&'a str>,
    pub(super) form: ClientForm,
    /// The state that the form started from.
    pub(super) version: i64,
    pub(super) save: Post,
    pub(super) set_enabled: Post,
    pub(super) set_icon: Post,
    pub(super) remove_icon: Post,
    pub(super) delete: String,
    pub(super) kind: Kind,
    /// What else there is to say of where it came from.
    pub(super) source: Option<&'static str>,
    pub(super) uid: ClientUid,
    /// Whether there is an icon to remove.
    pub(super) has_icon: bool,
    pub(super) created: Time,
    pub(super) created_by: &'a str,
    pub(super) updated: Time,
}

impl EditClientView<'_> {
    pub(super) fn is_idle(&self) -> bool {
        self.kind == Kind::Idle
    }

    pub(super) fn is_public(&self) -> bool {
        self.kind == Kind::Public
    }
}
