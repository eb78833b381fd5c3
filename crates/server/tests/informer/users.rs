//! Users who are locked, disabled or deleted at Informer.

use std::time::{Duration, Instant};

use informer_oauth_testkit::informer::{Behaviour, FakeUser};

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
        assert!(
            comes_true(NOTICED, || !site.passes(&fresh.access)),
            "{name}: an access token works still"
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
        assert!(comes_true(NOTICED, || site.passes(&fresh.access)));
    }
    site.world.refreshed(&client, other.refresh());
}

#[test]
fn unreachable_informer_leaves_users_as_they_were_last_known() {
    let mut site = Beside::start();
    let client = site.world.public_client();
    site.informer.set_user(FakeUser::named("bob"));
    let [annas, bobs] = ["anna", "bob"].map(|name| {
        let browser = site.signed_in(name);
        site.world.tokens_for(&browser, &client, &Ask::of(&client)).access
    });
    site.informer.set_user(FakeUser::named("bob").locked());
    assert!(comes_true(NOTICED, || !site.passes(&bobs)));
    site.informer.behave(Behaviour::Refusing);
    // Long enough for every remembered answer to grow old.
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        assert!(site.passes(&annas));
        assert!(!site.passes(&bobs));
    }
    // A process that has never heard of a user cannot say.
    site.world.service.restart();
    let gate = |token: &str| site.direct.send(gate_request("GET", "/api/profile", Some(token)));
    for token in [&annas, &bobs] {
        gate(token).oauth_error(503, "temporarily_unavailable");
    }
    site.informer.behave(Behaviour::Well);
    assert!(comes_true(NOTICED, || gate(&annas).status == 200));
    assert!(comes_true(NOTICED, || gate(&bobs).status == 401));
}

#[test]
fn without_an_api_token_only_tokens_that_expire_are_let_through() {
    let site = Beside::start_with(&[("INFORMER_OAUTH__IDENTITY__INFORMER__API_TOKEN", "")]);
    let anna = site.signed_in("anna");
    let client = site.world.public_client();
    let lasting = site
        .world
        .register(json!({ "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": false }));
    let tokens = [&client, &lasting].map(|client| site.world.tokens_for(&anna, client, &Ask::of(client)).access);
    let gate = |token: &str| site.direct.send(gate_request("GET", "/api/profile", Some(token)));
    gate(&tokens[0]).is(200);
    gate(&tokens[1]).oauth_error(503, "temporarily_unavailable");
    site.informer.set_user(FakeUser::named("anna").locked());
    let seen_locked = || {
        anna.api("GET", "/api/oauth-clients-list", None);
        gate(&tokens[0]).status == 401 && gate(&tokens[1]).status == 401
    };
    assert!(comes_true(NOTICED, seen_locked));
}
