//! Secrets are told once, to whom they belong, and never again: not in a log, not on the disk, not in an answer.

use std::{fs, path::Path};

use crate::support::*;

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push((entry.path().display().to_string(), fs::read(entry.path()).unwrap()));
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn no_secret_password_code_or_token_is_in_the_logs_or_in_the_files() {
    let mut world = World::start_with(&[("INFORMER_OAUTH__LOG__LEVEL", "trace")]);
    let ada = world.user("ada");
    let client = world.confidential_client();
    let public = world.public_client();
    let mut secrets: Vec<(&str, String)> = vec![
        (
            "the administrator's password",
            world.service.admin_password().to_owned(),
        ),
        ("a user's password", PASSWORD.to_owned()),
        ("a client's secret", client.secret.clone().unwrap()),
    ];
    for client in [&client, &public] {
        let ask = Ask::of(client);
        let code = ada.code(&ask);
        let unused = ada.code(&ask);
        let tokens = Tokens::read(world.redeem(client, &code).oauth_json());
        let next = world.refreshed(client, tokens.refresh());
        // Used well and badly, everywhere.
        world.works(&next.access);
        world.refresh(client, "nonsense");
        world.redeem(
            client,
            &Code {
                verifier: Some(verifier(9)),
                ..unused.clone()
            },
        );
        world.http.send(Request::get("/api/oauth-clients").bearer(&next.access));
        world.http.get(&format!("/nowhere?access_token={}", next.access));
        secrets.push(("a used code", code.code));
        secrets.push(("an unused code", unused.code));
        secrets.push(("an access token", next.access.clone()));
        secrets.push(("a rotated refresh token", tokens.refresh().to_owned()));
        secrets.push(("a refresh token", next.refresh().to_owned()));
        secrets.push((
            "a refresh token's signature",
            next.refresh().rsplit('.').next().unwrap().to_owned(),
        ));
        secrets.push((
            "an access token's signature",
            next.access.rsplit('.').next().unwrap().to_owned(),
        ));
    }
    let wrong = "not the password, but close to it";
    Browser::new(world.base()).try_sign_in("ada", wrong);
    secrets.push(("a wrong password", wrong.to_owned()));
    let wrong = "cs_Wr0ngWr0ngWr0ngWr0ngWr0ngWr0ngW";
    world.refresh(&client.with_secret(wrong), "x");
    secrets.push(("a wrong secret", wrong.to_owned()));
    for browser in [&ada, &world.admin] {
        secrets.extend(browser.cookies().into_values().map(|value| ("a cookie", value)));
    }
    // While it runs, and after it has written everything.
    for pass in ["running", "stopped"] {
        let mut places = vec![(
            "the log".to_owned(),
            world.service.log_with("client.authentication_failed").into_bytes(),
        )];
        files(&world.service.data_dir(), &mut places);
        assert!(
            places.iter().any(|(name, _)| name.contains("informer-oauth.db")),
            "there is a database"
        );
        assert!(
            holds(&places[0].1, "client.authentication_failed"),
            "the log tells of what was done"
        );
        let banner = world.service.stdout();
        for (what, secret) in &secrets {
            assert!(secret.len() >= 16, "{what}");
            for (name, bytes) in &places {
                assert!(!holds(bytes, secret), "{what} is in {name} ({pass})");
            }
            let times = banner.matches(secret.as_str()).count();
            let allowed = usize::from(*what == "the administrator's password");
            assert_eq!(times, allowed, "{what} on stdout ({pass})");
        }
        if pass == "running" {
            world.service.terminate();
        }
    }
}

#[test]
fn a_secret_appears_in_exactly_one_answer_and_in_no_event() {
    let world = World::start();
    let client = world.confidential_client();
    let secret = client.secret.clone().unwrap();
    world.tokens(&client);
    for below in ["", "/secrets", "/events", "/tokens"] {
        let answer = world.manage(&client, "GET", below, None).is(200);
        assert!(!answer.text().contains(&secret), "{answer}");
        assert!(
            !answer.text().contains(&secret[11..]),
            "not even without its lookup id: {answer}"
        );
    }
    let listed =
        world.manage(&client, "GET", "/secrets", None).json()["_embedded"]["inf:oauth-client-secret"][0].clone();
    assert_eq!(listed["hint"], format!("*****{}", &secret[secret.len() - 8..]));
    assert_eq!(listed.get("secret"), None);
    world
        .manage(
            &client,
            "GET",
            &format!("/secrets/{}", listed["id"].as_str().unwrap()),
            None,
        )
        .is(200);
}

#[test]
fn the_key_and_the_data_folder_are_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::start();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = world.service.data_dir();
    assert_eq!(mode(&folder), 0o700);
    let keys: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| !path.file_name().unwrap().to_string_lossy().contains(".db"))
        .collect();
    assert!(!keys.is_empty(), "the encryption key is a file of its own");
    for key in keys
        .iter()
        .filter(|path| path.is_file() && fs::metadata(path).unwrap().len() > 0)
    {
        assert_eq!(mode(key), 0o600, "{}", key.display());
    }
}
