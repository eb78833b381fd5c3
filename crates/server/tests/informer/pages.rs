//! Devices, applications and the console with Informer's session.

use informer_oauth_testkit::informer::PASSWORD;

use crate::{beside::Beside, support::*};

#[test]
fn a_person_who_is_signed_out_allows_a_device_by_way_of_informers_login() {
    let site = Beside::start();
    let client = site.world.public_client();
    let device = Device::start(&site.world, &client);
    let complete = device.answer["verification_uri_complete"].as_str().unwrap();
    assert!(complete.starts_with(site.nginx.base()), "{complete}");
    let browser = site.stranger();
    let login = browser.visit(complete);
    let page = Beside::log_in(&browser, &login, "anna", PASSWORD).is(200);
    let page = match forms(&page.text())
        .iter()
        .find(|form| form.has("user_code") && form.buttons.is_empty())
    {
        // The code is filled in, and sent by hand.
        Some(form) => browser.submit(&page, form.clone()).is(200),
        None => page,
    };
    assert!(page.text().contains(&device.user_code), "{page}");
    let done = browser.submit(&page, consent(&page).press("decision", "allow")).is(200);
    assert!(done.text().contains("you can go back to your device"), "{done}");
    let tokens = Tokens::read(site.world.http.send(client.poll(&device)).oauth_json());
    let seen = site.call("GET", "/api/me", &tokens.access).is(200).json();
    assert_eq!(seen["headers"]["x-informer-user"], "anna");
}

#[test]
fn a_person_sees_and_ends_what_they_allowed() {
    let site = Beside::start();
    let client = site.world.register(json!({
        "name": "Sales board", "redirect_uri": ["https://board.example/cb"], "pkce": true, "enableRefreshTokens": true,
    }));
    let anna = site.signed_in("anna");
    let tokens = site.world.tokens_for(&anna, &client, &Ask::of(&client));
    assert!(site.passes(&tokens.access));
    let nothing = site.world.admin.visit("/oauth/applications").is(200);
    assert!(!nothing.text().contains("Sales board"), "{nothing}");
    let page = anna.visit("/oauth/applications").is(200);
    assert!(page.text().contains("Sales board"), "{page}");
    let form = forms(&page.text())
        .into_iter()
        .find(|form| form.buttons.iter().any(|(name, _)| name == "disconnect"))
        .unwrap_or_else(|| panic!("nothing to disconnect: {page}"));
    let what = form.buttons[0].1.clone();
    anna.submit(&page, form.press("disconnect", &what)).is(303);
    assert!(comes_true(A_SECOND, || !site.passes(&tokens.access)));
}

#[test]
fn the_console_is_for_superusers_of_informer_with_the_feature() {
    let site = Beside::start();
    let login = site.stranger().visit("/oauth/admin");
    crate::beside::is_login(&login);
    let refused = site.signed_in("anna").visit("/oauth/admin").is(403);
    assert!(
        refused
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html")),
        "{refused}"
    );
    let admin = &site.world.admin;
    let page = admin.visit("/oauth/admin/clients").is(200);
    assert!(unescape(&page.text()).contains("Root of all"), "{page}");
    let new = admin.visit("/oauth/admin/clients/new?template=Generic+App").is(200);
    let form = forms(&new.text())
        .into_iter()
        .find(|form| form.has("name"))
        .unwrap_or_else(|| panic!("no form: {new}"));
    let made = admin.submit(&new, form.fill("name", "Made in the console"));
    let page = admin.follow(made).is(200);
    assert!(page.text().contains("Made in the console"), "{page}");
}
