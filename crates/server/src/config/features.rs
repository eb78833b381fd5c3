use serde::{Deserialize, Serialize};

/// `features.*`. Every value is fine, so there is nothing to validate.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Features {
    /// Whether superusers of the local directory may manage clients.
    pub(crate) token_api: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self { token_api: true }
    }
}
