//! The sign-in page, sessions, and the way back from it.

use crate::support::*;

#[test]
fn only_same_origin_paths_are_followed_after_signing_in() {
    let world = World::start();
    let origin = world.base_url().origin();
    for evil in [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "\\/evil.example/",
        "/\t/evil.example/",
        "/\n/evil.example/",
        "\t//evil.example/",
        " //evil.example/",
        "/%09/evil.example/",
        "/%2f/evil.example/",
        "/..//evil.example/",
        "/.//evil.example/",
        "/oauth/../..//evil.example/",
        "http:evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "@evil.example/",
        "/x\r\nLocation: https://evil.example/",
    ] {
        // As the page carries it, and as somebody who tampers with the form would send it.
        for tampered in [false, true] {
            let browser = Browser::new(world.base());
            let query = form_encoded(&[("return", evil)]);
            let page = browser.open(&format!("/oauth/sign-in?{query}")).is(200);
            let mut form = credentials(&page, "admin", world.service.admin_password());
            if tampered {
                form = form.without("return");
                form.fields.push(("return".into(), evil.into()));
            }
            let answer = browser.submit(&page, form);
            assert!(
                matches!(answer.status, 302 | 303),
                "signed in all the same, {evil:?}: {answer}"
            );
            assert_eq!(answer.location().origin(), origin, "{evil:?}: {answer}");
            assert!(
                !answer.header("location").unwrap().contains("evil"),
                "{evil:?}: {answer}"
            );
        }
    }
    let browser = Browser::new(world.base());
    let page = browser.open("/oauth/sign-in?return=/oauth/docs%3Fx%3D1").is(200);
    let answer = browser.submit(&page, credentials(&page, "admin", world.service.admin_password()));
    assert_eq!(answer.location().path(), "/oauth/docs");
    assert_eq!(answer.location().query(), Some("x=1"));
}

#[test]
fn a_session_cookie_is_http_only_lax_and_new_at_every_sign_in() {
    let world = World::start();
    let browser = Browser::new(world.base());
    let page = browser.open("/oauth/sign-in").is(200);
    let before = browser.cookies();
    let answer = browser.submit(&page, credentials(&page, "admin", world.service.admin_password()));
    let fresh: Vec<&str> = answer
        .headers("set-cookie")
        .into_iter()
        .filter(|cookie| !cookie.contains("Max-Age=0"))
        .collect();
    assert!(!fresh.is_empty(), "{answer}");
    for cookie in fresh {
        let attributes = cookie.to_ascii_lowercase();
        assert!(
            attributes.contains("httponly") && attributes.contains("samesite=lax"),
            "{cookie}"
        );
        assert!(
            !attributes.contains("; secure"),
            "over plain http on loopback: {cookie}"
        );
        assert!(!attributes.contains("domain="), "{cookie}");
    }
    let first = browser.cookies();
    assert_ne!(before, first);
    browser.sign_in_again(&world);
    let second = browser.cookies();
    let changed = first
        .iter()
        .any(|(name, value)| second.get(name).is_some_and(|new| new != value));
    assert!(changed, "{first:?} {second:?}");
    // The cookie that was replaced is worth nothing any more.
    let old = Browser::new(world.base());
    for (name, value) in &first {
        old.set_cookie(name, value);
    }
    old.api("GET", "/api/oauth-clients", None)
        .api_error(401, "Unauthorized");
    browser.api("GET", "/api/oauth-clients", None).is(200);
}

#[test]
fn other_applications_cookies_spoil_nothing() {
    let world = World::start();
    let client = world.public_client();
    let browser = Browser::new(world.base());
    browser.set_cookie("aaa", "José");
    browser.set_cookie("who", "José=\"; é");
    browser.set_cookie("zzz", "日本");
    browser.sign_in("admin", world.service.admin_password());
    let page = browser.visit(&Ask::of(&client).page()).is(200);
    browser
        .submit(&page, consent(&page).press("decision", "allow"))
        .redirected()
        .code();
    let page = browser.visit("/oauth/admin/clients").is(200);
    assert!(page.text().contains("admin"), "{page}");
    browser.api("GET", "/api/oauth-clients", None).is(200);
    let fields = json!({ "name": "Another" });
    browser.api("POST", "/api/oauth-clients", Some(&fields)).is(201);
}

#[test]
fn only_the_issuers_host_and_loopback_names_may_sign_in() {
    let world = World::start();
    let port = world.base_url().port().unwrap();
    let try_at = |authority: &str| {
        let browser = Browser::new(world.base());
        let page = browser.open("/oauth/sign-in").is(200);
        let origin = format!("http://{authority}");
        let form = credentials(&page, "admin", world.service.admin_password());
        browser.submit_from(&page, form, &[("Origin", &origin), ("Host", authority)])
    };
    for own in [
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        "127.0.0.1:9".into(),
    ] {
        try_at(&own).is(303);
    }
    // The name of an attacker's page that leads here after a second look-up (DNS rebinding).
    for name in [
        format!("evil.example:{port}"),
        "evil.example".into(),
        "127.0.0.1.evil.example".into(),
    ] {
        let refused = try_at(&name).is(403);
        assert!(refused.headers("set-cookie").is_empty(), "{refused}");
    }
}

#[test]
fn two_installations_on_one_host_do_not_sign_each_other_out() {
    let (one, other) = (World::start(), World::start());
    // A browser's cookies know no ports.
    let at_one = Browser::new(one.base());
    let at_other = Browser::new(other.base());
    let carry = |from: &Browser, to: &Browser| {
        for (name, value) in from.cookies() {
            to.set_cookie(&name, &value);
        }
    };
    at_one.sign_in("admin", one.service.admin_password());
    carry(&at_one, &at_other);
    at_other.sign_in("admin", other.service.admin_password());
    carry(&at_other, &at_one);
    for browser in [&at_one, &at_other] {
        browser.api("GET", "/api/oauth-clients", None).is(200);
    }
}

#[test]
fn wrong_issuer_is_told_on_the_page_and_once_in_the_log() {
    let world = World::start();
    for _ in 0..3 {
        let browser = Browser::new(world.base());
        let page = browser.open("/oauth/sign-in").is(200);
        let form = credentials(&page, "admin", world.service.admin_password());
        let headers = [
            ("Origin", "https://bi.example.com"),
            ("Host", "bi.example.com"),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        let refused = browser.submit_from(&page, form, &headers).is(403);
        let text = refused.text();
        assert!(text.contains(&format!("href=\"{}/oauth\"", world.issuer)), "{refused}");
        assert!(text.contains(&world.issuer), "{refused}");
    }
    let log = world.service.log_with("https://bi.example.com");
    let warnings: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("https://bi.example.com"))
        .collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(
        warnings[0].contains("WARN") || warnings[0].contains("\"warn\""),
        "{}",
        warnings[0]
    );
    assert!(warnings[0].contains(&world.issuer), "{}", warnings[0]);
}

impl Browser {
    /// Signs in once more on top of a session, as from a second tab.
    #[track_caller]
    fn sign_in_again(&self, world: &World) {
        let page = self.open("/oauth/sign-in");
        if page.status == 200 && forms(&page.text()).iter().any(|form| form.has("password")) {
            let answer = self.submit(&page, credentials(&page, "admin", world.service.admin_password()));
            assert!(matches!(answer.status, 302 | 303), "{answer}");
        } else {
            self.sign_out();
            self.sign_in("admin", world.service.admin_password());
        }
    }

    /// Presses the sign-out button of the front page.
    #[track_caller]
    pub(crate) fn sign_out(&self) {
        let page = self.visit("/oauth").is(200);
        let leave = forms(&page.text())
            .into_iter()
            .find(|form| form.action.ends_with("/oauth/sign-out"));
        let answer = self.submit(&page, leave.unwrap_or_else(|| panic!("no way out: {page}")));
        assert!(matches!(answer.status, 302 | 303), "{answer}");
    }
}

#[test]
fn a_secure_cookie_is_set_where_the_issuer_is_https() {
    let world = crate::common::Service::start_with(&[("INFORMER_OAUTH__ISSUER", "https://bi.example")]);
    let browser = Browser::new(world.base());
    let page = browser.open("/oauth/sign-in").is(200);
    let form = credentials(&page, "admin", world.admin_password());
    let answer = browser.submit_from(&page, form, &[("Sec-Fetch-Site", "same-origin")]);
    let cookies = answer.headers("set-cookie");
    assert!(!cookies.is_empty(), "{answer}");
    assert!(
        cookies
            .iter()
            .all(|cookie| cookie.to_ascii_lowercase().contains("; secure")),
        "{answer}"
    );
    assert!(
        answer
            .header("strict-transport-security")
            .is_none_or(|value| value.contains("max-age")),
        "{answer}"
    );
}

#[test]
fn signing_out_ends_the_session_on_the_server_too() {
    let world = World::start();
    let browser = Browser::signed_in(world.base(), "admin", world.service.admin_password());
    let kept = browser.copy();
    browser.api("GET", "/api/oauth-clients", None).is(200);
    browser.sign_out();
    browser
        .api("GET", "/api/oauth-clients", None)
        .api_error(401, "Unauthorized");
    assert!(comes_true(A_SECOND, || kept
        .api("GET", "/api/oauth-clients", None)
        .status
        == 401));
    world.admin.api("GET", "/api/oauth-clients", None).is(200);
}

#[test]
fn a_wrong_password_and_an_unknown_user_get_the_same_page() {
    let world = World::start();
    let page_for = |username: &str| {
        let browser = Browser::new(world.base());
        let answer = browser.try_sign_in(username, "not the password");
        assert_eq!(answer.header("location"), None, "{answer}");
        assert!(
            forms(&answer.text()).iter().any(|form| form.has("password")),
            "one can try again: {answer}"
        );
        browser
            .api("GET", "/api/oauth-clients-list", None)
            .api_error(401, "Unauthorized");
        let without_token: String = answer
            .text()
            .lines()
            .filter(|line| !line.contains("name=\"form\""))
            .collect();
        (answer.status, without_token.replace(username, "NAME"))
    };
    assert_eq!(page_for("admin"), page_for("nobody"));
}

#[test]
fn too_many_wrong_passwords_for_a_name_are_429_with_retry_after_and_other_names_can_still_sign_in() {
    let world = World::start();
    world.user("ada");
    let browser = Browser::new(world.base());
    let limited = (0..40)
        .map(|_| browser.try_sign_in("ada", "wrong"))
        .find(|answer| answer.status == 429);
    let limited = limited.expect("guessing is limited");
    assert!(
        limited
            .header("retry-after")
            .is_some_and(|wait| wait.parse::<u32>().is_ok_and(|wait| wait > 0)),
        "{limited}"
    );
    assert_eq!(
        browser.try_sign_in("ada", PASSWORD).status,
        429,
        "not even with the right one"
    );
    browser.sign_in("admin", world.service.admin_password());
    let events = world.service.log_with("sign_in.limited");
    assert!(
        events.contains("sign_in.failed") && events.contains("sign_in.limited"),
        "both are recorded"
    );
}

#[test]
fn a_browser_that_has_signed_in_before_is_not_locked_out_by_strangers() {
    let world = World::start();
    let (before, password) = (Browser::new(world.base()), world.service.admin_password());
    let answer = before.try_sign_in("admin", password);
    let cookie = answer
        .headers("set-cookie")
        .into_iter()
        .find(|cookie| cookie.contains("device"));
    let cookie = cookie.expect("a device cookie").to_owned();
    for attribute in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=7776000"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).unwrap();
    let again = |name: &str, value: &str, password: &str| {
        let browser = Browser::new(world.base());
        browser.set_cookie(name, value);
        browser.try_sign_in("admin", password).status
    };

    let stranger = Browser::new(world.base());
    let limited = (0..20)
        .filter(|_| stranger.try_sign_in("admin", "wrong").status == 429)
        .count();
    assert_eq!(limited, 10, "ten wrong passwords, then none is looked at");
    assert_eq!(stranger.try_sign_in("admin", password).status, 429);
    let log = world.service.log();
    let events = |kind: &str| log.lines().filter(|line| line.contains(kind)).count();
    assert_eq!(events("sign_in.limited"), 1, "one event, however often it is tried");

    let forged = format!("{value}0");
    assert_eq!(again(name, &forged, password), 429);
    assert_eq!(again(name, value, "wrong"), 403);
    assert_eq!(again(name, value, password), 303);
}

#[test]
fn a_sign_in_form_without_its_token_or_from_another_site_signs_nobody_in() {
    let world = World::start();
    let browser = Browser::new(world.base());
    let page = browser.open("/oauth/sign-in").is(200);
    let good = credentials(&page, "admin", world.service.admin_password());
    let origin = world.base_url().origin().ascii_serialization();
    browser.submit(&page, good.clone().without("form")).is(403);
    browser
        .submit_from(&page, good.clone(), &[("Origin", "https://evil.example")])
        .is(403);
    browser
        .submit_from(
            &page,
            good.clone(),
            &[("Sec-Fetch-Site", "cross-site"), ("Origin", &origin)],
        )
        .is(403);
    let stranger = Browser::new(world.base());
    stranger.submit(&page, good.clone()).is(403);
    stranger
        .api("GET", "/api/oauth-clients", None)
        .api_error(401, "Unauthorized");
    browser
        .api("GET", "/api/oauth-clients", None)
        .api_error(401, "Unauthorized");
    assert!(
        matches!(browser.submit(&page, good).status, 302 | 303),
        "none of that used it up"
    );
}

#[test]
fn a_user_locked_at_the_command_line_loses_session_and_sign_in() {
    let world = World::start();
    let ada = world.user("ada");
    ada.api("GET", "/api/oauth-clients-list", None).is(200);
    world.service.cli_ok(&["user", "lock", "ada"]);
    assert!(comes_true(A_SECOND, || ada
        .api("GET", "/api/oauth-clients-list", None)
        .status
        == 401));
    let answer = Browser::new(world.base()).try_sign_in("ada", PASSWORD);
    assert_eq!(answer.header("location"), None, "{answer}");
    assert!(answer.status < 500, "{answer}");
}

#[test]
fn a_user_unlocked_again_may_sign_in_and_refresh() {
    let world = World::start();
    let ada = world.user("ada");
    let client = world.public_client();
    let tokens = world.tokens_for(&ada, &client, &Ask::of(&client));
    world.service.cli_ok(&["user", "lock", "ada"]);
    let (error, last) = world.refused_within_a_second(&client, tokens.refresh());
    assert_eq!(error, "invalid_grant");
    world.service.cli_ok(&["user", "unlock", "ada"]);
    assert!(comes_true(A_SECOND, || world.refresh(&client, &last).status == 200));
    Browser::signed_in(world.base(), "ada", PASSWORD);
}

#[test]
fn a_password_replaced_at_the_command_line_ends_the_sessions_of_the_old_one() {
    let world = World::start();
    let ada = world.user("ada");
    let replaced = world.service.cli_with_input(
        &["user", "password", "ada", "--password-stdin"],
        "another long passphrase\n",
    );
    assert!(replaced.status.success(), "{replaced:?}");
    assert!(comes_true(A_SECOND, || ada
        .api("GET", "/api/oauth-clients-list", None)
        .status
        == 401));
    let old = Browser::new(world.base()).try_sign_in("ada", PASSWORD);
    assert_eq!(old.header("location"), None, "{old}");
    Browser::signed_in(world.base(), "ada", "another long passphrase");
}
