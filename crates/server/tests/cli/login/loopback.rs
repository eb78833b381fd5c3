//! `login --loopback`, with a program in the place of the one that opens browsers.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use reqwest::Url;
use serde_json::{Value, json};

use super::{Running, fake::FakeIssuer, login, wait_until};
use crate::common::{Service, sign_in};

/// A folder with an `xdg-open` in it that notes what it is to open.
fn opener(folder: &Path, exit_code: u8) -> PathBuf {
    let programs = folder.join("programs");
    fs::create_dir_all(&programs).unwrap();
    let note = folder.join("opened");
    let script = format!(
        "#!/bin/sh\nprintf '%s' \"$1\" > '{0}.part' && mv '{0}.part' '{0}'\nexit {exit_code}\n",
        note.display()
    );
    let program = programs.join("xdg-open");
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    note
}

/// `login --loopback` that finds that program first.
fn with_browser(folder: &Path, issuer: &str, arguments: &[&str]) -> Command {
    let path = format!(
        "{}:{}",
        folder.join("programs").display(),
        std::env::var("PATH").unwrap()
    );
    let mut command = login(folder, issuer, &[&["--loopback"], arguments].concat());
    command.env("PATH", path).env("DISPLAY", ":99");
    command
}

fn opened(note: &Path) -> Url {
    wait_until("a browser is opened", || note.exists());
    Url::parse(&fs::read_to_string(note).unwrap()).unwrap()
}

fn parameters(url: &Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// What a browser gets that goes there.
fn visit(url: &str) -> (u16, String) {
    let answer = reqwest::blocking::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(url)
        .send()
        .unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

/// The administrator decides about the request that the browser was opened with; where the browser goes on.
fn decide(service: &Service, asked: &Url, approve: bool) -> String {
    let http = service.client();
    sign_in(
        &http,
        service.base(),
        service.admin_username(),
        service.admin_password(),
    );
    let mut decision = json!({ "approve": approve });
    for (name, value) in parameters(asked) {
        decision[name] = json!(value);
    }
    let answer = http
        .post(service.url("/api/oauth/authorize"))
        .header("Origin", service.base())
        .json(&decision)
        .send()
        .unwrap();
    let answer: Value = answer.json().unwrap();
    answer["redirect_uri"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

#[test]
fn the_browser_is_opened_and_its_answer_becomes_a_token() {
    let service = Service::start();
    let note = opener(service.folder(), 0);
    let mut running = Running::start(&mut with_browser(
        service.folder(),
        service.base(),
        &["--scope", "read:report"],
    ));
    let asked = opened(&note);
    let shown = running.says("http");
    assert_eq!(shown, asked.as_str(), "the address is shown as well");
    let request = parameters(&asked);
    assert_eq!(asked.path(), "/oauth/authorize");
    assert_eq!(request["code_challenge_method"], "S256");
    assert!(request["redirect_uri"].starts_with("http://127.0.0.1:") && request["redirect_uri"].ends_with("/callback"));
    assert!(request["state"].len() >= 43 && request["code_challenge"].len() == 43);

    // What everybody on this computer can send changes nothing.
    let callback = &request["redirect_uri"];
    for (address, status) in [
        (format!("{callback}?code=x&state=wrong&iss={}", service.base()), 400),
        (format!("{callback}?code=x"), 400),
        (callback.replace("/callback", "/favicon.ico"), 404),
    ] {
        assert_eq!(visit(&address).0, status, "{address}");
    }
    // Some browsers open connections that they do not use.
    let _silent = std::net::TcpStream::connect(("127.0.0.1", Url::parse(callback).unwrap().port().unwrap())).unwrap();

    let (status, page) = visit(&decide(&service, &asked, true));
    assert_eq!(status, 200);
    assert!(page.contains("Go back to your terminal"), "{page}");
    let ended = running.end();
    assert_eq!(crate::code(&ended), 0, "{}", crate::stderr(&ended));
    assert_eq!(super::gate(&service, crate::stdout(&ended).trim()), 200);
}

#[test]
fn a_no_is_told_in_both_places() {
    let service = Service::start();
    let note = opener(service.folder(), 0);
    let running = Running::start(&mut with_browser(service.folder(), service.base(), &[]));
    let (status, page) = visit(&decide(&service, &opened(&note), false));
    assert_eq!(status, 200);
    assert!(page.contains("Nobody was signed in"), "{page}");
    let ended = running.end();
    assert_eq!((crate::code(&ended), crate::stdout(&ended).as_str()), (1, ""));
    assert!(crate::stderr(&ended).contains("it was denied"));
}

#[test]
fn where_no_browser_opens_the_address_is_printed_and_does_as_well() {
    let service = Service::start();
    opener(service.folder(), 3);
    let mut failing = with_browser(service.folder(), service.base(), &[]);
    let mut none = login(service.folder(), service.base(), &["--loopback"]);
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"] {
        none.env_remove(name);
    }
    for command in [&mut failing, &mut none] {
        let mut running = Running::start(command);
        running.says("To sign in, open this address in a browser on this computer");
        let asked = Url::parse(&running.says("http")).unwrap();
        assert_eq!(visit(&decide(&service, &asked, true)).0, 200);
        assert_eq!(crate::code(&running.end()), 0);
    }
}

#[test]
fn an_answer_of_another_issuer_or_of_nobody_is_refused_before_the_code_is_used() {
    for iss in [Some("https://evil.example"), None] {
        let issuer = FakeIssuer::start(|_, _, _| (200, "", json!({ "access_token": "x", "token_type": "Bearer" })));
        let folder = tempfile::tempdir().unwrap();
        let note = opener(folder.path(), 0);
        let running = Running::start(&mut with_browser(folder.path(), &issuer.base, &[]));
        let request = parameters(&opened(&note));
        let mut back = Url::parse(&request["redirect_uri"]).unwrap();
        back.query_pairs_mut()
            .append_pair("code", "c")
            .append_pair("state", &request["state"]);
        if let Some(iss) = iss {
            back.query_pairs_mut().append_pair("iss", iss);
        }
        visit(back.as_str());
        let ended = running.end();
        assert_eq!((crate::code(&ended), crate::stdout(&ended).as_str()), (1, ""));
        assert!(
            crate::stderr(&ended).contains("nobody is signed in"),
            "{}",
            crate::stderr(&ended)
        );
        assert!(issuer.arrived().is_empty(), "the code went to nobody");
    }
}
