//! How a browser gets to Informer's login and away from it again.

use informer_oauth_testkit::informer::FakeUser;

use crate::{beside::Beside, support::*};

/// As many pages as a person may open at once before signing in.
const TRIPS: usize = 5;

#[test]
fn a_browser_that_keeps_coming_back_without_a_sign_in_that_counts_is_told_so() {
    let site = Beside::start();
    // Informer may think that a locked user is signed in, and send the browser back at once.
    site.informer.set_user(FakeUser::named("lost").locked());
    let browser = site.signed_in("lost");
    for _ in 0..TRIPS {
        let answer = browser.open("/oauth/applications").is(303);
        assert_eq!(answer.location().path(), "/login");
    }
    for page in ["/oauth/applications", "/oauth/admin"] {
        let told = browser.open(page).is(403);
        assert!(told.text().contains("You do not arrive here signed in"), "{told}");
        assert!(told.text().contains(&format!("/login?return={page}")), "{told}");
        // The button begins anew.
        for _ in 0..TRIPS {
            browser.open(page).is(303);
        }
    }
    // Where a program asks instead of a person, it is told at once.
    browser
        .api("GET", "/api/oauth-clients-list", None)
        .api_error(401, "Unauthorized");
    // Nobody is kept out by it who is signed in, or is so again.
    site.informer.set_user(FakeUser::named("lost"));
    assert!(comes_true(crate::beside::NOTICED, || {
        browser.open("/oauth/applications").status == 200
    }));
}

#[test]
fn switching_the_user_is_informers_business_and_leads_back_to_the_page() {
    let site = Beside::start();
    let client = site.world.public_client();
    let anna = site.signed_in("anna");
    for page in ["/oauth", "/oauth/applications", "/oauth/device"] {
        let shown = anna.visit(page).is(200);
        let link = format!(r#"href="/login?return={page}""#);
        assert!(shown.text().contains(&link), "{shown}");
        assert!(!shown.text().contains("/oauth/sign-out"), "{shown}");
    }
    let asked = anna.visit(&Ask::of(&client).page()).is(200);
    assert!(
        unescape(&asked.text()).contains("/login?return=/oauth/authorize?"),
        "{asked}"
    );
    let console = site.world.admin.visit("/oauth/admin/clients").is(200);
    assert!(
        console.text().contains("/login?return=/oauth/admin/clients"),
        "{console}"
    );
    let request = Request::post("/oauth/sign-out").header("Sec-Fetch-Site", "same-origin");
    let refused = anna.send(request.form(&[("form", "x")])).is(404);
    assert!(refused.headers("set-cookie").is_empty(), "{refused}");
    let stranger = site.stranger().visit("/oauth").is(200);
    assert!(stranger.text().contains(r#"href="/login?return=/oauth""#), "{stranger}");
}
