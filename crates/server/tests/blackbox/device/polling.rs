//! The device polls.

use std::thread;

use crate::support::*;

#[test]
fn polling_too_fast_slows_down_and_an_approval_is_given_out_all_the_same() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    let poll = || world.http.send(client.poll(&device));
    poll().oauth_error(400, "authorization_pending");
    poll().oauth_error(400, "slow_down");
    thread::sleep(INTERVAL);
    poll().oauth_error(400, "slow_down");
    device.decide(&world.admin, true).is(204);
    poll().is(200);
    poll().oauth_error(400, "invalid_grant");
}

#[test]
fn a_device_that_keeps_to_the_interval_is_never_told_to_slow_down() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    for _ in 0..3 {
        world
            .http
            .send(client.poll(&device))
            .oauth_error(400, "authorization_pending");
        thread::sleep(INTERVAL);
    }
}

#[test]
fn of_fifty_polls_of_an_approved_code_exactly_one_wins_and_its_tokens_live() {
    let world = World::start();
    for client in [world.public_client(), world.confidential_client()] {
        let device = Device::start(&world, &client);
        device.decide(&world.admin, true).is(204);
        let answers = wire::race(&world.base_url(), vec![client.poll(&device); 50]);
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        for answer in lost {
            answer.oauth_error(400, "invalid_grant");
        }
        let tokens = Tokens::read(won[0].oauth_json());
        assert!(world.works(&tokens.access));
        world.refreshed(&client, tokens.refresh());
    }
}

#[test]
fn another_client_gets_nothing_and_spoils_nothing() {
    let world = World::start();
    let (owner, thief) = (world.public_client(), world.confidential_client());
    let device = Device::start(&world, &owner);
    world.http.send(thief.poll(&device)).oauth_error(400, "invalid_grant");
    assert_eq!(world.count_events(&thief, "device.presented_by_other_client"), 1);
    device.decide(&world.admin, true).is(204);
    world.http.send(thief.poll(&device)).oauth_error(400, "invalid_grant");
    world.http.send(owner.poll(&device)).is(200);
}

#[test]
fn a_device_code_is_neither_code_nor_token_and_they_are_no_device_codes() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    device.decide(&world.admin, true).is(204);
    let as_code = [
        ("grant_type", "authorization_code"),
        ("code", device.device_code.as_str()),
    ];
    world
        .http
        .send(client.post("/oauth/token", &as_code))
        .oauth_error(400, "invalid_grant");
    world
        .refresh(&client, &device.device_code)
        .oauth_error(400, "invalid_grant");
    assert!(!world.works(&device.device_code));
    let code = world.code(&client);
    for presented in [code.code.as_str(), "", "x", &device.user_code, &"0".repeat(32)] {
        let poll = [("grant_type", DEVICE_GRANT), ("device_code", presented)];
        let answer = world.http.send(client.post("/oauth/token", &poll));
        assert_eq!(answer.status, 400, "{answer}");
    }
    let without = [("grant_type", DEVICE_GRANT)];
    world
        .http
        .send(client.post("/oauth/token", &without))
        .oauth_error(400, "invalid_request");
    world.http.send(client.poll(&device)).is(200);
}

#[test]
fn another_resource_at_the_poll_is_refused_and_burns_nothing() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    device.decide(&world.admin, true).is(204);
    let poll = |resource: &str| {
        let pairs = [
            ("grant_type", DEVICE_GRANT),
            ("device_code", device.device_code.as_str()),
            ("resource", resource),
        ];
        world.http.send(client.post("/oauth/token", &pairs))
    };
    poll("https://elsewhere.example").oauth_error(400, "invalid_target");
    poll(&world.issuer).is(200);
}

#[test]
fn a_code_that_is_over_yields_nothing_whatever_was_decided() {
    let world = World::start_with(&[("INFORMER_OAUTH__TOKENS__DEVICE_SECONDS", "2")]);
    let client = world.public_client();
    let (pending, approved) = (Device::start(&world, &client), Device::start(&world, &client));
    assert_eq!(pending.answer["expires_in"], 2);
    approved.decide(&world.admin, true).is(204);
    thread::sleep(2 * A_SECOND);
    for device in [&pending, &approved] {
        world.http.send(client.poll(device)).oauth_error(400, "expired_token");
        device.shown(&world.admin).api_error(404, "Not Found");
        device.decide(&world.admin, true).api_error(404, "Not Found");
    }
}

#[test]
fn a_user_who_was_locked_after_approving_gives_the_device_nothing() {
    let world = World::start();
    let client = world.public_client();
    let ada = world.user("ada");
    let device = Device::start(&world, &client);
    device.decide(&ada, true).is(204);
    world.service.cli_ok(&["user", "lock", "ada"]);
    world.http.send(client.poll(&device)).oauth_error(400, "invalid_grant");
}
