//! Users who are locked, disabled or deleted at Informer.

use informer_oauth_testkit::informer::FakeUser;

use crate::{
    beside::{Beside, NOTICED, is_login},
    support::*,
};

#[test]
fn a_user_who_is_locked_disabled_or_deleted_at_informer_refreshes_no_more_and_is_sent_to_its_login() {
    let site = Beside::start();
    let client = site.world.public_client();
    let ask = Ask::of(&client);
    let other = site.world.tokens_for(&site.signed_in("anna"), &client, &ask);
    for (name, end) in [
        ("locked", Some(FakeUser::named("locked").locked())),
        ("disabled", Some(FakeUser::named("disabled").disabled())),
        ("deleted", None),
    ] {
        site.informer.set_user(FakeUser::named(name));
        let browser = site.signed_in(name);
        let tokens = site.world.tokens_for(&browser, &client, &ask);
        let mut fresh = site.world.refreshed(&client, tokens.refresh());
        let code = browser.code(&ask);
        match end.clone() {
            Some(user) => site.informer.set_user(user),
            None => site.informer.remove_user(name),
        }
        let (refused, last) = site.refused_in_time(&client, fresh.refresh());
        refused.oauth_error(400, "invalid_grant");
        assert!(comes_true(NOTICED, || {
            browser.api("GET", "/api/oauth-clients-list", None).status == 401
        }));
        is_login(&browser.visit(&ask.page()));
        site.world.redeem(&client, &code).oauth_error(400, "invalid_grant");
        let known = site.informer.requests();
        assert!(
            known.iter().any(|request| request.path == format!("/api/users/{name}")),
            "Informer was asked"
        );
        // It is Informer's decision, and Informer can take it back.
        site.informer.set_user(FakeUser::named(name));
        let back = comes_true(NOTICED, || {
            let answer = site.world.refresh(&client, &last);
            if answer.status == 200 {
                fresh = Tokens::read(answer.oauth_json());
            }
            answer.status == 200
        });
        assert!(back, "{name}: a refusal burns nothing");
        assert!(site.passes(&fresh.access));
    }
    site.world.refreshed(&client, other.refresh());
}
