use serde::{Deserialize, Serialize};

use super::Problems;

/// Who knows the users.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// This service does, in its database.
    #[default]
    Directory,
}

/// `identity.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Identity {
    /// Who knows the users.
    pub(crate) kind: Kind,
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
