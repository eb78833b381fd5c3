use serde::Serialize;
use serde_json::Value;

use super::{Loaded, known::flatten};

/// One setting that is in force.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(crate) struct Shown {
    /// Its key.
    pub(crate) key: String,
    /// Its value; secrets are `***`.
    pub(crate) value: Value,
    /// Where it came from.
    pub(crate) source: String,
}

/// Every setting, sorted by key.
pub(crate) fn show(loaded: &Loaded) -> Vec<Shown> {
    let mut config = loaded.config.clone();
    // What these follow when they are not set is more use than that they are not set.
    let issuer = config.issuer_at(config.http.listen);
    config.tokens.audience.get_or_insert_with(|| issuer.clone());
    config.issuer = Some(issuer);
    config.bootstrap.builtin_clients = Some(config.registers_builtin_clients());
    flatten(&config)
        .into_iter()
        .map(|(key, value)| Shown {
            source: loaded.origins.get(&key).map(ToString::to_string).unwrap_or_default(),
            key,
            value,
        })
        .collect()
}
