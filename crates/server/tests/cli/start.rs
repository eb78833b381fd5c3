use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use crate::{
    code,
    common::{Service, sign_in, try_sign_in},
    json, stderr,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_first_start_makes_everything_and_prints_the_password_once() {
    let mut service = Service::start();
    let data = service.data_dir();
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("informer-oauth.db")), 0o600);
    assert_eq!(mode(&data.join("encryption.key")), 0o600);
    let key = fs::read(data.join("encryption.key")).unwrap();

    let password = service.admin_password().to_owned();
    assert_eq!(service.stdout().matches(&password).count(), 1);
    assert!(!service.log().contains(&password), "the log must not have it");
    sign_in(&service.client(), service.base(), "admin", &password);
    assert!(!try_sign_in(
        &service.client(),
        service.base(),
        "admin",
        "another password"
    ));

    service.restart();
    assert!(!service.stdout().contains("password"), "{}", service.stdout());
    assert_eq!(fs::read(data.join("encryption.key")).unwrap(), key);
    sign_in(&service.client(), service.base(), "admin", &password);
    assert!(!service.log().contains(&password));
}

#[test]
fn the_banner_says_what_works() {
    let service = Service::start();
    let banner = service.stdout();
    let curl = banner.lines().find_map(|line| line.split_once("curl -s ")).unwrap().1;
    let metadata: serde_json::Value = service.client().get(curl).send().unwrap().json().unwrap();
    assert_eq!(
        metadata["issuer"],
        service.base(),
        "the issuer follows the port that was picked"
    );
    for page in ["/oauth/sign-in", "/oauth/docs"] {
        assert!(banner.contains(&service.url(page)), "{banner}");
        assert_eq!(
            service.client().get(service.url(page)).send().unwrap().status(),
            200,
            "{page}"
        );
    }
}

#[test]
fn a_configured_password_is_used_and_never_shown() {
    let configured = "chosen by the operator";
    let service = Service::start_with(&[
        ("INFORMER_OAUTH__BOOTSTRAP__ADMIN_PASSWORD", configured),
        ("INFORMER_OAUTH__BOOTSTRAP__ADMIN_USERNAME", "root"),
    ]);
    assert!(!service.stdout().contains(configured) && !service.log().contains(configured));
    sign_in(&service.client(), service.base(), "root", configured);
}

#[test]
fn the_built_in_clients_are_made_at_the_first_start_only() {
    let mut service = Service::start();
    let names = |service: &Service| -> Vec<String> {
        let clients = json(service, &["client", "list"]);
        clients
            .as_array()
            .unwrap()
            .iter()
            .map(|client| client["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&service), ["Informer CLI", "Informer GO"]);
    service.cli_ok(&["client", "delete", "Informer GO"]);
    service.restart();
    assert_eq!(names(&service), ["Informer CLI"], "what was deleted stays so");

    let without = Service::start_with(&[("INFORMER_OAUTH__BOOTSTRAP__BUILTIN_CLIENTS", "false")]);
    assert!(names(&without).is_empty());
}

#[test]
fn a_second_service_on_the_same_database_is_refused() {
    let service = Service::start();
    let second = service.cli(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code(&second), 1);
    assert!(
        stderr(&second).contains("another informer-oauth serves from"),
        "{}",
        stderr(&second)
    );
    assert_eq!(
        service
            .client()
            .get(service.url("/health/live"))
            .send()
            .unwrap()
            .status(),
        200
    );
}

#[test]
fn a_port_that_is_taken_is_said_and_leaves_no_database() {
    let service = Service::start();
    let other = Service::prepare(&[]);
    let listen = service.base().strip_prefix("http://").unwrap();
    let refused = other.cli(&["serve", "--listen", listen]);
    assert_eq!(code(&refused), 1);
    assert!(
        stderr(&refused).contains(&format!("cannot listen on {listen}")),
        "{}",
        stderr(&refused)
    );
    assert!(!other.data_dir().join("informer-oauth.db").exists());
}

#[test]
fn without_its_key_a_database_is_not_served_and_gets_no_other_key() {
    let mut service = Service::start();
    service.terminate();
    let key = service.data_dir().join("encryption.key");
    let kept = fs::read_to_string(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let refused = service.cli(&["serve"]);
    assert_eq!(code(&refused), 1);
    assert!(
        stderr(&refused).contains("restore it from a backup"),
        "{}",
        stderr(&refused)
    );
    assert!(!key.exists());

    // Another key does not open it either.
    fs::write(&key, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap();
    let refused = service.cli(&["serve"]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("cannot be decrypted"), "{}", stderr(&refused));

    fs::write(&key, kept).unwrap();
    service.launch();
}

#[test]
fn the_log_is_json_lines_with_request_ids_and_without_secrets() {
    let service = Service::start();
    let http = service.client();
    let created = json(
        &service,
        &[
            "client",
            "create",
            "--name",
            "Board",
            "--redirect-uri",
            "http://127.0.0.1/cb",
            "--with-secret",
        ],
    );
    let (id, secret) = (
        created["client_id"].as_str().unwrap(),
        created["secret"].as_str().unwrap(),
    );
    sign_in(&http, service.base(), "admin", service.admin_password());
    let request = http.post(service.url("/oauth/introspect")).basic_auth(id, Some(secret));
    let answer = request
        .header("X-Request-Id", "order-66")
        .form(&[("token", "some-token")])
        .send()
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["X-Request-Id"], "order-66");

    // The line is written when the answer is made, which may be a moment after it was read here.
    let told = || service.log().contains("order-66");
    for _ in 0..100 {
        if told() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = service.log();
    assert!(told(), "{log}");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["level"].is_string() && line["timestamp"].is_string());
    }
    for hidden in [service.admin_password(), secret, "some-token"] {
        assert!(!log.contains(hidden), "{hidden} is in the log");
    }
}

#[test]
fn whoever_sends_a_request_drop_by_drop_is_hung_up_on() {
    use std::io::{Read as _, Write as _};
    let service = Service::start_with(&[("INFORMER_OAUTH__LIMITS__HEAD_SECONDS", "1")]);
    let mut slow = std::net::TcpStream::connect(service.base().strip_prefix("http://").unwrap()).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}
