//! `deploy/smoke.sh`, as an operator runs it after a deployment: through nginx, with a sign-in at Informer; and `doctor` there.

use std::{
    path::Path,
    process::{Command, Output},
};

use informer_oauth_testkit::informer::PASSWORD;
use serde_json::Value;

use crate::beside::Beside;

/// Runs it with these secrets in the environment.
fn smoke(arguments: &[&str], secrets: &[(&str, &str)]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/smoke.sh");
    Command::new("sh")
        .arg(script)
        .args(arguments)
        .envs(secrets.iter().copied())
        .env("no_proxy", "*")
        .output()
        .unwrap()
}

/// The lines of a run that ended with this exit code.
#[track_caller]
fn lines(run: &Output, code: i32) -> Vec<String> {
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(code), "{said}{complaint}");
    said.lines().map(str::to_owned).collect()
}

#[test]
fn a_site_that_is_well_passes_with_the_whole_way_of_a_token() {
    let site = Beside::start();
    let client = site.world.public_client();
    let service = site.world.service.base();
    let walk = [
        "--service",
        service,
        "--client-id",
        client.client_id.as_str(),
        "--user",
        "anna",
    ];
    let run = smoke(
        &[&walk[..], &[&site.world.issuer]].concat(),
        &[("SMOKE_PASSWORD", PASSWORD)],
    );
    let said = lines(&run, 0);
    for check in [
        "ok    metadata",
        "ok    ready",
        "ok    gate: forged tokens are refused",
        "ok    sign-in: as anna",
        "ok    refresh",
        "ok    revocation: the token opens nothing any more",
    ] {
        assert!(said.iter().any(|line| line.starts_with(check)), "{check}: {said:#?}");
    }
    assert_eq!(said.last().unwrap(), &format!("{} passed, 0 failed", said.len() - 1));

    // The same with a session of a browser, and for a client with a secret.
    let client = site.world.confidential_client();
    let secret = client.secret.clone().unwrap();
    let session = format!("sid={}", site.informer.sign_in("anna"));
    let secrets = [
        ("SMOKE_COOKIE", session.as_str()),
        ("SMOKE_CLIENT_SECRET", secret.as_str()),
    ];
    let run = smoke(&["--client-id", &client.client_id, &site.world.issuer], &secrets);
    assert!(lines(&run, 0).iter().any(|line| line.starts_with("ok    token: of")));
}

#[test]
fn what_is_not_well_is_named_and_tells_in_the_exit_code() {
    let site = Beside::start();
    let issuer = &site.world.issuer;
    let service = site.world.service.base();
    let failed = |arguments: &[&str], secrets: &[(&str, &str)]| {
        let said = lines(&smoke(arguments, secrets), 1);
        said.into_iter()
            .filter(|line| line.starts_with("FAIL"))
            .collect::<Vec<_>>()
    };
    // Past the proxy it is another issuer, and there is no gate.
    let another = failed(&[service], &[]);
    assert!(another[0].contains("it says that the issuer is"), "{another:?}");
    let nobody = failed(&["--user", "anna", issuer], &[("SMOKE_PASSWORD", "wrong")]);
    assert!(
        nobody.iter().any(|line| line.contains("anna cannot sign in")),
        "{nobody:?}"
    );
    let down = failed(&["--service", "http://127.0.0.1:1", issuer], &[]);
    assert!(
        down.iter().any(|line| line.starts_with("FAIL  ready: no answer")),
        "{down:?}"
    );
    assert_eq!(lines(&smoke(&[], &[]), 2), Vec::<String>::new());
    assert_eq!(
        lines(&smoke(&["--no-such-thing", issuer], &[]), 2),
        Vec::<String>::new()
    );
}

#[test]
fn doctor_finds_that_callers_count_as_themselves_through_the_shipped_nginx() {
    let site = Beside::start();
    let found = site.world.service.cli_ok(&["doctor", "--output", "json"]);
    let found: Value = serde_json::from_str(&found).unwrap();
    let standing = |check: &str| {
        let finding = found
            .as_array()
            .unwrap()
            .iter()
            .find(|finding| finding["check"] == check);
        finding.map(|finding| finding["standing"].as_str().unwrap())
    };
    assert_eq!(standing("proxies"), Some("ok"), "{found:#}");
    assert_eq!(standing("issuer clock"), Some("ok"), "{found:#}");
}
