//! Wrong user codes are limited per user and per address.

use crate::support::*;

/// Trusts the test as a proxy, so that it can come from anywhere.
const FROM_ANYWHERE: [(&str, &str); 1] = [("INFORMER_OAUTH__HTTP__TRUSTED_PROXIES", "127.0.0.1")];

/// The same, with fewer wrong codes for an address.
const FEW_BY_ADDRESS: [(&str, &str); 2] = [
    FROM_ANYWHERE[0],
    ("INFORMER_OAUTH__LIMITS__USER_CODE_ADDRESS_ATTEMPTS", "5"),
];

fn guess(person: &Browser, code: &str, from: &str) -> Answer {
    let body = json!({ "user_code": code });
    let request = Browser::scripted("POST", "/api/oauth/device_user_code", Some(&body));
    person.send(request.header("X-Forwarded-For", from))
}

/// A wrong code, different each time.
fn wrong(n: usize) -> String {
    let letters = b"BCDFGHJKLMNPQRSTVWXZ";
    format!("ZZZZ-ZZ{}{}", char::from(letters[n / 20]), char::from(letters[n % 20]))
}

#[test]
fn the_sixth_wrong_code_of_a_user_is_429_from_wherever_it_comes() {
    let world = World::start_with(&FROM_ANYWHERE);
    let client = world.public_client();
    let device = Device::start(&world, &client);
    let (ada, bob) = (world.user("ada"), world.user("bob"));
    for n in 0..5 {
        guess(&ada, &wrong(n), &format!("203.0.113.{n}")).api_error(404, "Not Found");
    }
    for code in [&wrong(6), &device.user_code] {
        let limited = guess(&ada, code, "203.0.113.77");
        limited.api_error(429, "Too Many Requests");
        let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=300).contains(&wait), "{wait}");
    }
    device.decide(&ada, true).api_error(429, "Too Many Requests");
    guess(&bob, &device.user_code, "203.0.113.78").is(200);
}

#[test]
fn an_address_is_limited_whoever_guesses_and_a_right_code_takes_nothing_back() {
    let world = World::start_with(&FEW_BY_ADDRESS);
    let client = world.public_client();
    let people = [world.user("ada"), world.user("bob"), world.user("eve")];
    for n in 0..5 {
        let device = Device::start(&world, &client);
        let person = &people[n % people.len()];
        guess(person, &device.user_code, "203.0.113.9").is(200);
        guess(person, &wrong(n), "203.0.113.9").api_error(404, "Not Found");
    }
    let device = Device::start(&world, &client);
    guess(&people[2], &device.user_code, "203.0.113.9").api_error(429, "Too Many Requests");
    guess(&people[2], &device.user_code, "203.0.113.10").is(200);
}

#[test]
fn wrong_codes_of_one_user_block_nobody_else_at_that_address() {
    let world = World::start_with(&FROM_ANYWHERE);
    let client = world.public_client();
    let device = Device::start(&world, &client);
    let (ada, bob) = (world.user("ada"), world.user("bob"));
    for n in 0..5 {
        guess(&ada, &wrong(n), "203.0.113.9").api_error(404, "Not Found");
    }
    guess(&ada, &device.user_code, "203.0.113.9").api_error(429, "Too Many Requests");
    guess(&bob, &device.user_code, "203.0.113.9").is(200);
}

#[test]
fn what_cannot_be_a_code_is_no_guess() {
    let world = World::start();
    for typed in ["", "AEIO-UAEI", "BKFT", "'; DROP TABLE", "💥", "12345678"] {
        shown(&world.admin, typed).api_error(404, "Not Found");
    }
    for n in 0..5 {
        shown(&world.admin, &wrong(n)).api_error(404, "Not Found");
    }
    shown(&world.admin, &wrong(5)).api_error(429, "Too Many Requests");
}

#[test]
fn of_fifty_guesses_at_once_no_more_than_five_are_answered() {
    let world = World::start();
    let cookies: Vec<String> = world
        .admin
        .cookies()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let guesses = (0..50).map(|n| {
        let body = json!({ "user_code": wrong(n) });
        Browser::scripted("POST", "/api/oauth/device_user_code", Some(&body)).header("Cookie", &cookies.join("; "))
    });
    let answers = wire::race(&world.base_url(), guesses.collect());
    let answered = answers.iter().filter(|answer| answer.status == 404).count();
    assert!(answers.iter().all(|answer| [404, 429].contains(&answer.status)));
    assert!(answered <= 5, "{answered}");
}
