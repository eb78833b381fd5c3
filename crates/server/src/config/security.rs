use serde::{Deserialize, Serialize};

use super::Problems;

/// Schemes whose URLs a browser would run, show or send elsewhere: never a way back to an application.
const NEVER: [&str; 12] = [
    "javascript",
    "vbscript",
    "data",
    "file",
    "blob",
    "about",
    "filesystem",
    "view-source",
    "ws",
    "wss",
    "ftp",
    "mailto",
];

/// `security.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Security {
    /// Private-use schemes without a dot that redirect URIs may have (RFC 8252 §7.1 asks for a dot).
    pub(crate) allowed_custom_schemes: Vec<String>,
}

impl Security {
    pub(super) fn validate(&self, problems: &mut Problems) {
        for scheme in &self.allowed_custom_schemes {
            let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c));
            let message = if !is_scheme {
                "is no URI scheme in lower case"
            } else if matches!(scheme.as_str(), "http" | "https") {
                "needs no entry here: http and https have their own rules"
            } else if NEVER.contains(&scheme.as_str()) {
                "can never be allowed"
            } else {
                continue;
            };
            problems.add("security.allowed_custom_schemes", format_args!("{scheme:?} {message}"));
        }
    }
}
