//! What a refusal says: its cause to the owner of the grant, one general sentence to anybody else.

use std::time::Duration;

use crate::support::*;

/// The description of a refusal with `code`.
#[track_caller]
fn told(answer: &Answer, code: &str) -> String {
    answer.oauth_error(400, code);
    answer.json()["error_description"].as_str().unwrap().to_owned()
}

#[test]
fn the_owner_of_a_code_learns_which_check_failed() {
    let world = World::start();
    let client = world.public_client();
    let code = world.code(&client);
    let with = |change: fn(&mut Code)| {
        let mut presented = code.clone();
        change(&mut presented);
        told(&world.redeem(&client, &presented), "invalid_grant")
    };
    type Change = fn(&mut Code);
    let cases: [(Change, &str); 5] = [
        (
            |code| code.redirect_uri = Some("https://app.example/other".into()),
            "The redirect_uri differs",
        ),
        (|code| code.redirect_uri = None, "Missing redirect_uri"),
        (|code| code.verifier = None, "Missing code_verifier"),
        (
            |code| code.verifier = Some("short".into()),
            "The code_verifier is malformed",
        ),
        (
            |code| code.verifier = Some(verifier(7)),
            "The code_verifier does not match",
        ),
    ];
    for (change, named) in cases {
        let told = with(change);
        assert!(told.starts_with(named), "{told} instead of {named}");
    }
    world.redeem(&client, &code).is(200);
    let again = told(&world.redeem(&client, &code), "invalid_grant");
    assert_eq!(again, "The authorization code was used before.");
}

#[test]
fn an_expired_code_is_said_to_have_expired() {
    let world = World::start_with(&[("INFORMER_OAUTH__TOKENS__CODE_SECONDS", "1")]);
    let client = world.public_client();
    let code = world.code(&client);
    std::thread::sleep(Duration::from_millis(1050));
    let expired = told(&world.redeem(&client, &code), "invalid_grant");
    assert_eq!(expired, "The authorization code has expired.");
}

#[test]
fn anybody_else_gets_the_same_bytes_whatever_became_of_the_code() {
    let world = World::start_with(&[("INFORMER_OAUTH__TOKENS__CODE_SECONDS", "2")]);
    let (owner, other) = (world.public_client(), world.confidential_client());
    let (used, expired) = (world.code(&owner), world.code(&owner));
    world.redeem(&owner, &used).is(200);
    std::thread::sleep(Duration::from_millis(2050));
    let live = world.code(&owner);
    let unknown = Code {
        code: "unknown".into(),
        ..live.clone()
    };
    let answers: Vec<String> = [&unknown, &used, &expired, &live]
        .into_iter()
        .map(|code| {
            let answer = world.redeem(&other, code);
            answer.oauth_error(400, "invalid_grant");
            answer.text()
        })
        .collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    world.redeem(&owner, &live).is(200);
}

#[test]
fn the_owner_of_a_refresh_token_learns_what_became_of_it() {
    let world = World::start();
    let (client, other) = (world.public_client(), world.confidential_client());
    let (used, revoked, live) = (world.tokens(&client), world.tokens(&client), world.tokens(&client));
    world.refreshed(&client, used.refresh());
    world.revoke(&client, revoked.refresh()).is(200);
    let strangers: Vec<String> = ["nonsense", used.refresh(), revoked.refresh(), live.refresh()]
        .into_iter()
        .map(|token| world.refresh(&other, token).text())
        .collect();
    assert!(strangers.iter().all(|answer| *answer == strangers[0]), "{strangers:?}");

    let replayed = told(&world.refresh(&client, used.refresh()), "invalid_grant");
    assert_eq!(replayed, "The refresh token was used before, so its grant is revoked.");
    let ended = told(&world.refresh(&client, revoked.refresh()), "invalid_grant");
    assert_eq!(ended, "The grant of this refresh token is revoked.");
    world.refreshed(&client, live.refresh());
}

#[test]
fn the_owner_of_a_device_code_learns_that_it_was_used() {
    let world = World::start();
    let (client, other) = (world.public_client(), world.confidential_client());
    let device = Device::start(&world, &client);
    device.decide(&world.admin, true).is(204);
    let before = world.http.send(other.poll(&device)).text();
    world.http.send(client.poll(&device)).is(200);
    let used = told(&world.http.send(client.poll(&device)), "invalid_grant");
    assert_eq!(used, "The device code was used before.");
    assert_eq!(world.http.send(other.poll(&device)).text(), before);
}
