//! Sessions in which somebody of support acts for a user, and sessions of other tenants.

use crate::{
    beside::{Beside, NOTICED, is_login},
    support::*,
};

/// Demands a page that says why nothing was changed.
#[track_caller]
fn is_refused(page: &Answer) {
    assert_eq!(page.status, 403, "{page}");
    assert!(page.text().contains("You are acting for another user"), "{page}");
}

/// A browser in which `helper` acts for a user.
fn acting_for(site: &Beside, username: &str) -> Browser {
    let browser = Browser::new(site.nginx.base());
    let sid = site.informer.sign_in(username);
    site.informer.impersonate(&sid, "helper");
    browser.set_cookie("sid", &sid);
    browser
}

/// Demands that so many refusals were recorded that name both.
#[track_caller]
fn are_recorded(site: &Beside, user: &str, refusals: usize) {
    let names = |line: &&str| {
        let event: Value = serde_json::from_str(line).unwrap_or_default();
        let event = event["fields"]
            .as_object()
            .cloned()
            .map_or(event.clone(), Value::Object);
        event["kind"] == "impersonation.refused" && event["actor"] == "helper" && event["about"] == user
    };
    let count = || site.world.service.log().lines().filter(names).count();
    assert!(
        comes_true(NOTICED, || count() == refusals),
        "{}",
        site.world.service.log()
    );
}

#[test]
fn impersonators_may_look_and_consent_to_nothing() {
    let site = Beside::start();
    let client = site.world.public_client();
    let ask = Ask::of(&client);
    // The user has allowed the client before, which must not help.
    site.world.tokens_for(&site.signed_in("anna"), &client, &ask);
    let support = acting_for(&site, "anna");

    is_refused(&support.open(&ask.page()));
    is_refused(&support.open(&ask.clone().with("prompt", "consent").page()));
    let silent = support.open(&ask.clone().with("prompt", "none").page());
    silent
        .redirected()
        .is_error("access_denied", Some("a state"), &site.world.issuer);
    support.api("GET", &ask.api(), None).is(200);
    for approve in [true, false] {
        support
            .api("POST", "/api/oauth/authorize", Some(&ask.decision(approve)))
            .api_error(403, "Forbidden");
    }
    are_recorded(&site, "anna", 5);

    // A page that was opened in person is of no use after the session has become somebody else's.
    let anna = Browser::new(site.nginx.base());
    let sid = site.informer.sign_in("anna");
    anna.set_cookie("sid", &sid);
    let page = anna.visit(&ask.with("prompt", "consent").page()).is(200);
    site.informer.impersonate(&sid, "helper");
    assert!(comes_true(NOTICED, || {
        anna.api("POST", "/api/oauth/authorize", Some(&json!({}))).status == 403
    }));
    is_refused(&anna.submit(&page, consent(&page).press("decision", "allow")));
}

#[test]
fn impersonators_decide_about_no_device_and_end_nothing() {
    let site = Beside::start();
    let client = site.world.public_client();
    let anna = site.signed_in("anna");
    let tokens = site.world.tokens_for(&anna, &client, &Ask::of(&client));
    let support = acting_for(&site, "anna");
    let device = Device::start(&site.world, &client);
    for approve in [true, false] {
        device.decide(&support, approve).api_error(403, "Forbidden");
    }
    device.shown(&support).is(200);
    let page = support
        .visit(device.answer["verification_uri_complete"].as_str().unwrap())
        .is(200);
    let form = forms(&page.text())
        .into_iter()
        .find(|form| form.has("user_code") && form.buttons.is_empty())
        .unwrap_or_else(|| panic!("no code to confirm: {page}"));
    let shown = support.submit(&page, form).is(200);
    is_refused(&support.submit(&shown, consent(&shown).press("decision", "allow")));
    site.world
        .http
        .send(client.poll(&device))
        .oauth_error(400, "authorization_pending");

    let page = support.visit("/oauth/applications").is(200);
    let form = forms(&page.text())
        .into_iter()
        .find(|form| form.buttons.iter().any(|(name, _)| name == "disconnect"))
        .unwrap_or_else(|| panic!("nothing to disconnect: {page}"));
    let what = form.buttons[0].1.clone();
    is_refused(&support.submit(&page, form.press("disconnect", &what)));
    assert!(site.passes(&tokens.access));
    are_recorded(&site, "anna", 4);
}

#[test]
fn impersonators_of_a_superuser_read_the_console_and_write_nothing() {
    let site = Beside::start();
    let client = site.world.confidential_client();
    let support = acting_for(&site, "root");
    let clients = format!("/api/oauth-clients/{}", client.id);
    support.api("GET", &clients, None).is(200);
    let body = json!({ "name": "Another" });
    for (method, path, body) in [
        ("POST", "/api/oauth-clients".to_owned(), Some(&body)),
        ("PATCH", clients.clone(), Some(&body)),
        ("PUT", clients.clone(), Some(&body)),
        ("DELETE", clients.clone(), None),
        ("POST", format!("{clients}/secrets"), Some(&json!({}))),
        ("DELETE", format!("{clients}/tokens"), None),
        ("DELETE", format!("{clients}/icon"), None),
    ] {
        support.api(method, &path, body).api_error(403, "Forbidden");
    }
    let new = support.visit("/oauth/admin/clients/new?template=Generic+App").is(200);
    let form = forms(&new.text()).into_iter().find(|form| form.has("name")).unwrap();
    is_refused(&support.submit(&new, form.fill("name", "Made for another")));
    are_recorded(&site, "root", 8);
    let listed = site.world.admin.api("GET", "/api/oauth-clients?q=Made+for", None);
    assert_eq!(listed.is(200).json()["total"], 0);
}

#[test]
fn sessions_of_another_tenant_are_signed_out() {
    let site = Beside::start_with(&[
        ("INFORMER_OAUTH__IDENTITY__INFORMER__TENANT", "acme"),
        ("INFORMER_OAUTH__IDENTITY__INFORMER__HEADERS__X_INF_TENANT", "acme"),
    ]);
    site.informer.serve_tenant("acme");
    let sid = site.informer.sign_in("anna");
    let anna = Browser::new(site.nginx.base());
    anna.set_cookie("sid", &sid);
    let client = site.world.public_client();
    let tokens = site.world.tokens_for(&anna, &client, &Ask::of(&client));
    site.world.refreshed(&client, tokens.refresh());
    site.informer.move_session(&sid, "other");
    assert!(comes_true(NOTICED, || {
        anna.api("GET", "/api/oauth-clients-list", None).status == 401
    }));
    is_login(&anna.visit("/oauth/applications"));
    let asked = site.informer.requests();
    let ours = asked
        .iter()
        .filter(|request| request.path.starts_with("/api/sessions/") || request.path.starts_with("/api/users/"));
    for request in ours {
        assert_eq!(request.header("x-inf-tenant"), Some("acme"), "{request:?}");
    }
}
