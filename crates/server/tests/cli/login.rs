//! `login` as somebody uses it, on pipes and in a terminal, against the service and against issuers that misbehave.

mod fake;
mod loopback;
mod refusals;
mod terminal;
mod tls;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, ChildStderr, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::common::{Service, command, sign_in};

/// `login` at an issuer, with these further arguments.
fn login(folder: &Path, issuer: &str, arguments: &[&str]) -> Command {
    let mut command = command(folder);
    command.args(["login", "--issuer", issuer]).args(arguments);
    command
}

/// A `login` that has been started, on pipes.
struct Running {
    process: Child,
    stderr: BufReader<ChildStderr>,
    /// What it has said so far.
    said: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let command = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        Self {
            process,
            stderr,
            said: String::new(),
        }
    }

    /// Reads what it says up to the line that has this in it; that line.
    #[track_caller]
    fn says(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            let count = self.stderr.read_line(&mut line).unwrap();
            assert!(count > 0, "it ended without {part:?}: {}", self.said);
            self.said.push_str(&line);
            if line.contains(part) {
                return line.trim().to_owned();
            }
        }
    }

    /// The code that it shows.
    #[track_caller]
    fn user_code(&mut self) -> String {
        self.says("and enter the code");
        self.says("-")
    }

    /// Waits for its end.
    fn end(mut self) -> Output {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        self.said.push_str(&rest);
        let mut output = self.process.wait_with_output().unwrap();
        output.stderr = self.said.into_bytes();
        output
    }
}

/// The administrator says yes or no to a user code.
fn decide(service: &Service, user_code: &str, approve: bool) {
    let http = service.client();
    sign_in(
        &http,
        service.base(),
        service.admin_username(),
        service.admin_password(),
    );
    let answer = http
        .post(service.url("/api/oauth/authorize_device"))
        .header("Origin", service.base())
        .json(&json!({ "user_code": user_code, "approve": approve }))
        .send()
        .unwrap();
    assert_eq!(answer.status(), 204, "{user_code}: {}", answer.text().unwrap());
}

/// What the gate says to a read of a report.
fn gate(service: &Service, token: &str) -> u16 {
    let answer = service
        .client()
        .get(service.url("/oauth/verify"))
        .bearer_auth(token)
        .header("X-Original-Method", "GET")
        .header("X-Original-URI", "/api/reports/1")
        .send()
        .unwrap();
    answer.status().as_u16()
}

#[test]
fn what_a_person_allows_is_printed_or_saved_as_asked_for_and_what_they_deny_is_not() {
    let service = Service::start();
    let (folder, base) = (service.folder(), service.base());
    let file = folder.join("tokens.json");
    let start = |arguments: &[&str]| Running::start(&mut login(folder, base, arguments));
    let scope = ["--scope", "read:report"];
    let mut plain = start(&scope);
    let mut whole = start(&["--scope", "read:report,read:profile", "--output", "json"]);
    let mut saved = start(&["--save", file.to_str().unwrap(), "--client-id", "a6bd8f0f72b2c3275ff6"]);
    let mut denied = start(&scope);
    let address = plain.says("/oauth/device");
    assert_eq!(address, format!("{base}/oauth/device"));
    for running in [&mut plain, &mut whole, &mut saved] {
        decide(&service, &running.user_code(), true);
    }
    decide(&service, &denied.user_code(), false);

    let plain = plain.end();
    assert_eq!(crate::code(&plain), 0, "{}", crate::stderr(&plain));
    let token = crate::stdout(&plain);
    assert_eq!(token.lines().count(), 1, "the token alone, so that $(…) works");
    assert_eq!(gate(&service, token.trim()), 200);
    let said = crate::stderr(&plain);
    assert!(
        said.contains("scope    read:report\n") && said.contains("expires  in 15 minutes"),
        "{said}"
    );
    assert!(
        said.contains("good for 30 minutes") && !said.contains('\u{1b}'),
        "plain lines: {said}"
    );
    assert!(!said.contains(token.trim()));

    let whole = whole.end();
    let answer: Value = serde_json::from_slice(&whole.stdout).unwrap();
    assert_eq!(answer["scope"], "read:report read:profile");
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"]),
        (&json!("Bearer"), &json!(900))
    );
    assert_eq!(gate(&service, answer["access_token"].as_str().unwrap()), 200);

    let saved = saved.end();
    assert_eq!((crate::code(&saved), crate::stdout(&saved).as_str()), (0, ""));
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(kept["refresh_token"].is_string());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let access = kept["access_token"].as_str().unwrap();
    assert!(!crate::stderr(&saved).contains(access));

    let denied = denied.end();
    assert_eq!((crate::code(&denied), crate::stdout(&denied).as_str()), (1, ""));
    assert!(
        crate::stderr(&denied).contains("error: it was denied"),
        "{}",
        crate::stderr(&denied)
    );
    let left = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("tmp")).collect();
    assert!(left.is_empty(), "drafts stay behind: {left:?}");
}

#[test]
fn interrupted_it_ends_at_once_and_says_that_nobody_is_signed_in() {
    let service = Service::start();
    for (signal, arguments) in [("-INT", &[][..]), ("-TERM", &["--loopback"])] {
        let mut running = Running::start(login(service.folder(), service.base(), arguments).env_remove("DISPLAY"));
        running.says("Waiting");
        let begun = Instant::now();
        let sent = Command::new("kill")
            .args([signal, &running.process.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let ended = running.end();
        assert!(begun.elapsed() < Duration::from_secs(3));
        assert_eq!((crate::code(&ended), crate::stdout(&ended).as_str()), (130, ""));
        assert!(crate::stderr(&ended).contains("nobody was signed in"));
    }
}

/// Waits until something comes true.
#[track_caller]
fn wait_until(what: &str, mut comes_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !comes_true() {
        assert!(Instant::now() < deadline, "{what} does not come true");
        thread::sleep(Duration::from_millis(50));
    }
}
