use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    code,
    common::{Service, sign_in},
    grant::introspect,
    json, stderr, stdout,
};

fn create(service: &Service, name: &str) -> Value {
    json(
        service,
        &[
            "client",
            "create",
            "--name",
            name,
            "--redirect-uri",
            "https://a.example/cb",
        ],
    )
}

#[test]
fn a_client_is_created_shown_and_deleted_by_any_of_its_names() {
    let service = Service::start();
    let created = json(
        &service,
        &[
            "client",
            "create",
            "--name",
            "Board",
            "--redirect-uri",
            "https://a.example/cb",
            "--scope",
            "read:dataset,read:report",
            "--no-pkce",
        ],
    );
    assert_eq!(created["scope"], serde_json::json!(["read:dataset", "read:report"]));
    assert_eq!(created["pkce"], false);
    assert!(created["createdBy"].as_str().unwrap().starts_with("cli:"));
    for name in [
        "Board",
        created["client_id"].as_str().unwrap(),
        created["id"].as_str().unwrap(),
    ] {
        assert_eq!(json(&service, &["client", "show", name]), created);
    }
    service.cli_ok(&["client", "delete", "Board"]);
    let gone = service.cli(&["client", "show", "Board"]);
    assert_eq!(code(&gone), 1);
    assert!(stderr(&gone).contains("client list"), "{}", stderr(&gone));
}

#[test]
fn a_bad_field_and_a_second_built_in_client_are_refused() {
    let service = Service::start();
    let bad = service.cli(&[
        "client",
        "create",
        "--name",
        "X",
        "--redirect-uri",
        "javascript:alert(1)",
    ]);
    assert_eq!(code(&bad), 2);
    assert!(stderr(&bad).contains("redirect_uri[0]"), "{}", stderr(&bad));
    assert_eq!(
        code(&service.cli(&["client", "create"])),
        2,
        "neither a name nor a template"
    );
    let second = service.cli(&["client", "create", "--template", "Informer CLI"]);
    assert_eq!(code(&second), 1);
    service.cli_ok(&["client", "delete", "Informer CLI"]);
    let again = json(&service, &["client", "create", "--template", "Informer CLI"]);
    assert_eq!(again["client_id"], "a6bd8f0f72b2c3275ff6");
}

#[test]
fn a_secret_works_at_once_and_stops_within_a_second_of_its_removal() {
    let service = Service::start();
    let http = service.client();
    let client = create(&service, "API");
    let id = client["client_id"].as_str().unwrap();
    let secret = json(&service, &["client", "secret", "add", "API"]);
    let text = secret["secret"].as_str().unwrap();
    assert_eq!(introspect(&http, &service, id, text, "x").unwrap(), 200);

    let listed = service.cli_ok(&["client", "secret", "list", "API", "--output", "json"]);
    assert!(
        !listed.contains(text) && listed.contains(&text[text.len() - 8..]),
        "{listed}"
    );

    service.cli_ok(&["client", "secret", "remove", "API", secret["id"].as_str().unwrap()]);
    let removed = Instant::now();
    while introspect(&http, &service, id, text, "x").unwrap() == 200 {
        assert!(removed.elapsed() < Duration::from_secs(5), "it still works");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(introspect(&http, &service, id, text, "x").unwrap(), 401);
}

#[test]
fn a_rotation_gives_the_older_secrets_a_deadline() {
    let service = Service::start();
    create(&service, "API");
    service.cli_ok(&["client", "secret", "add", "API"]);
    service.cli_ok(&["client", "secret", "add", "API", "--expire-others-in", "3600"]);
    let secrets = json(&service, &["client", "secret", "list", "API"]);
    assert!(
        secrets[0]["expiresAt"].is_string() && secrets[1]["expiresAt"].is_null(),
        "{secrets}"
    );
    assert_eq!(
        code(&service.cli(&["client", "secret", "add", "API", "--expires-at", "tomorrow"])),
        2
    );
    assert_eq!(
        code(&service.cli(&["client", "secret", "add", "API", "--expires-at", "2020-01-01T00:00:00Z"])),
        2
    );
}

#[test]
fn a_label_tells_one_secret_from_another() {
    let service = Service::start();
    create(&service, "API");
    let add = ["client", "secret", "add", "API"];
    let made = json(&service, &[&add[..], &["--label", " Anna's laptop 🦀 "]].concat());
    assert_eq!(made["label"], "Anna's laptop 🦀");
    json(&service, &add);
    let listed = json(&service, &["client", "secret", "list", "API"]);
    assert_eq!(listed[0]["label"], "Anna's laptop 🦀");
    assert!(listed[1].get("label").is_none(), "{listed}");
    let listed = service.cli_ok(&["client", "secret", "list", "API"]);
    let [head, labelled, other] = listed.lines().collect::<Vec<_>>()[..] else {
        panic!("{listed}");
    };
    assert!(head.contains("hint") && head.contains("label"), "{listed}");
    assert!(labelled.contains("  Anna's laptop 🦀  "), "{listed}");
    assert!(other.contains("  -  "), "{listed}");

    let secret = made["secret"].as_str().unwrap();
    for bad in ["", " ", "two\nlines", "\u{1b}[31m", secret, &"x".repeat(101)] {
        let refused = service.cli(&[&add[..], &["--label", bad]].concat());
        assert_eq!(code(&refused), 2, "{bad:?}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains("--label") && !said.contains(&secret[3..]), "{said}");
    }
    assert_eq!(
        json(&service, &["client", "secret", "list", "API"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn what_the_command_line_did_stands_in_the_audit_log() {
    let service = Service::start();
    let client = create(&service, "API");
    service.cli_ok(&["client", "secret", "add", "API"]);
    let http = service.client();
    sign_in(&http, service.base(), "admin", service.admin_password());
    let events = format!("/api/oauth-clients/{}/events", client["id"].as_str().unwrap());
    let events = http.get(service.url(&events)).send().unwrap().text().unwrap();
    assert!(
        events.contains("client.created") && events.contains("secret.created"),
        "{events}"
    );
    assert!(events.contains(r#""cli:"#), "{events}");
}

#[test]
fn apply_prints_the_difference_and_makes_it_so_once() {
    let service = Service::start();
    let file = service.folder().join("clients.toml");
    let text = "[[client]]\nname = \"Board\"\nredirect_uri = [\"https://a.example/cb\"]\nscope = [\"read:dataset\"]\n\n\
                [[client]]\nclient_id = \"a6bd8f0f72b2c3275ff6\"\nenabled = false\n";
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();

    let planned = service.cli_ok(&["client", "apply", file, "--dry-run"]);
    assert!(
        planned.contains("+ Board (new)") && planned.contains("enabled: true -> false"),
        "{planned}"
    );
    assert!(
        planned.contains("    redirect_uri:\n      + https://a.example/cb\n    scope: everything -> read:dataset\n"),
        "{planned}"
    );
    let beside = stderr(&service.cli(&["client", "apply", file, "--dry-run"]));
    assert_eq!(beside, "would create 1, change 1, leave 0 as they are\n");
    assert_eq!(
        json(&service, &["client", "list"]).as_array().unwrap().len(),
        2,
        "a dry run changes nothing"
    );

    assert_eq!(
        service.cli_ok(&["client", "apply", file]),
        planned,
        "it says what it does"
    );
    assert_eq!(json(&service, &["client", "show", "Informer CLI"])["enabled"], false);
    assert_eq!(
        json(&service, &["client", "show", "Board"])["scope"],
        serde_json::json!(["read:dataset"])
    );

    let again = service.cli_ok(&["client", "apply", file]);
    assert!(again.lines().all(|line| line.starts_with('=')), "{again}");
}

#[test]
fn what_list_prints_can_be_applied_again() {
    let service = Service::start();
    create(&service, "Board");
    let file = service.folder().join("clients.json");
    fs::write(&file, service.cli_ok(&["client", "list", "--output", "json"])).unwrap();
    let applied = service.cli_ok(&["client", "apply", file.to_str().unwrap()]);
    assert!(
        applied.lines().count() == 3 && applied.lines().all(|line| line.starts_with('=')),
        "{applied}"
    );
}

#[test]
fn a_file_with_a_mistake_changes_nothing() {
    let service = Service::start();
    let apply = |text: &str| {
        let file = service.folder().join("clients.toml");
        fs::write(&file, text).unwrap();
        service.cli(&["client", "apply", file.to_str().unwrap()])
    };
    let good = "[[client]]\nname = \"Board\"\n";
    for (mistake, said) in [
        ("[[client]]\nname = \"Other\"\nredirect_uri = [\"nope\"]\n", "Other"),
        ("[[client]]\nname = \"Other\"\nredirect_uris = []\n", "redirect_uris"),
        ("[[client]]\nname = \"Board\"\nenabled = false\n", "twice"),
        ("[[client]]\npkce = true\n", "client_id or a name"),
    ] {
        let refused = apply(&format!("{good}\n{mistake}"));
        assert_eq!(code(&refused), 2, "{mistake}: {}", stderr(&refused));
        assert!(stderr(&refused).contains(said), "{mistake}: {}", stderr(&refused));
    }
    assert_eq!(json(&service, &["client", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn a_name_that_would_command_the_terminal_is_shown_as_text() {
    let service = Service::start();
    let description = "\u{1b}]0;owned\u{7}";
    service.cli_ok(&["client", "create", "--name", "Board", "--description", description]);
    let shown = service.cli(&["client", "show", "Board"]);
    assert!(!stdout(&shown).contains('\u{1b}'), "{}", stdout(&shown));
}
