use serde::{Deserialize, Serialize};

use super::Problems;

/// `keys.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keys {
    /// How long a signing key signs before the next one takes over.
    pub(crate) rotate_after_days: u64,
}

impl Default for Keys {
    fn default() -> Self {
        Self { rotate_after_days: 90 }
    }
}

impl Keys {
    pub(super) fn validate(&self, problems: &mut Problems) {
        problems.range("keys.rotate_after_days", self.rotate_after_days, 1..=3650);
    }
}
