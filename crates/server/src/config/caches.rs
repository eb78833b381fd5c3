use serde::{Deserialize, Serialize};

use super::Problems;

/// `caches.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Caches {
    /// How many clients, token records and access tokens, each, are remembered for a second.
    pub(crate) entries: u64,
    /// How many client secrets are remembered as verified, so that bcrypt runs once for each.
    pub(crate) verified_secrets: u64,
    /// For how long.
    pub(crate) verified_secrets_seconds: u64,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            entries: 10_000,
            verified_secrets: 10_000,
            verified_secrets_seconds: 3600,
        }
    }
}

impl Caches {
    pub(super) fn validate(&self, problems: &mut Problems) {
        problems.range("caches.entries", self.entries, 0..=10_000_000);
        problems.range("caches.verified_secrets", self.verified_secrets, 0..=10_000_000);
        problems.range(
            "caches.verified_secrets_seconds",
            self.verified_secrets_seconds,
            1..=86_400,
        );
    }
}
