//! The keys that exist, and the nearest of them to one that does not.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Config;

/// The beginning of every environment variable that is a setting.
pub(super) const PREFIX: &str = "INFORMER_OAUTH__";

/// Sections whose keys the operator chooses.
const OPEN: [&str; 1] = ["identity.informer.headers"];

/// Whether a key lies in a section whose keys the operator chooses.
pub(super) fn is_open(key: &str) -> bool {
    OPEN.iter()
        .filter_map(|section| key.strip_prefix(section)?.strip_prefix('.'))
        .any(|name| !name.is_empty() && !name.contains('.'))
}

/// A key as a variable of the environment names it. Names of headers have hyphens, which shells do not take in a
/// variable: an underscore stands for one.
pub(super) fn key_of_variable(rest: &str) -> String {
    let key = rest.to_ascii_lowercase().replace("__", ".");
    match key.rsplit_once('.') {
        Some((section, name)) if is_open(&key) => format!("{section}.{}", name.replace('_', "-")),
        _ => key,
    }
}

/// Every value below a configuration's sections, by its dotted key.
pub(super) fn flatten(value: &impl Serialize) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    // A configuration is made of maps with text keys, lists and plain values: all of them JSON.
    collect(
        String::new(),
        serde_json::to_value(value).unwrap_or_default(),
        &mut found,
    );
    found
}

fn collect(key: String, value: Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(section) => {
            for (name, value) in section {
                collect(
                    if key.is_empty() { name } else { format!("{key}.{name}") },
                    value,
                    found,
                );
            }
        }
        value => {
            found.insert(key, value);
        }
    }
}

/// Every key with its default.
pub(super) fn known() -> BTreeMap<String, Value> {
    flatten(&Config::default())
}

/// The environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// The variable that a name was probably meant to be: it differs in underscores or in upper and lower case only.
pub(super) fn almost_variable<'k>(name: &str, known: impl Iterator<Item = &'k String>) -> Option<String> {
    let plain = |text: &str| text.replace(['_', '.'], "").to_ascii_lowercase();
    let meant = plain(name);
    let mut known = known.map(|key| variable(key));
    known.find_map(|variable| {
        let file = format!("{variable}_FILE");
        [variable, file].into_iter().find(|candidate| plain(candidate) == meant)
    })
}

/// Of the known keys the one that was probably meant.
pub(super) fn nearest<'k>(unknown: &str, known: impl Iterator<Item = &'k String>) -> Option<&'k str> {
    let name = last(unknown);
    known
        .map(String::as_str)
        // The whole key counts; among keys as near, the one whose own name is nearest.
        .min_by_key(|key| {
            (
                strsim::damerau_levenshtein(unknown, key).min(1 + strsim::damerau_levenshtein(name, last(key))),
                *key,
            )
        })
}

fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}
