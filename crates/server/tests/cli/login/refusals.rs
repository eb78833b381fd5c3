//! What goes wrong, is told in a sentence, and makes nobody wait.

use std::time::Duration;

use serde_json::json;

use super::{
    Running,
    fake::{FakeIssuer, device},
    login,
};
use crate::common::Service;

/// The exit code, and what is said in the end.
fn ended(command: &mut std::process::Command) -> (i32, String) {
    let output = command.output().unwrap();
    assert_eq!(crate::stdout(&output), "", "nothing that could be taken for a token");
    (crate::code(&output), crate::stderr(&output))
}

#[test]
fn what_cannot_be_is_said_before_anybody_is_asked() {
    let service = Service::start();
    let (folder, base) = (service.folder(), service.base());
    for (arguments, code, said) in [
        (&["--scope", "read:everything"][..], 2, "read:dataset write:dataset"),
        (&["--save", "no/such/folder/file"], 1, "no/such/folder"),
        (&["--save", "."], 2, "no file"),
        (&["--client-id", "00000000000000000000"], 1, "invalid_client"),
        (&["--no-such-flag"], 2, "--no-such-flag"),
    ] {
        let (ended, text) = ended(&mut login(folder, base, arguments));
        assert_eq!(ended, code, "{arguments:?}: {text}");
        assert!(
            text.contains(said) && !text.contains("enter the code"),
            "{arguments:?}: {text}"
        );
    }
    for (issuer, code, said) in [
        ("http://127.0.0.1:1", 1, "does not answer"),
        ("http://intranet.example", 2, "https"),
        (&base.replace("127.0.0.1", "localhost"), 1, "says that the issuer is"),
        (&format!("{base}/auth"), 1, "answers 404"),
    ] {
        let (ended, text) = ended(&mut login(folder, issuer, &[]));
        assert_eq!(ended, code, "{issuer}: {text}");
        assert!(text.contains(said), "{issuer}: {text}");
    }
}

#[test]
fn the_help_has_examples_and_the_built_in_client() {
    let folder = tempfile::tempdir().unwrap();
    let output = crate::common::command(folder.path())
        .args(["login", "--help"])
        .output()
        .unwrap();
    let help = crate::stdout(&output);
    for part in [
        "Examples:",
        "$(informer-oauth login",
        "--loopback",
        "--save",
        "a6bd8f0f72b2c3275ff6",
        "--issuer",
    ] {
        assert!(help.contains(part), "{part} is missing in {help}");
    }
}

#[test]
fn polling_slows_down_when_told_and_bears_that_the_service_is_away_for_a_moment() {
    let mut polls = 0;
    let issuer = FakeIssuer::start(move |path, _, base| {
        if path == "/device" {
            return device(base, 60);
        }
        polls += 1;
        match polls {
            1 => (400, "", json!({ "error": "authorization_pending" })),
            2 => (400, "", json!({ "error": "slow_down" })),
            3 => (503, "Retry-After: 7\r\n", json!({ "error": "temporarily_unavailable" })),
            _ => (
                200,
                "",
                json!({ "access_token": "the-token", "token_type": "bearer", "scope": "read:report" }),
            ),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let output = login(folder.path(), &issuer.base, &["--scope", "read:report"])
        .output()
        .unwrap();
    assert_eq!(crate::stdout(&output), "the-token\n", "{}", crate::stderr(&output));
    assert!(crate::stderr(&output).contains("expires  never, until it is revoked"));
    let arrived = issuer.arrived();
    assert_eq!(arrived[0].body, "client_id=a6bd8f0f72b2c3275ff6&scope=read%3Areport");
    for poll in &arrived[1..] {
        assert_eq!(poll.path, "/token");
        assert_eq!(
            poll.body,
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=the-device-code\
             &client_id=a6bd8f0f72b2c3275ff6"
        );
    }
    let pauses: Vec<Duration> = arrived.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert_eq!(pauses.len(), 4);
    let seconds = Duration::from_secs;
    assert!(pauses[0] >= seconds(1) && pauses[1] >= seconds(1), "{pauses:?}");
    assert!(pauses[2] >= seconds(6), "slow_down is five seconds more: {pauses:?}");
    assert!(pauses[3] >= seconds(7), "Retry-After: {pauses:?}");
}

#[test]
fn a_code_that_runs_out_ends_it_by_the_clock_or_by_the_service() {
    for (expires_in, error) in [(2, "authorization_pending"), (60, "expired_token")] {
        let issuer = FakeIssuer::start(move |path, _, base| match path {
            "/device" => device(base, expires_in),
            _ => (400, "", json!({ "error": error })),
        });
        let folder = tempfile::tempdir().unwrap();
        let (code, text) = ended(&mut login(folder.path(), &issuer.base, &[]));
        assert_eq!(code, 1);
        assert!(text.contains("the code ran out"), "{text}");
    }
}

#[test]
fn what_is_no_bearer_token_and_what_would_command_the_terminal_is_not_passed_on() {
    for (status, answer, said) in [
        (
            200,
            json!({ "access_token": "x", "token_type": "mac" }),
            "no bearer token",
        ),
        (200, json!({ "token_type": "Bearer" }), "no access token"),
        (
            200,
            json!({ "access_token": "\u{1b}[31m", "token_type": "Bearer" }),
            "no access token",
        ),
        (
            400,
            json!({ "error": "\u{1b}]0;owned\u{7}", "error_description": "\u{1b}[2J" }),
            "refused with",
        ),
        (418, json!({}), "418"),
        (200, json!([]), "no JSON object"),
    ] {
        let issuer = FakeIssuer::start(move |path, _, base| match path {
            "/device" => {
                let (status, headers, mut answer) = device(base, 60);
                answer["user_code"] = json!("\u{1b}[2JABCD-EFGH");
                (status, headers, answer)
            }
            _ => (status, "", answer.clone()),
        });
        let folder = tempfile::tempdir().unwrap();
        let (code, text) = ended(&mut login(folder.path(), &issuer.base, &[]));
        assert_eq!(code, 1);
        assert!(
            text.contains(said) && !text.contains('\u{1b}') && !text.contains('\u{7}'),
            "{text}"
        );
    }
}

#[test]
fn a_service_that_goes_away_while_it_polls_is_said_once_and_asked_again() {
    let mut service = Service::start();
    let mut running = Running::start(&mut login(
        service.folder(),
        service.base(),
        &["--scope", "read:report"],
    ));
    let code = running.user_code();
    service.kill9();
    running.says("does not answer");
    service.launch();
    super::decide(&service, &code, true);
    let ended = running.end();
    assert_eq!(crate::code(&ended), 0, "{}", crate::stderr(&ended));
    assert_eq!(super::gate(&service, crate::stdout(&ended).trim()), 200);
}
