//! What is shown once only must reach somebody; and texts that begin with a byte order mark.

use std::fs;

use crate::{
    code,
    common::{Service, sign_in},
    json, stderr,
};

const MARK: &str = "\u{feff}";

#[test]
fn a_secret_that_nobody_reads_is_removed_again() {
    let service = Service::start();
    let client = json(&service, &["client", "create", "--name", "Board"]);
    let id = client["client_id"].as_str().unwrap();
    let unread = service.cli_unread(&["client", "secret", "add", id]);
    assert_eq!(code(&unread), 1, "{}", stderr(&unread));
    assert!(stderr(&unread).contains("removed again"), "{}", stderr(&unread));
    let secrets = json(&service, &["client", "secret", "list", id]);
    assert_eq!(secrets.as_array().unwrap().len(), 0);

    let unread = service.cli_unread(&["client", "create", "--name", "Other", "--with-secret"]);
    assert_eq!(code(&unread), 1, "{}", stderr(&unread));
    assert!(stderr(&unread).contains("client secret add"), "{}", stderr(&unread));
}

#[test]
fn a_drawn_password_that_nobody_reads_is_an_error() {
    let service = Service::start();
    for arguments in [&["user", "add", "ada"][..], &["user", "password", "ada"]] {
        let unread = service.cli_unread(arguments);
        assert_eq!(code(&unread), 1, "{arguments:?}: {}", stderr(&unread));
        assert!(stderr(&unread).contains("user password ada"), "{}", stderr(&unread));
    }
    // A list that nobody reads to its end is none.
    assert_eq!(code(&service.cli_unread(&["user", "list"])), 0);
}

#[test]
fn a_byte_order_mark_is_not_part_of_a_text() {
    let service = Service::start();
    let password = "correct horse battery";
    let input = format!("{MARK}{password}\r\n");
    let added = service.cli_with_input(&["user", "add", "ada", "--password-stdin"], &input);
    assert_eq!(code(&added), 0, "{}", stderr(&added));
    sign_in(&service.client(), service.base(), "ada", password);

    let folder = service.folder();
    let clients = folder.join("clients.json");
    let description = r#"[{"name": "Board", "secretFile": "board.secret"}]"#;
    fs::write(&clients, format!("{MARK}{description}")).unwrap();
    let secret = "cs_ABCDefgh0123456789abcdefghijKLMN";
    fs::write(folder.join("board.secret"), format!("{MARK}{secret}\n")).unwrap();
    service.cli_ok(&["client", "apply", clients.to_str().unwrap()]);

    let body = format!(
        "{MARK}{}",
        r#"{"grant_type": "refresh_token", "client_id": "x", "refresh_token": "y"}"#
    );
    let answer = service
        .client()
        .post(format!("{}/api/oauth/access_token", service.base()))
        .header("Content-Type", "application/json")
        .body(body)
        .send()
        .unwrap();
    assert_eq!(answer.status(), 401, "the client is unknown, the body is read");
}

#[test]
fn an_encryption_key_may_begin_with_a_byte_order_mark() {
    let mut service = Service::start();
    let key = service.data_dir().join("encryption.key");
    let text = fs::read_to_string(&key).unwrap();
    fs::write(&key, format!("{MARK}{text}")).unwrap();
    service.restart();
}
