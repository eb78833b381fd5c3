use informer_oauth_domain::resource::Resource;
use serde::{Deserialize, Serialize};

use super::Problems;

const YEAR: u64 = 365 * 24 * 60 * 60;

/// `tokens.*`, lifetimes in seconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tokens {
    /// An access token's, where its grant has refresh tokens.
    pub(crate) access_seconds: u64,
    /// A grant's with refresh tokens.
    pub(crate) refresh_seconds: u64,
    /// An authorization code's.
    pub(crate) code_seconds: u64,
    /// A device code's and its user code's.
    pub(crate) device_seconds: u64,
    /// How long after a rotation a retry gets the same successor; 0 is never.
    pub(crate) refresh_retry_window: u64,
    /// `aud` when no `resource` was asked for; the issuer by default.
    pub(crate) audience: Option<String>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            access_seconds: 900,
            refresh_seconds: 2_592_000,
            code_seconds: 60,
            device_seconds: 1800,
            refresh_retry_window: 0,
            audience: None,
        }
    }
}

impl Tokens {
    pub(super) fn validate(&self, problems: &mut Problems) {
        problems.range("tokens.access_seconds", self.access_seconds, 1..=YEAR);
        problems.range("tokens.refresh_seconds", self.refresh_seconds, 1..=10 * YEAR);
        // RFC 6749 section 4.1.2: ten minutes at most.
        problems.range("tokens.code_seconds", self.code_seconds, 1..=600);
        problems.range("tokens.device_seconds", self.device_seconds, 1..=86_400);
        problems.range("tokens.refresh_retry_window", self.refresh_retry_window, 0..=600);
        if let Some(Err(error)) = self.audience.as_deref().map(Resource::parse) {
            problems.add("tokens.audience", error);
        }
    }
}
