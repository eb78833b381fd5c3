use std::fs;

use serde_json::Value;

use crate::{code, common::Service, stderr, stdout};

#[test]
fn an_unknown_setting_is_misuse_for_every_command() {
    let service = Service::prepare(&[("INFORMER_OAUTH__HTTP__LISTN", "127.0.0.1:0")]);
    for command in [["config", "check"].as_slice(), &["serve"], &["user", "list"], &[]] {
        let refused = service.cli(command);
        assert_eq!(code(&refused), 2, "{command:?}");
        assert!(
            stderr(&refused).contains("did you mean INFORMER_OAUTH__HTTP__LISTEN?"),
            "{}",
            stderr(&refused)
        );
    }
    assert!(!service.data_dir().exists(), "nothing was begun");
}

#[test]
fn a_bad_file_and_a_bad_value_are_misuse() {
    let service = Service::prepare(&[]);
    let file = service.folder().join("informer-oauth.toml");
    for (text, said) in [
        ("[http", "informer-oauth.toml"),
        ("[tokens]\ncode_seconds = 0", "tokens.code_seconds"),
    ] {
        fs::write(&file, text).unwrap();
        let refused = service.cli(&["config", "check"]);
        assert_eq!(code(&refused), 2);
        assert!(stderr(&refused).contains(said), "{}", stderr(&refused));
    }
    fs::write(&file, "[tokens]\ncode_seconds = 30").unwrap();
    assert!(service.cli_ok(&["config", "check"]).contains("fine"));
    assert_eq!(code(&service.cli(&["config", "check", "--config", "missing.toml"])), 2);
    assert_eq!(
        code(&service.cli(&["config", "check", "--issuer", "http://login.example.com"])),
        2
    );
    assert_eq!(code(&service.cli(&["no-such-command"])), 2);
}

#[test]
fn show_says_where_each_value_came_from_and_hides_secrets() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let service = Service::prepare(&[("INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY", key)]);
    fs::write(
        service.folder().join("informer-oauth.toml"),
        "[tokens]\ncode_seconds = 30",
    )
    .unwrap();
    let shown = service.cli(&["config", "show", "--output", "json", "--log-level", "warn"]);
    assert!(!stdout(&shown).contains(key) && !stderr(&shown).contains(key));
    let settings: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let find = |key: &str| {
        settings
            .as_array()
            .unwrap()
            .iter()
            .find(|setting| setting["key"] == key)
            .unwrap()
            .clone()
    };
    assert_eq!(find("secrets.encryption_key")["value"], "***");
    assert_eq!(
        find("secrets.encryption_key")["source"],
        "env INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY"
    );
    assert!(
        find("tokens.code_seconds")["source"]
            .as_str()
            .unwrap()
            .starts_with("file ")
    );
    assert_eq!(find("log.level")["source"], "flag --log-level");
    assert_eq!(find("tokens.access_seconds")["source"], "default");
    let text = service.cli_ok(&["config", "show"]);
    assert!(text.contains("***") && !text.contains(key));
}

#[test]
fn a_configured_encryption_key_makes_no_file() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let service = Service::start_with(&[("INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY", key)]);
    assert!(!service.data_dir().join("encryption.key").exists());
    assert_eq!(
        service
            .client()
            .get(service.url("/health/ready"))
            .send()
            .unwrap()
            .status(),
        200
    );
}

#[test]
fn the_gate_explains_itself_with_rows_of_ones_own() {
    let service = Service::prepare(&[(
        "INFORMER_OAUTH__GATE__ROUTES",
        r#"[{"pattern":"/api/boards/{id}/_preview","methods":["POST"],"area":"report","access":"read"}]"#,
    )]);
    let explain = |arguments: &[&str]| service.cli(&[&["gate", "explain"], arguments].concat());
    let passes = explain(&["POST", "/api/boards/1/_preview", "--scope", "read:report"]);
    assert_eq!(code(&passes), 0, "{}", stdout(&passes));
    assert!(
        stdout(&passes).contains("/api/boards/{id}/_preview"),
        "{}",
        stdout(&passes)
    );
    let not = explain(&["DELETE", "/api/datasets/1", "--scope", "read:dataset"]);
    assert_eq!(code(&not), 1);
    assert!(stdout(&not).contains("needs write:dataset"), "{}", stdout(&not));
    let own = explain(&["GET", "/api/users/grace", "--scope", "read:profile", "--user", "grace"]);
    assert_eq!(code(&own), 0, "{}", stdout(&own));
    assert_eq!(
        code(&explain(&[
            "GET",
            "/api/users/grace",
            "--scope",
            "read:profile",
            "--user",
            "ada"
        ])),
        1
    );
    let refused = explain(&["GET", "/api/datasets/..%2f..", "--scope", "write:global"]);
    assert_eq!(code(&refused), 1);
    assert!(stdout(&refused).contains("refused"), "{}", stdout(&refused));
    let json = |arguments: &[&str]| -> serde_json::Value {
        let output = explain(&[arguments, &["--output", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let search = json(&["POST", "/api/datasets/1/_search/", "--scope", "read:report"]);
    assert_eq!(search["allowed"], false);
    assert_eq!(search["path"], "/api/datasets/1/_search");
    assert_eq!(search["row"], "POST /api/datasets/{id}/_search");
    assert_eq!(
        (&search["area"], &search["access"]),
        (&"dataset".into(), &"read".into())
    );
    assert_eq!(
        search["sufficient"],
        serde_json::json!(["read:dataset", "write:dataset", "read:global", "write:global"])
    );
    let refused = json(&["GET", "/api/datasets/./x", "--scope", "write:global"]);
    assert_eq!((&refused["allowed"], refused["row"].is_null()), (&false.into(), true));
    assert_eq!(code(&explain(&["GET", "/", "--scope", "read:everything"])), 2);
}
