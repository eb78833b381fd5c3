//! The pages where people decide about devices (http-api.md §4, §5).

use crate::support::*;

/// The form for the code of a page.
#[track_caller]
fn code_form(page: &Answer) -> Form {
    let form = forms(&page.text())
        .into_iter()
        .find(|form| form.action.ends_with("/oauth/device") && form.buttons.is_empty());
    form.unwrap_or_else(|| panic!("no form for the code: {page}"))
}

/// Types a code.
#[track_caller]
fn typed(person: &Browser, code: &str) -> Answer {
    let page = person.visit("/oauth/device").is(200);
    person.submit(&page, code_form(&page).fill("user_code", code))
}

#[test]
fn a_person_types_the_code_sees_who_asks_from_where_and_allows() {
    let world = World::start();
    let client = world.register(json!({
        "name": "Wall display",
        "description": "In the hall",
        "redirect_uri": ["https://app.example/cb"],
    }));
    let request = client
        .post("/oauth/device_authorization", &[("scope", "read:dataset write:report")])
        .header("User-Agent", "Mozilla/5.0 (SMART-TV; Linux; Tizen 9.0) <b>");
    let device = Device::read(&world.http.send(request));
    let ada = world.user("ada");
    let page = typed(
        &ada,
        &format!(" {} ", device.user_code.replace('-', " ").to_lowercase()),
    )
    .is(200);
    let text = unescape(&page.text());
    for part in [
        "Wall display",
        "In the hall",
        "ada",
        "A television",
        "Tizen 9.0) <b>",
        "127.0.0.1",
        "Less than a minute ago",
        &device.user_code,
        "See your datasets and search them",
        "See, run, change and delete your reports and queries",
        "Did somebody send you this code?",
        &format!("/api/oauth-clients/{}/icon", client.id),
    ] {
        assert!(text.contains(part), "{part:?} is missing in {page}");
    }
    assert!(!page.text().contains("<b>"), "{page}");
    let done = ada.submit(&page, consent(&page).press("decision", "allow")).is(200);
    assert_eq!(done.header("location"), None, "{done}");
    assert!(done.text().contains("you can go back to your device"), "{done}");
    let tokens = world.http.send(client.poll(&device)).oauth_json();
    assert_eq!(tokens["scope"], "read:dataset write:report");
    let ask = Ask::of(&client).with("scope", "read:dataset");
    let details = ada.api("GET", &ask.api(), None).is(200).json();
    assert_eq!(details["consent"], false, "no consent is remembered: {details}");
}

#[test]
fn a_denied_device_is_told() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    let page = typed(&world.admin, &device.user_code).is(200);
    let done = world
        .admin
        .submit(&page, consent(&page).press("decision", "deny"))
        .is(200);
    assert!(done.text().contains("Denied: you can go back to your device"), "{done}");
    world.http.send(client.poll(&device)).oauth_error(400, "access_denied");
}

#[test]
fn a_link_with_the_code_only_fills_it_in() {
    let world = World::start();
    let client = world.register(json!({ "name": "Wall display", "pkce": true }));
    let device = Device::start(&world, &client);
    let link = device.answer["verification_uri_complete"].as_str().unwrap().to_owned();
    let browser = Browser::new(world.base());
    let sign_in = browser.visit(&link).is(200);
    assert!(sign_in.url.contains("/oauth/sign-in"), "sign-in comes first: {sign_in}");
    let answer = browser.submit(&sign_in, credentials(&sign_in, "admin", world.service.admin_password()));
    let page = browser.follow(answer).is(200);
    assert!(page.url.contains("/oauth/device?code="), "and leads back: {}", page.url);
    assert!(page.text().contains("Does your device show this code?"), "{page}");
    assert!(
        !page.text().contains("Wall display"),
        "who asks is not shown before: {page}"
    );
    let form = code_form(&page);
    assert!(
        form.fields.contains(&("user_code".into(), device.user_code.clone())),
        "{form:?}"
    );
    let page = browser.submit(&page, form).is(200);
    assert!(page.text().contains("Wall display"), "{page}");
    world
        .http
        .send(client.poll(&device))
        .oauth_error(400, "authorization_pending");
    for other in [
        "?code=nonsense",
        "?code=%3Cscript%3E",
        "?code=%ff",
        "?code=A&code=B",
        "",
    ] {
        let page = world.admin.open(&format!("/oauth/device{other}")).is(200);
        let form = code_form(&page);
        assert!(
            form.fields.contains(&("user_code".into(), String::new())),
            "{other}: {form:?}"
        );
        assert_eq!(page.header("cache-control"), Some("no-store"), "{page}");
    }
}

#[test]
fn a_person_may_grant_a_device_less_than_it_asks_for() {
    let world = World::start();
    let client = world.public_client();
    let scope = [("scope", "read:profile write:dataset read:report")];
    let device = Device::start_with(&world, &client, &scope);
    let page = typed(&world.admin, &device.user_code).is(200);
    let nothing = consent(&page).without("scope");
    let again = world.admin.submit(&page, nothing.press("decision", "allow")).is(400);
    assert!(
        again.text().contains("Tick at least one of these, or press Deny"),
        "{again}"
    );
    let form = consent(&again)
        .choose("scope", "write:dataset")
        .choose("scope", "read:report")
        .choose("read_only", "write:dataset");
    world.admin.submit(&again, form.press("decision", "allow")).is(200);
    let tokens = world.http.send(client.poll(&device)).oauth_json();
    assert_eq!(tokens["scope"], "read:dataset read:report");
}

#[test]
fn wrong_codes_are_answered_beside_the_field_and_limited() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    let ada = world.user("ada");
    let empty = typed(&ada, "").is(400);
    assert!(
        empty.text().contains("Enter the code that your device shows"),
        "{empty}"
    );
    for wrong in [
        "BBBB-BBBB",
        "nonsense",
        "BBBB-BBBC",
        "\"><script>",
        "BBBB-BBBD",
        "BKFT-DNL",
        "BBBB-BBBF",
        "ВKFT-DNLZ",
        "BBBB-BBBG",
    ] {
        let page = typed(&ada, wrong).is(404);
        assert!(page.text().contains("No device is waiting under this code"), "{page}");
        let shown = code_form(&page)
            .fields
            .into_iter()
            .find(|(name, _)| name == "user_code");
        assert_eq!(shown.map(|(_, value)| value).as_deref(), Some(wrong));
        assert!(!page.text().contains("<script>"), "{page}");
    }
    let limited = typed(&ada, &device.user_code).is(429);
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait), "{limited}");
    assert!(
        limited.text().contains("Too many wrong codes. Try again in 5 minutes"),
        "{limited}"
    );
}

#[test]
fn a_device_that_was_decided_meanwhile_is_not_decided_again() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    let page = typed(&world.admin, &device.user_code).is(200);
    device.decide(&world.user("ada"), false).is(204);
    let late = world
        .admin
        .submit(&page, consent(&page).press("decision", "allow"))
        .is(409);
    assert!(late.text().contains("answered already"), "{late}");
    world.http.send(client.poll(&device)).oauth_error(400, "access_denied");
}

#[test]
fn each_form_is_good_once_in_its_session_for_its_step_and_its_code() {
    let world = World::start();
    let client = world.public_client();
    let (device, other) = (Device::start(&world, &client), Device::start(&world, &client));
    let (admin, mallory) = (&world.admin, world.user("mallory"));
    let pending = || {
        for device in [&device, &other] {
            let state = world.http.send(client.poll(device)).is(400).json()["error"].clone();
            assert!(state == "authorization_pending" || state == "slow_down", "{state}");
        }
    };

    let entry = admin.visit("/oauth/device").is(200);
    let enter = code_form(&entry).fill("user_code", &device.user_code);
    admin.submit(&entry, enter.clone().without("form")).is(403);
    mallory.submit(&entry, enter.clone()).is(403);
    let origin = [("Origin", "https://evil.example")];
    admin.submit_from(&entry, enter.clone(), &origin).is(403);
    admin.submit_from(&entry, enter.clone(), &[]).is(403);
    // A decision cannot be made with the token of the step before.
    let early = Form {
        buttons: vec![("decision".into(), "allow".into())],
        ..enter.clone()
    };
    admin.submit(&entry, early.press("decision", "allow")).is(403);

    let page = admin.submit(&entry, enter.clone()).is(200);
    let again = admin.submit(&entry, enter).is(403);
    assert!(again.text().contains("has been used before"), "{again}");

    let decide = consent(&page);
    admin
        .submit(&page, decide.clone().without("form").press("decision", "allow"))
        .is(403);
    mallory.submit(&page, decide.clone().press("decision", "allow")).is(403);
    admin
        .submit_from(&page, decide.clone().press("decision", "allow"), &origin)
        .is(403);
    let for_another = decide.clone().fill("user_code", &other.user_code);
    admin.submit(&page, for_another.press("decision", "allow")).is(403);
    let without_code = decide.clone().without("user_code");
    admin.submit(&page, without_code.press("decision", "allow")).is(403);
    Browser::new(world.base())
        .submit(&page, decide.clone().press("decision", "allow"))
        .is(403);
    pending();

    admin.submit(&page, decide.clone().press("decision", "allow")).is(200);
    admin.submit(&page, decide.press("decision", "allow")).is(403);
    let tokens = world.http.send(client.poll(&device));
    Tokens::read(tokens.oauth_json());
}

#[test]
fn a_decision_about_a_device_is_allow_or_deny_and_nothing_else() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    for decision in [None, Some(""), Some("maybe"), Some("Allow")] {
        let page = typed(&world.admin, &device.user_code).is(200);
        let mut form = consent(&page);
        form.fields
            .extend(decision.map(|decision| ("decision".to_owned(), decision.to_owned())));
        let answer = world.admin.submit(&page, form);
        assert!((400..500).contains(&answer.status), "{decision:?}: {answer}");
    }
    world
        .http
        .send(client.poll(&device))
        .oauth_error(400, "authorization_pending");
}

#[test]
fn the_device_pages_are_never_framed_and_hold_nothing_inline() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    let entry = world.admin.visit("/oauth/device").is(200);
    let confirm = world
        .admin
        .visit(&format!("/oauth/device?code={}", device.user_code))
        .is(200);
    let decide = typed(&world.admin, &device.user_code).is(200);
    for page in [&entry, &confirm, &decide] {
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(
            policy.contains("form-action 'self';"),
            "forms lead nowhere else: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        for inline in ["<script>", "onclick=", "style=\"", "<style"] {
            assert!(!page.text().contains(inline), "{inline} in {page}");
        }
    }
}

#[test]
fn a_person_may_switch_and_comes_back_to_the_same_code() {
    let world = World::start();
    drop(world.user("ada"));
    let client = world.public_client();
    let device = Device::start(&world, &client);
    let browser = Browser::signed_in(world.base(), "admin", world.service.admin_password());
    let page = typed(&browser, &device.user_code).is(200);
    let leave = forms(&page.text())
        .into_iter()
        .find(|form| form.action.ends_with("/oauth/sign-out"))
        .expect("a way to switch");
    let answer = browser.submit(&page, leave);
    let sign_in = browser.follow(answer).is(200);
    let answer = browser.submit(&sign_in, credentials(&sign_in, "ada", PASSWORD));
    let page = browser.follow(answer).is(200);
    assert!(page.text().contains("Does your device show this code?"), "{page}");
    let page = browser.submit(&page, code_form(&page)).is(200);
    browser.submit(&page, consent(&page).press("decision", "allow")).is(200);
    let tokens = Tokens::read(world.http.send(client.poll(&device)).oauth_json());
    assert_eq!(jwt::Jwt::read(&tokens.access).claim("sub"), "ada");
}

#[test]
fn the_address_is_a_picture_too_and_tells_nothing_of_who_waits() {
    let world = World::start();
    let client = world.public_client();
    let device = Device::start(&world, &client);
    let picture = |query: &str| world.http.get(&format!("/oauth/device/qr.svg{query}"));
    let waits = picture(&format!("?code={}", device.user_code)).is(200);
    assert_eq!(waits.header("content-type"), Some("image/svg+xml"));
    assert_eq!(waits.header("x-content-type-options"), Some("nosniff"));
    let policy = waits.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox"),
        "{policy}"
    );
    assert!(waits.header("cache-control").unwrap().contains("max-age="), "{waits}");
    assert!(waits.text().starts_with("<svg xmlns="), "{waits}");
    let as_typed = device.user_code.replace('-', "").to_lowercase();
    assert_eq!(picture(&format!("?code={as_typed}")).is(200).text(), waits.text());
    let nobody = picture("?code=BBBB-BBBB").is(200);
    assert_ne!(nobody.text(), waits.text());
    let plain = picture("").is(200);
    assert_ne!(plain.text(), nobody.text());
    let tag = waits.header("etag").unwrap().to_owned();
    let held = Request::get(format!("/oauth/device/qr.svg?code={}", device.user_code)).header("If-None-Match", &tag);
    world.http.send(held).is(304);
    for wrong in [
        "?code=nonsense",
        "?code=BBBB-BBBB&code=BBBB-BBBB",
        "?code=%ff",
        "?code=%3Csvg%3E",
    ] {
        picture(wrong).oauth_error(400, "invalid_request");
    }
}
