//! Signing in at Informer, and what a token is then good for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use informer_oauth_testkit::informer::{FakeUser, PASSWORD};
use url::Url;

use crate::{
    beside::{Beside, is_login},
    support::*,
};

#[test]
fn a_browser_signs_in_at_informer_consents_and_the_program_reaches_informer_with_the_token() {
    let site = Beside::start();
    let client = site.world.public_client();
    let browser = site.stranger();
    let ask = Ask::of(&client).with("scope", "read:dataset write:report");
    let login = browser.visit(&ask.page());
    let page = Beside::log_in(&browser, &login, "anna", PASSWORD).is(200);
    assert_eq!(Url::parse(&page.url).unwrap().path(), "/oauth/authorize", "{page}");
    assert!(unescape(&page.text()).contains("Anna Example"), "{page}");
    let answer = browser.submit(&page, consent(&page).press("decision", "allow"));
    let redirected = answer.redirected();
    assert_eq!(redirected.get("state").as_deref(), Some("a state"));
    assert_eq!(redirected.get("iss"), Some(site.nginx.base().to_owned()));
    let code = Code {
        code: redirected.code(),
        redirect_uri: Some(client.redirect_uri.clone()),
        verifier: ask.verifier.clone(),
    };
    let tokens = Tokens::read(site.world.redeem(&client, &code).oauth_json());

    let seen = site.call("GET", "/api/datasets?limit=3", &tokens.access).is(200).json();
    let tid = jwt::Jwt::read(&tokens.access).claim("tid").clone();
    assert_eq!(
        (&seen["method"], &seen["path"]),
        (&json!("GET"), &json!("/api/datasets"))
    );
    assert_eq!(seen["headers"]["x-informer-user"], "anna");
    assert_eq!(seen["headers"]["x-informer-client"], client.client_id);
    assert_eq!(seen["headers"]["x-informer-scope"], "read:dataset write:report");
    assert_eq!(seen["headers"]["x-informer-token"], tid);
    site.call("DELETE", "/api/datasets/sales", &tokens.access).is(403);
    site.call("DELETE", "/api/reports/sales", &tokens.access).is(200);

    let fresh = site.world.refreshed(&client, tokens.refresh());
    site.call("GET", "/api/datasets", &fresh.access).is(200);
    site.world.revoke(&client, fresh.refresh()).is(200);
    assert!(comes_true(A_SECOND, || {
        site.call("GET", "/api/datasets", &fresh.access).status == 401
    }));
    site.world
        .refresh(&client, fresh.refresh())
        .oauth_error(400, "invalid_grant");
    site.informer.forget_requests();
    site.call("GET", "/api/datasets", &fresh.access).is(401);
    let arrived = site.informer.requests();
    assert!(
        arrived.iter().all(|request| request.path != "/api/datasets"),
        "it never arrived: {arrived:?}"
    );
}

#[test]
fn the_way_back_from_informers_login_is_a_path_of_the_site_with_every_parameter() {
    let site = Beside::start();
    let client = site.world.public_client();
    let device = Device::start(&site.world, &client);
    let complete = device.answer["verification_uri_complete"].as_str().unwrap().to_owned();
    let ask = Ask::of(&client).with("state", "a/b?c=d&e#f \"ü\"");
    for target in [
        ask.page(),
        complete.clone(),
        "/oauth/applications".to_owned(),
        "/oauth/admin/clients?q=a%26b".to_owned(),
    ] {
        let answer = site.stranger().open(&target);
        let location = answer.location();
        assert_eq!(location.origin().ascii_serialization(), site.nginx.base(), "{answer}");
        assert_eq!(location.path(), "/login", "{answer}");
        let back = answer.redirected().get("return").expect("a way back");
        assert!(back.starts_with('/') && !back.starts_with("//"), "{back}");
        let (came, meant) = [&back, &target].map(|path| location.join(path).unwrap()).into();
        assert_eq!(came.path(), meant.path());
        let carried: Vec<_> = came.query_pairs().collect();
        if let [(name, packed)] = carried.as_slice()
            && name == "resume"
        {
            // A whole authorization request in one parameter.
            let bytes = URL_SAFE_NO_PAD.decode(packed.as_bytes()).unwrap();
            let texts: Vec<&[u8]> = bytes.split(|byte| *byte == 0xff).collect();
            for (name, value) in meant.query_pairs() {
                let pair = [name.as_bytes(), value.as_bytes()];
                assert!(
                    texts.windows(2).any(|texts| texts == pair),
                    "{name}={value} is lost: {came}"
                );
            }
            continue;
        }
        for pair in meant.query_pairs() {
            assert!(carried.contains(&pair), "{pair:?} is lost: {came}");
        }
    }
}

#[test]
fn the_services_own_sign_in_page_is_not_there() {
    let site = Beside::start();
    let browser = site.stranger();
    let answer = browser.visit("/oauth/sign-in");
    assert!(
        !forms(&answer.text())
            .iter()
            .any(|form| form.action.contains("/oauth/sign-in")),
        "{answer}"
    );
    let form = Request::post("/oauth/sign-in")
        .header("Sec-Fetch-Site", "same-origin")
        .form(&[("username", "admin"), ("password", PASSWORD)]);
    let posted = browser.send(form);
    assert!([303, 404, 405].contains(&posted.status), "{posted}");
    assert!(posted.headers("set-cookie").is_empty(), "{posted}");
}

#[test]
fn only_a_live_session_of_informers_counts() {
    let site = Beside::start();
    site.informer.set_user(FakeUser::named("left"));
    let client = site.world.public_client();
    let page = Ask::of(&client).page();
    let is_signed_out = |browser: &Browser| {
        is_login(&browser.visit(&page));
        browser
            .api("GET", "/api/oauth-clients-list", None)
            .api_error(401, "Unauthorized");
    };
    for forged in ["none", "..", "%2e%2e", "x/../anna", "0"] {
        let browser = site.stranger();
        browser.set_cookie("sid", forged);
        is_signed_out(&browser);
    }
    let ways: [fn(&Beside, &str); 4] = [
        |site, sid| site.informer.end_session(sid),
        |site, sid| site.informer.deactivate_session(sid),
        |site, sid| site.informer.expire_session(sid),
        |site, _| site.informer.remove_user("left"),
    ];
    for end in ways {
        let browser = site.signed_in("left");
        consent(&browser.visit(&page).is(200));
        end(&site, &browser.cookies()["sid"]);
        assert!(
            comes_true(crate::beside::NOTICED, || {
                browser.api("GET", "/api/oauth-clients-list", None).status == 401
            }),
            "it counts still"
        );
        is_signed_out(&browser);
    }
}

#[test]
fn who_signs_out_at_informer_and_signs_in_as_another_is_the_other_at_once() {
    let site = Beside::start();
    let client = site.world.public_client();
    let browser = site.signed_in("anna");
    let page = browser.visit(&Ask::of(&client).page()).is(200);
    let form = consent(&page);
    let out = Request::post("/logout").header("Sec-Fetch-Site", "same-origin");
    browser.send(out).is(303);
    let login = browser.visit("/login?return=/oauth/applications");
    let page = Beside::log_in(&browser, &login, "root", PASSWORD).is(200);
    assert!(unescape(&page.text()).contains("Root of all"), "{page}");
    // What was shown to the one is not decided by the other.
    browser.submit(&page, form.press("decision", "allow")).is(403);
}
