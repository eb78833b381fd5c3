//! The tables of docs/configuration.md and the settings of the binary are the same.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::{
    common::{BINARY, command},
    workspace,
};

/// Key, environment variable and default of every row that begins with a key.
fn rows() -> BTreeMap<String, (String, String)> {
    let text = fs::read_to_string(workspace().join("docs/configuration.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [key, default, variable, ..] = cells.as_slice() else {
            continue;
        };
        if !variable.starts_with("`INFORMER_OAUTH__") {
            continue;
        }
        let bare = |cell: &str| cell.trim_matches('`').to_owned();
        let twice = rows.insert(bare(key), (bare(variable), bare(default)));
        assert!(twice.is_none(), "{key} has two rows");
    }
    rows
}

/// What `config show` says without any setting.
fn settings() -> BTreeMap<String, Value> {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path())
        .env_remove("INFORMER_OAUTH__SECRETS__BCRYPT_COST")
        .args(["config", "show", "--output", "json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{BINARY}: {output:?}");
    let settings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    settings
        .into_iter()
        .map(|setting| (setting["key"].as_str().unwrap().to_owned(), setting["value"].clone()))
        .collect()
}

#[test]
fn every_setting_has_a_row_and_every_row_is_a_setting() {
    let documented: Vec<String> = rows().into_keys().collect();
    let known: Vec<String> = settings().into_keys().collect();
    assert_eq!(documented, known);
}

#[test]
fn the_documented_environment_variables_are_those_of_the_keys() {
    for (key, (variable, _)) in rows() {
        let expected = format!("INFORMER_OAUTH__{}", key.replace('.', "__").to_uppercase());
        assert_eq!(variable, expected);
    }
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    // What depends on the machine, or is put in words.
    const IN_WORDS: [&str; 24] = [
        "audit.retention_days",
        "bootstrap.admin_password",
        "brand.logo_file",
        "cache.tls_certificate_file",
        "cache.tls_key_file",
        "cache.tls_root_file",
        "cache.url",
        "gate.foreign_tokens",
        "http.metrics_listen",
        "http.workers",
        "identity.informer.api_token",
        "identity.informer.api_token_file",
        "identity.informer.tenant",
        "identity.informer.token_api_pointer",
        "identity.informer.url",
        "issuer",
        "limits.bcrypt_concurrency",
        "limits.bcrypt_queue",
        "limits.password_concurrency",
        "limits.password_queue",
        "secrets.encryption_key",
        "secrets.encryption_key_file",
        "telemetry.otlp_endpoint",
        "tokens.audience",
    ];
    let documented = rows();
    for (key, value) in settings() {
        let (_, default) = &documented[&key];
        if IN_WORDS.contains(&key.as_str()) {
            assert!(!default.is_empty(), "{key} has no default");
            continue;
        }
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert_eq!(default, &shown, "{key}");
    }
}

#[test]
fn every_row_is_accepted_from_the_environment() {
    for (key, value) in settings() {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text,
            other => other.to_string(),
        };
        let folder = tempfile::tempdir().unwrap();
        let variable = &rows()[&key].0;
        let output = command(folder.path())
            .env(variable, value)
            .args(["config", "check"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{variable}: {output:?}");
    }
}
