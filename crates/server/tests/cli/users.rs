use crate::{
    code,
    common::{Service, sign_in, try_sign_in},
    json, stderr, stdout,
};

const PASSWORD: &str = "correct horse battery";

fn add(service: &Service, name: &str) {
    let added = service.cli_with_input(&["user", "add", name, "--password-stdin"], &format!("{PASSWORD}\n"));
    assert_eq!(code(&added), 0, "{}", stderr(&added));
    assert!(!stdout(&added).contains(PASSWORD), "what was typed is not repeated");
}

#[test]
fn a_user_added_beside_the_running_service_can_sign_in() {
    let service = Service::start();
    add(&service, "ada");
    sign_in(&service.client(), service.base(), "ada", PASSWORD);
    let users = json(&service, &["user", "list"]);
    let names: Vec<&str> = users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["username"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ada", "admin"]);
    assert_eq!(users[0]["superuser"], false);
}

#[test]
fn a_drawn_password_is_printed_once_and_works() {
    let service = Service::start();
    let added = json(
        &service,
        &["user", "add", "grace", "--superuser", "--display-name", "Grace Hopper"],
    );
    let password = added["password"].as_str().unwrap();
    sign_in(&service.client(), service.base(), "grace", password);
    assert!(!service.cli_ok(&["user", "list", "--output", "json"]).contains(password));
    let again = json(&service, &["user", "password", "grace"]);
    assert!(
        !try_sign_in(&service.client(), service.base(), "grace", password),
        "the old one is gone"
    );
    sign_in(
        &service.client(),
        service.base(),
        "grace",
        again["password"].as_str().unwrap(),
    );
}

#[test]
fn locking_ends_sessions_and_unlocking_lets_in_again() {
    let service = Service::start();
    add(&service, "ada");
    let http = service.client();
    sign_in(&http, service.base(), "ada", PASSWORD);
    let status = || {
        http.get(service.url("/api/oauth-clients-list"))
            .send()
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(status(), 200);
    service.cli_ok(&["user", "lock", "ada"]);
    assert_eq!(status(), 401);
    assert!(!try_sign_in(&service.client(), service.base(), "ada", PASSWORD));
    service.cli_ok(&["user", "unlock", "ada"]);
    sign_in(&http, service.base(), "ada", PASSWORD);
    assert_eq!(status(), 200);
}

#[test]
fn misuse_is_told_from_failure() {
    let service = Service::start();
    let short = service.cli_with_input(&["user", "add", "ada", "--password-stdin"], "short\n");
    assert_eq!(code(&short), 2, "{}", stderr(&short));
    let name = service.cli(&["user", "add", "a b"]);
    assert_eq!(code(&name), 2, "{}", stderr(&name));
    let taken = service.cli(&["user", "add", "admin"]);
    assert_eq!(code(&taken), 1);
    assert!(stderr(&taken).contains("already"), "{}", stderr(&taken));
    let unknown = service.cli(&["user", "lock", "nobody"]);
    assert_eq!(code(&unknown), 1);
    assert!(stderr(&unknown).contains("not found"), "{}", stderr(&unknown));
}
