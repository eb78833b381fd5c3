use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::Targets;

use super::Problems;

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// `pretty` on a terminal, else `json`.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// `log.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// How lines look.
    pub(crate) format: Format,
    /// `error`, `warn`, `info`, `debug` or `trace`, for all or by module: `info,informer_oauth_sqlite=debug`.
    pub(crate) level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: Format::Auto,
            level: "info".into(),
        }
    }
}

impl Log {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.targets().is_none() {
            let message =
                "must be off, error, warn, info, debug or trace, or a list such as info,informer_oauth_sqlite=debug";
            problems.add("log.level", message);
        }
    }

    /// What is logged. A bare word that is no level would be read as the name of a module and silence all others.
    pub(crate) fn targets(&self) -> Option<Targets> {
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        let fits = self.level.split(',').all(|part| {
            let level = part.split_once('=').map_or(part, |(_, level)| level).trim();
            levels.contains(&level.to_ascii_lowercase().as_str())
        });
        fits.then(|| self.level.parse().ok()).flatten()
    }
}
