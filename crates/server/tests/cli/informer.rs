//! Settings and commands where users are Informer's.

use std::fs;

use informer_oauth_testkit::informer::{Behaviour, FakeInformer, FakeUser};
use serde_json::Value;

use crate::{code, common::Service, json, stderr, stdout};

const KIND: (&str, &str) = ("INFORMER_OAUTH__IDENTITY__KIND", "informer");

/// A variable of the section, with its value.
fn setting<'a>(name: &str, value: &'a str) -> (String, &'a str) {
    (format!("INFORMER_OAUTH__IDENTITY__INFORMER__{name}"), value)
}

fn service(settings: &[(String, &str)]) -> Service {
    let mut environment = vec![KIND];
    environment.extend(settings.iter().map(|(name, value)| (name.as_str(), *value)));
    Service::prepare(&environment)
}

/// What `config check` finds wrong: each message's key.
fn wrong(settings: &[(String, &str)]) -> Vec<String> {
    let refused = service(settings).cli(&["config", "check"]);
    if refused.status.success() {
        return Vec::new();
    }
    assert_eq!(code(&refused), 2, "{}", stderr(&refused));
    let said = stderr(&refused);
    let keys = said
        .lines()
        .filter_map(|line| line.strip_prefix("error: ")?.split_once(": "));
    keys.map(|(key, _)| key.replace("identity.informer.", "")).collect()
}

const URL: &str = "http://127.0.0.1:3000";

#[test]
fn every_mistake_in_the_section_is_named_with_its_key() {
    assert_eq!(wrong(&[]), ["url"]);
    assert!(wrong(&[setting("URL", URL)]).is_empty(), "the rest has defaults");
    for (name, value, key) in [
        ("URL", "informer", "url"),
        ("URL", "http://bi.example.com", "url"),
        ("SESSION_COOKIE", "a b", "session_cookie"),
        ("SESSION_PATH", "sessions/{sid}", "session_path"),
        ("USER_PATH", "/api/users", "user_path"),
        ("API_TOKEN", "two words", "api_token"),
        ("API_TOKEN_FILE", "no-such-file", "api_token_file"),
        ("SUPERUSER_POINTER", "superuser", "superuser_pointer"),
        ("TOKEN_API_POINTER", "tokenApi", "token_api_pointer"),
        ("LOGIN_URL", "login", "login_url"),
        ("LOGIN_URL", "//evil.example/login", "login_url"),
        ("LOGIN_URL", "https://evil.example/login", "login_url"),
        ("TENANT", "", "tenant"),
        ("HEADERS__COOKIE", "sid=1", "headers"),
        ("HEADERS__X_INF_TENANT", "", "headers"),
        ("TIMEOUT_MS", "2000", "timeout_ms"),
        ("CACHE_SECONDS", "301", "cache_seconds"),
    ] {
        let mut settings = vec![setting(name, value)];
        if name != "URL" {
            settings.push(setting("URL", URL));
        }
        let found = wrong(&settings);
        assert!(
            !found.is_empty() && found.iter().all(|found| found == key),
            "{name}={value}: {found:?}"
        );
    }
    let nobodys = Service::prepare(&[("INFORMER_OAUTH__IDENTITY__INFORMER__URL", "nonsense")]);
    nobodys.cli_ok(&["config", "check"]);
}

#[test]
fn a_login_page_may_be_named_with_the_issuers_origin() {
    let issuer = ("INFORMER_OAUTH__ISSUER".to_owned(), "https://bi.example.com/auth");
    let with = |login: &'static str| wrong(&[issuer.clone(), setting("URL", URL), setting("LOGIN_URL", login)]);
    for good in [
        "https://bi.example.com/login",
        "https://bi.example.com:443/",
        "/login?from=oauth",
    ] {
        assert!(with(good).is_empty(), "{good}");
    }
    for bad in [
        "https://login.example.com/",
        "http://bi.example.com/login",
        "https://bi.example.com:8443/login",
    ] {
        assert_eq!(with(bad), ["login_url"], "{bad}");
    }
}

#[test]
fn the_api_token_is_never_shown_and_may_stand_in_a_file() {
    let token = "hunter2-hunter2";
    let direct = service(&[setting("URL", URL), setting("API_TOKEN", token)]);
    let shown = direct.cli(&["config", "show"]);
    assert!(
        !stdout(&shown).contains(token) && stdout(&shown).contains("***"),
        "{}",
        stdout(&shown)
    );
    let both = service(&[
        setting("URL", URL),
        setting("API_TOKEN", token),
        setting("API_TOKEN_FILE", "token"),
    ]);
    fs::write(both.folder().join("token"), token).unwrap();
    let refused = both.cli(&["config", "check"]);
    assert_eq!(code(&refused), 2);
    assert!(!stderr(&refused).contains(token), "{}", stderr(&refused));

    let informer = FakeInformer::start();
    informer.set_user(FakeUser::named("admin"));
    let url = informer.url();
    let mut filed = service(&[setting("URL", &url), setting("API_TOKEN_FILE", "token")]);
    fs::write(filed.folder().join("token"), format!("{}\n", informer.api_token())).unwrap();
    filed.launch();
    let findings = findings(&filed);
    assert_eq!(standing(&findings, "informer token"), "ok", "{findings}");
}

#[test]
fn nobody_is_made_at_the_first_start_and_nobody_is_managed_here() {
    let informer = FakeInformer::start();
    let url = informer.url();
    let mut service = service(&[setting("URL", &url), setting("LOGIN_URL", "/login")]);
    service.launch();
    let banner = service.stdout();
    assert!(!banner.contains("password"), "{banner}");
    assert!(
        banner.contains(&format!("Sign in    {}/login", service.base())),
        "{banner}"
    );
    assert!(service.log().contains("api_token is not set"), "{}", service.log());
    for command in [["user", "list"].as_slice(), &["user", "lock", "ada"]] {
        let refused = service.cli(command);
        assert_eq!(code(&refused), 2);
        assert!(stderr(&refused).contains("Informer's"), "{}", stderr(&refused));
    }
    let names = |service: &Service| -> Vec<String> {
        let clients = json(service, &["client", "list"]);
        let clients = clients.as_array().unwrap();
        clients
            .iter()
            .map(|client| client["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let made = names(&service);
    if made.len() == 2 {
        service.cli_ok(&["client", "delete", "Informer GO"]);
        service.restart();
        assert_eq!(names(&service), ["Informer CLI"], "only the first start makes them");
    }
}

fn findings(service: &Service) -> Value {
    serde_json::from_slice(&service.cli(&["doctor", "--output", "json"]).stdout).unwrap()
}

fn standing(findings: &Value, check: &str) -> String {
    let mut all = findings.as_array().unwrap().iter();
    let found = all.find(|finding| finding["check"] == check);
    found.map_or_else(
        || "none".to_owned(),
        |found| found["standing"].as_str().unwrap().to_owned(),
    )
}

/// The standings of what is said about Informer.
fn about(service: &Service) -> [String; 3] {
    let findings = findings(service);
    ["informer", "informer token", "informer users"].map(|check| standing(&findings, check))
}

#[test]
fn doctor_finds_what_is_wrong_with_informer() {
    let informer = FakeInformer::start();
    let (url, token) = (informer.url(), informer.api_token());
    let mut service = service(&[setting("URL", &url)]);
    service.launch();
    assert_eq!(about(&service), ["ok", "failed", "none"], "no token");
    service.set("INFORMER_OAUTH__IDENTITY__INFORMER__API_TOKEN", "wrong");
    assert_eq!(about(&service), ["ok", "failed", "none"], "refused");
    service.set("INFORMER_OAUTH__IDENTITY__INFORMER__API_TOKEN", &token);
    assert_eq!(about(&service), ["ok", "ok", "warning"], "nobody to look at");
    informer.set_user(FakeUser::named("admin"));
    assert_eq!(about(&service), ["ok", "ok", "ok"]);
    service.set(
        "INFORMER_OAUTH__IDENTITY__INFORMER__TOKEN_API_POINTER",
        "/features/tokenApi",
    );
    assert_eq!(about(&service), ["ok", "ok", "warning"], "nothing there");
    service.set("INFORMER_OAUTH__IDENTITY__INFORMER__TOKEN_API_POINTER", "/email");
    assert_eq!(about(&service), ["ok", "ok", "failed"], "no flag there");
    informer.behave(Behaviour::Failing(500));
    assert_eq!(about(&service), ["failed", "none", "none"]);
    informer.behave(Behaviour::Refusing);
    assert_eq!(about(&service), ["failed", "none", "none"]);
    assert_eq!(code(&service.cli(&["doctor"])), 1);
}

/// The standings of what is said about a session, whose cookie is in a file, and about tenants.
fn about_session(service: &Service, cookie: &str) -> [String; 2] {
    fs::write(service.folder().join("cookie"), format!("{cookie}\n")).unwrap();
    let output = service.cli(&["doctor", "--output", "json", "--session", "cookie"]);
    let value = cookie.rsplit('=').next().unwrap();
    assert!(!stdout(&output).contains(value) && !stderr(&output).contains(value));
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    ["informer session", "informer tenant"].map(|check| standing(&findings, check))
}

#[test]
fn doctor_checks_a_session_its_tenant_and_the_headers() {
    let informer = FakeInformer::start();
    informer.set_user(FakeUser::named("admin"));
    let (url, token) = (informer.url(), informer.api_token());
    let mut service = service(&[setting("URL", &url), setting("API_TOKEN", &token)]);
    let sid = informer.sign_in("admin");
    assert_eq!(
        standing(&findings(&service), "informer session"),
        "warning",
        "none given"
    );
    assert_eq!(about_session(&service, &sid), ["ok", "none"]);
    assert_eq!(about_session(&service, &format!("sid={sid}")), ["ok", "none"]);
    assert_eq!(about_session(&service, "0123456789abcdef"), ["failed", "none"]);
    for member in ["expiresAt", "active", "username"] {
        let sid = informer.sign_in("admin");
        informer.leave_out_of_session(&sid, member);
        assert_eq!(about_session(&service, &sid), ["failed", "none"], "{member}");
    }
    informer.serve_tenant("acme");
    assert_eq!(about_session(&service, &sid), ["failed", "none"], "no header");
    service.set("INFORMER_OAUTH__IDENTITY__INFORMER__HEADERS__X_INF_TENANT", "acme");
    assert_eq!(about_session(&service, &sid), ["ok", "warning"], "no tenant set");
    assert_eq!(about(&service), ["ok", "ok", "ok"]);
    service.set("INFORMER_OAUTH__IDENTITY__INFORMER__TENANT", "other");
    assert_eq!(about_session(&service, &sid), ["ok", "failed"]);
    service.set("INFORMER_OAUTH__IDENTITY__INFORMER__TENANT", "acme");
    assert_eq!(about_session(&service, &sid), ["ok", "ok"]);
    let shown = stdout(&service.cli(&["config", "show"]));
    assert!(shown.contains("identity.informer.headers.x-inf-tenant"), "{shown}");
}
