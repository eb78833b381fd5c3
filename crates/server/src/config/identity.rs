use serde::{Deserialize, Serialize};

use super::{Config, Problems, informer::Informer, issuer};

/// Who knows the users.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// This service does, in its database.
    #[default]
    Directory,
    /// The Informer beside it does.
    Informer,
}

/// `identity.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Identity {
    /// Who knows the users.
    pub(crate) kind: Kind,
    /// How Informer is asked, when it is the one.
    pub(crate) informer: Informer,
}

impl Identity {
    /// Whether users are Informer's.
    pub(crate) fn is_informer(&self) -> bool {
        self.kind == Kind::Informer
    }

    /// Where people sign in, at a service of this issuer.
    pub(crate) fn sign_in_address(&self, issuer: &str) -> String {
        match self.kind {
            Kind::Directory => format!("{issuer}/oauth/sign-in"),
            Kind::Informer if self.informer.login_url.starts_with('/') => {
                let origin = issuer::origin(issuer).unwrap_or_default();
                format!("{origin}{}", self.informer.login_url)
            }
            Kind::Informer => self.informer.login_url.clone(),
        }
    }
}

/// What is Informer's is only looked at when it is used.
pub(super) fn validate(config: &Config, problems: &mut Problems) {
    if config.identity.is_informer() {
        let origin = config.issuer.as_deref().and_then(issuer::origin);
        config.identity.informer.validate(origin.as_deref(), problems);
    }
}

/// `directory.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Directory {
    /// How long a sign-in lasts.
    pub(crate) session_hours: u64,
}

impl Default for Directory {
    fn default() -> Self {
        Self { session_hours: 12 }
    }
}

impl Directory {
    pub(super) fn validate(&self, problems: &mut Problems) {
        problems.range("directory.session_hours", self.session_hours, 1..=24 * 365);
    }
}
