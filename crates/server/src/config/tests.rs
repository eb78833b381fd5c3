#![expect(clippy::unwrap_used, reason = "tests")]

use std::{ffi::OsString, fs};

use serde_json::json;
use tempfile::TempDir;

use super::{
    known::{known, variable},
    *,
};

/// A folder with `informer-oauth.toml`, environment variables and flags.
fn sources(file: Option<&str>, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> (TempDir, Sources) {
    let folder = TempDir::new().unwrap();
    if let Some(text) = file {
        fs::write(folder.path().join("informer-oauth.toml"), text).unwrap();
    }
    let environment = environment
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect();
    let flags = flags
        .iter()
        .map(|(key, value)| Flag {
            key,
            name: "--flag",
            value: (*value).to_owned(),
        })
        .collect();
    let sources = Sources {
        file: None,
        folder: folder.path().to_owned(),
        environment,
        flags,
    };
    (folder, sources)
}

fn loaded(file: Option<&str>, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Loaded {
    let (_folder, sources) = sources(file, environment, flags);
    load(&sources).unwrap()
}

fn refused(file: Option<&str>, environment: &[(&str, &str)]) -> String {
    let (_folder, sources) = sources(file, environment, &[]);
    load(&sources).unwrap_err().to_string()
}

fn source_of(loaded: &Loaded, key: &str) -> String {
    show(loaded).into_iter().find(|shown| shown.key == key).unwrap().source
}

#[test]
fn the_defaults_are_valid() {
    let config = loaded(None, &[], &[]).config;
    assert_eq!(config.validate(), Problems::default());
    assert_eq!(config.issuer_at(config.http.listen), "http://127.0.0.1:8787");
    assert_eq!(config.tokens.access_seconds, 900);
    assert_eq!(config.secrets.bcrypt_cost, 12);
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_defaults() {
    let file = "[tokens]\naccess_seconds = 1\nrefresh_seconds = 1\ncode_seconds = 1\n";
    let environment = [
        ("INFORMER_OAUTH__TOKENS__REFRESH_SECONDS", "2"),
        ("INFORMER_OAUTH__TOKENS__CODE_SECONDS", "2"),
    ];
    let loaded = loaded(Some(file), &environment, &[("tokens.code_seconds", "3")]);
    let tokens = &loaded.config.tokens;
    assert_eq!(
        (tokens.access_seconds, tokens.refresh_seconds, tokens.code_seconds),
        (1, 2, 3)
    );
    assert_eq!(tokens.refresh_retry_window, 0);
    assert!(source_of(&loaded, "tokens.access_seconds").starts_with("file "));
    assert_eq!(
        source_of(&loaded, "tokens.refresh_seconds"),
        "env INFORMER_OAUTH__TOKENS__REFRESH_SECONDS"
    );
    assert_eq!(source_of(&loaded, "tokens.code_seconds"), "flag --flag");
    assert_eq!(source_of(&loaded, "tokens.refresh_retry_window"), "default");
}

#[test]
fn a_named_file_must_exist_and_wins_over_the_one_in_the_folder() {
    let (folder, mut sources) = sources(Some("log.level = \"error\""), &[], &[]);
    let named = folder.path().join("other.toml");
    sources.file = Some(named.clone());
    assert!(load(&sources).unwrap_err().to_string().contains("other.toml"));
    fs::write(&named, "log.level = \"debug\"").unwrap();
    assert_eq!(load(&sources).unwrap().config.log.level, "debug");
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one_that_exists() {
    let cases = [
        ("isuer = \"x\"", "isuer; did you mean issuer?"),
        ("[http]\nlistne = \"x\"", "http.listne; did you mean http.listen?"),
        (
            "[token]\naccess_seconds = 1",
            "token.access_seconds; did you mean tokens.access_seconds?",
        ),
        ("bcrypt_cost = 4", "bcrypt_cost; did you mean secrets.bcrypt_cost?"),
        ("[cache]\nurls = \"redis://x\"", "cache.urls; did you mean cache.url?"),
        ("http = 3", "http is a section, not a setting"),
        ("[issuer]\nx = 1", "invalid type: map"),
    ];
    for (file, said) in cases {
        let message = refused(Some(file), &[]);
        assert!(message.contains(said), "{file}: {message}");
    }
    let message = refused(None, &[("INFORMER_OAUTH__HTTP__LISTNE", "x")]);
    assert!(
        message.contains("did you mean INFORMER_OAUTH__HTTP__LISTEN?"),
        "{message}"
    );
}

#[test]
fn a_file_that_is_no_toml_is_told_by_its_line_and_not_quoted() {
    let message = refused(Some("[secrets]\nbcrypt_cost = 4\nencryption_key = \"hunter2\n"), &[]);
    assert!(message.contains("informer-oauth.toml: line 3: "), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn every_unknown_key_is_named_at_once() {
    let message = refused(Some("a = 1\nb = 2"), &[("INFORMER_OAUTH__C", "3")]);
    assert_eq!(message.lines().count(), 3, "{message}");
}

#[test]
fn variables_with_other_names_are_other_programs() {
    loaded(
        None,
        &[("INFORMER_OAUTH_SERVICE_HOST", "10.0.0.1"), ("PATH", "/bin")],
        &[],
    );
}

#[test]
fn a_bad_value_is_refused_with_its_key_and_its_source() {
    let cases = [
        ("tokens.access_seconds", "soon"),
        ("tokens.access_seconds", "-1"),
        ("tokens.code_seconds", "601"),
        ("http.listen", "here"),
        ("http.workers", "0"),
        ("http.trusted_proxies", "10.0.0.0/33"),
        ("database.url", "mysql://u:p@h/d"),
        ("database.pool_size", "0"),
        ("database.connect_timeout_ms", "2000"),
        ("database.wait_timeout_ms", "0"),
        ("database.statement_timeout_ms", "60000"),
        ("cache.url", "redis://h"),
        ("cache.pool_size", "0"),
        ("cache.timeout_ms", "2000"),
        ("identity.kind", "informer"),
        ("issuer", "http://login.example.com"),
        ("log.level", "loud"),
        ("log.format", "xml"),
        ("secrets.bcrypt_cost", "3"),
        ("secrets.encryption_key", "c2hvcnQ="),
        ("bootstrap.admin_username", "a b"),
        ("bootstrap.admin_password", "short"),
        ("features.token_api", "maybe"),
        ("gate.routes", r#"[{"pattern":"/api/**/x","area":"global"}]"#),
        (
            "gate.routes",
            r#"[{"pattern":"/api","area":"global","methods":["get"]}]"#,
        ),
        ("security.allowed_custom_schemes", "javascript"),
        ("limits.body_bytes", "1"),
        ("keys.rotate_after_days", "0"),
        ("directory.session_hours", "0"),
        ("caches.verified_secrets_seconds", "0"),
    ];
    for (key, value) in cases {
        let message = refused(None, &[(&variable(key), value)]);
        assert!(message.contains(key), "{key}={value}: {message}");
    }
    let message = refused(None, &[("INFORMER_OAUTH__TOKENS__ACCESS_SECONDS", "soon")]);
    assert!(message.contains("INFORMER_OAUTH__TOKENS__ACCESS_SECONDS"), "{message}");
}

#[test]
fn lists_are_read_from_commas_or_json() {
    let environment = [
        ("INFORMER_OAUTH__HTTP__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        (
            "INFORMER_OAUTH__GATE__ROUTES",
            r#"[{"pattern":"/api/boards/{id}","methods":["POST"],"area":"report","access":"read"}]"#,
        ),
        ("INFORMER_OAUTH__SECURITY__ALLOWED_CUSTOM_SCHEMES", ""),
    ];
    let config = loaded(None, &environment, &[]).config;
    assert_eq!(config.http.networks().len(), 2);
    assert_eq!(
        config.gate.table().rows().next().unwrap().to_string(),
        "POST /api/boards/{id}"
    );
    assert!(config.security.allowed_custom_schemes.is_empty());
}

#[test]
fn a_password_of_digits_stays_as_it_was_typed() {
    let config = loaded(
        None,
        &[("INFORMER_OAUTH__BOOTSTRAP__ADMIN_PASSWORD", "0012345678900")],
        &[],
    )
    .config;
    assert_eq!(
        config.bootstrap.admin_password.unwrap().secret().expose(),
        "0012345678900"
    );
}

#[test]
fn secrets_are_shown_as_stars_and_nowhere_else() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let environment = [
        ("INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY", key),
        ("INFORMER_OAUTH__BOOTSTRAP__ADMIN_PASSWORD", "correct horse"),
    ];
    let loaded = loaded(None, &environment, &[]);
    let all = format!("{loaded:?} {}", serde_json::to_string(&show(&loaded)).unwrap());
    assert!(!all.contains(key) && !all.contains("correct horse"), "{all}");
    let shown = show(&loaded).into_iter().filter(|shown| shown.value == json!("***"));
    assert_eq!(
        shown.map(|shown| shown.key).collect::<Vec<_>>(),
        ["bootstrap.admin_password", "secrets.encryption_key"]
    );
}

#[test]
fn headers_for_informer_are_named_by_the_operator() {
    let file = "[identity.informer.headers]\nHost = \"acme.example\"\n";
    let variable = ("INFORMER_OAUTH__IDENTITY__INFORMER__HEADERS__X_INF_TENANT", "acme");
    let loaded = loaded(Some(file), &[variable], &[]);
    let headers = &loaded.config.identity.informer.headers;
    let value = |name: &str| headers[name].secret().expose().to_owned();
    assert_eq!(
        (value("Host"), value("x-inf-tenant")),
        ("acme.example".into(), "acme".into())
    );
    assert!(source_of(&loaded, "identity.informer.headers.Host").starts_with("file "));
    assert_eq!(
        source_of(&loaded, "identity.informer.headers.x-inf-tenant"),
        format!("env {}", variable.0)
    );
    let shown = serde_json::to_string(&show(&loaded)).unwrap();
    assert!(!shown.contains("acme"), "{shown}");
    assert!(refused(Some("[identity.informer.header]\nHost = \"a\"\n"), &[]).contains("header"));
}

#[test]
fn what_is_shown_says_what_is_in_force() {
    let loaded = loaded(None, &[("INFORMER_OAUTH__HTTP__LISTEN", "127.0.0.1:9000")], &[]);
    let shown = show(&loaded);
    let value = |key: &str| shown.iter().find(|shown| shown.key == key).unwrap().value.clone();
    assert_eq!(value("issuer"), json!("http://127.0.0.1:9000"));
    assert_eq!(value("tokens.audience"), json!("http://127.0.0.1:9000"));
    assert_eq!(shown.len(), known().len());
}

#[test]
fn both_ways_to_give_the_encryption_key_are_one_too_many() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let both = [
        ("INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY", key),
        ("INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY_FILE", "/run/key"),
    ];
    assert!(refused(None, &both).contains("use one of them"));
}

/// What a service on Postgres and Redis is told at least.
const PRODUCTION: [(&str, &str); 3] = [
    (
        "INFORMER_OAUTH__DATABASE__URL",
        "postgres://ada:hunter2@db/oauth?sslmode=verify-full",
    ),
    ("INFORMER_OAUTH__CACHE__URL", "redis://:hunter2@redis:6379"),
    (
        "INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY",
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    ),
];

#[test]
fn with_postgres_a_redis_and_a_key_must_be_named() {
    for (position, key) in [(1, "cache.url"), (2, "secrets.encryption_key")] {
        let mut environment = PRODUCTION.to_vec();
        environment.remove(position);
        let message = refused(None, &environment);
        assert!(message.starts_with(&format!("{key}: must be set")), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    loaded(None, &PRODUCTION, &[]);
}

#[test]
fn with_sqlite_a_redis_would_not_be_used_and_is_refused() {
    let message = refused(None, &[("INFORMER_OAUTH__CACHE__URL", "redis://:hunter2@h")]);
    assert!(message.starts_with("cache.url: is not used with SQLite"), "{message}");
}

#[test]
fn the_stores_passwords_are_shown_as_stars() {
    let loaded = loaded(None, &PRODUCTION, &[]);
    let shown = show(&loaded);
    let value = |key: &str| shown.iter().find(|shown| shown.key == key).unwrap().value.clone();
    assert_eq!(
        value("database.url"),
        json!("postgres://ada:***@db/oauth?sslmode=verify-full")
    );
    assert_eq!(value("cache.url"), json!("redis://:***@redis:6379"));
    assert!(!format!("{loaded:?}").contains("hunter2"));
}

#[test]
fn the_built_in_clients_follow_the_database_unless_told() {
    assert!(loaded(None, &[], &[]).config.registers_builtin_clients());
    assert!(!loaded(None, &PRODUCTION, &[]).config.registers_builtin_clients());
    let mut told = PRODUCTION.to_vec();
    told.push(("INFORMER_OAUTH__BOOTSTRAP__BUILTIN_CLIENTS", "true"));
    assert!(loaded(None, &told, &[]).config.registers_builtin_clients());
}

#[test]
fn a_cluster_is_a_list_in_the_file_or_separated_by_commas() {
    let urls = json!(["redis://:***@a:1", "redis://:***@b:2"]);
    let mut environment = PRODUCTION.to_vec();
    environment.remove(1);
    let file = "[cache]\nurl = [\"redis://:hunter2@a:1\", \"redis://:hunter2@b:2\"]";
    let from_file = loaded(Some(file), &environment, &[]);
    environment.push((
        "INFORMER_OAUTH__CACHE__URL",
        "redis://:hunter2@a:1, redis://:hunter2@b:2",
    ));
    for loaded in [from_file, loaded(None, &environment, &[])] {
        let shown = show(&loaded).into_iter().find(|shown| shown.key == "cache.url");
        assert_eq!(shown.unwrap().value, urls);
    }
}

#[test]
fn any_setting_may_stand_in_a_file_that_a_variable_names() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let url = file("url", "postgres://oauth:hunter2@db.example.com/oauth\n");
    let key = file("key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n");
    let environment = [
        ("INFORMER_OAUTH__DATABASE__URL_FILE", url.as_str()),
        ("INFORMER_OAUTH__CACHE__URL", "redis://cache.example.com"),
        ("INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY_FILE", &key),
        (
            "INFORMER_OAUTH__BOOTSTRAP__ADMIN_PASSWORD_FILE",
            &file("password", "correct horse \r\n"),
        ),
    ];
    let loaded = loaded(None, &environment, &[]);
    assert!(!loaded.config.database.is_embedded());
    assert_eq!(
        loaded.config.secrets.encryption_key_file,
        Some(key.into()),
        "a setting that is called so stays what it is"
    );
    let password = loaded.config.bootstrap.admin_password.as_ref().unwrap();
    assert_eq!(password.secret().expose(), "correct horse ", "only the line ends");
    assert_eq!(
        source_of(&loaded, "database.url"),
        "env INFORMER_OAUTH__DATABASE__URL_FILE"
    );

    let missing = refused(None, &[("INFORMER_OAUTH__ISSUER_FILE", "/nowhere/at/all")]);
    assert!(
        missing.contains("INFORMER_OAUTH__ISSUER_FILE: /nowhere/at/all: No such file"),
        "{missing}"
    );
    let both = refused(
        None,
        &[
            ("INFORMER_OAUTH__DATABASE__URL_FILE", &url),
            ("INFORMER_OAUTH__DATABASE__URL", "sqlite:x.db"),
        ],
    );
    assert!(both.contains("use one of them"), "{both}");
    let unknown = refused(None, &[("INFORMER_OAUTH__ISUER_FILE", &url)]);
    assert!(unknown.contains("there is no setting"), "{unknown}");
}

#[test]
fn variables_that_are_almost_settings_are_warnings_that_name_the_right_one() {
    for (name, meant) in [
        ("INFORMER_OAUTH_ISSUER", "INFORMER_OAUTH__ISSUER"),
        ("informer_oauth__issuer", "INFORMER_OAUTH__ISSUER"),
        ("INFORMER_OAUTH_HTTP_LISTEN", "INFORMER_OAUTH__HTTP__LISTEN"),
        ("INFORMER_OAUTH_DATABASE__URL", "INFORMER_OAUTH__DATABASE__URL"),
        (
            "INFORMER_OAUTH_SECRETS_ENCRYPTION_KEY_FILE",
            "INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY_FILE",
        ),
        ("INFORMER_OAUTH_DATABASE_URL_FILE", "INFORMER_OAUTH__DATABASE__URL_FILE"),
    ] {
        let loaded = loaded(None, &[(name, "https://hidden.example.com")], &[]);
        let [warning] = loaded.warnings.as_slice() else {
            panic!("{name}: {:?}", loaded.warnings);
        };
        assert_eq!(warning, &format!("{name} is ignored; did you mean {meant}?"));
        assert_eq!(loaded.config.issuer, None);
    }
    // Kubernetes sets such for a service of this name; the tests of this project the last.
    for name in [
        "INFORMER_OAUTH_PORT",
        "INFORMER_OAUTH_SERVICE_HOST",
        "INFORMER_OAUTH_PORT_8787_TCP_ADDR",
        "INFORMER_OAUTH_BIN",
        "ISSUER",
    ] {
        assert!(loaded(None, &[(name, "x")], &[]).warnings.is_empty(), "{name}");
    }
}
