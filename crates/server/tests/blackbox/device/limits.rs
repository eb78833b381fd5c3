//! How many devices may ask.

use crate::support::*;

/// Trusts the test as a proxy, so that it can come from anywhere.
const FROM_ANYWHERE: (&str, &str) = ("INFORMER_OAUTH__HTTP__TRUSTED_PROXIES", "127.0.0.1");

fn start_from(world: &World, client: &Client, address: &str) -> Answer {
    let request = client.post::<&str, &str>("/oauth/device_authorization", &[]);
    world.http.send(request.header("X-Forwarded-For", address))
}

/// The answer tells to wait, for at most so many seconds.
#[track_caller]
fn is_limited(answer: &Answer, seconds: u64) {
    answer.oauth_error(429, "temporarily_unavailable");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=seconds).contains(&wait), "{wait}");
}

#[test]
fn an_address_starts_sixty_devices_in_five_minutes_and_no_more() {
    let world = World::start_with(&[FROM_ANYWHERE]);
    let client = world.public_client();
    for n in 0..60 {
        // One IPv6 network has as many addresses as anybody wants.
        start_from(&world, &client, &format!("2001:db8:1:2::{n:x}")).is(200);
    }
    for _ in 0..3 {
        is_limited(&start_from(&world, &client, "2001:db8:1:2::ffff"), 300);
    }
    start_from(&world, &client, "2001:db8:1:3::1").is(200);
    assert_eq!(world.count_events(&client, "device.limited"), 1, "once a window");
}

#[test]
fn a_request_that_is_refused_for_itself_does_not_count() {
    let world = World::start_with(&[FROM_ANYWHERE, ("INFORMER_OAUTH__LIMITS__DEVICE_ATTEMPTS", "2")]);
    let client = world.public_client();
    for _ in 0..5 {
        let odd = client.post("/oauth/device_authorization", &[("scope", "read:everything")]);
        let odd = world.http.send(odd.header("X-Forwarded-For", "203.0.113.9"));
        odd.oauth_error(400, "invalid_scope");
    }
    for _ in 0..2 {
        start_from(&world, &client, "203.0.113.9").is(200);
    }
    is_limited(&start_from(&world, &client, "203.0.113.9"), 300);
}

#[test]
fn an_address_has_so_many_devices_that_nobody_has_decided() {
    let world = World::start_with(&[FROM_ANYWHERE, ("INFORMER_OAUTH__LIMITS__DEVICE_ADDRESS_PENDING", "2")]);
    let client = world.public_client();
    let devices = [1, 2].map(|_| Device::read(&start_from(&world, &client, "203.0.113.9")));
    for (device, approve) in devices.iter().zip([true, false]) {
        is_limited(&start_from(&world, &client, "203.0.113.9"), 1800);
        start_from(&world, &client, &format!("203.0.113.{}", 20 + u8::from(approve))).is(200);
        device.decide(&world.admin, approve).is(204);
        start_from(&world, &client, "203.0.113.9").is(200);
    }
    is_limited(&start_from(&world, &client, "203.0.113.9"), 1800);
}

#[test]
fn all_addresses_together_have_so_many_devices_that_nobody_has_decided() {
    let world = World::start_with(&[FROM_ANYWHERE, ("INFORMER_OAUTH__LIMITS__DEVICE_PENDING", "3")]);
    let client = world.public_client();
    for n in 1..=3 {
        start_from(&world, &client, &format!("203.0.113.{n}")).is(200);
    }
    for n in 4..=9 {
        is_limited(&start_from(&world, &client, &format!("203.0.113.{n}")), 1800);
    }
    assert_eq!(
        world.count_events(&client, "device.limited"),
        1,
        "however many addresses ask"
    );
}
