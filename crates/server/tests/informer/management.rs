//! The management API: permissions are those that Informer knows at the time of the call.

use informer_oauth_testkit::informer::FakeUser;

use crate::{
    beside::{Beside, NOTICED},
    support::*,
};

const SUPERUSER: &str = "Superuser permission required";
const FEATURE: &str = "Token API feature is not enabled";

const CLIENTS: &str = "/api/oauth-clients";

#[track_caller]
fn is_forbidden(answer: &Answer, message: &str) {
    assert_eq!(answer.api_error(403, "Forbidden")["message"], message, "{answer}");
}

/// Asks until the answer is a 403, which must come in time.
#[track_caller]
fn becomes_forbidden(message: &str, ask: impl Fn() -> Answer) {
    let mut last = None;
    assert!(comes_true(NOTICED, || {
        let answer = ask();
        let forbidden = answer.status == 403;
        last = Some(answer);
        forbidden
    }));
    is_forbidden(&last.unwrap(), message);
}

#[test]
fn superusers_manage_and_others_are_told_why_not() {
    let site = Beside::start();
    site.informer
        .set_user(FakeUser::named("boss").superuser().without_token_api());
    let client = site.world.public_client();
    let (root, anna, boss) = (&site.world.admin, site.signed_in("anna"), site.signed_in("boss"));
    let new = json!({ "name": "New", "redirect_uri": ["https://app.example/cb"] });
    root.api("GET", CLIENTS, None).is(200);
    is_forbidden(&anna.api("GET", CLIENTS, None), SUPERUSER);
    is_forbidden(&anna.api("POST", CLIENTS, Some(&new)), SUPERUSER);
    anna.api("GET", "/api/oauth-clients-list", None).is(200);
    is_forbidden(&boss.api("GET", CLIENTS, None), FEATURE);
    is_forbidden(&boss.api("POST", CLIENTS, Some(&new)), FEATURE);
    boss.api("DELETE", &format!("{CLIENTS}/{}", client.id), None).is(204);
    site.world.http.get(CLIENTS).api_error(401, "Unauthorized");
}

#[test]
fn a_bearer_token_reaches_as_far_as_its_scope_and_its_user_do_now() {
    let site = Beside::start();
    let client = site.world.public_client();
    let root = FakeUser::named("root").superuser();
    let boss = FakeUser::named("boss").superuser();
    site.informer.set_user(boss.clone());
    let browser = site.signed_in("boss");
    let [writing, reading] = ["write:global", "read:global"].map(|scope| {
        let ask = Ask::of(&client).with("scope", scope);
        site.world.tokens_for(&browser, &client, &ask).access
    });
    let narrow = site.world.tokens_with(&client, "write:dataset").access;
    let read = |token: &str| site.call("GET", CLIENTS, token);
    let write = |token: &str| {
        let new = json!({ "name": "New", "redirect_uri": ["https://app.example/cb"] });
        site.world.http.send(Request::post(CLIENTS).bearer(token).json(&new))
    };
    read(&writing).is(200);
    write(&writing).is(201);
    read(&reading).is(200);
    for answer in [write(&reading), read(&narrow)] {
        answer.api_error(403, "Forbidden");
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert!(challenge.contains("insufficient_scope"), "{answer}");
    }

    site.informer.set_user(boss.clone().without_token_api());
    becomes_forbidden(FEATURE, || read(&writing));
    is_forbidden(&write(&writing), FEATURE);
    site.informer.set_user(FakeUser::named("boss"));
    becomes_forbidden(SUPERUSER, || read(&reading).status_or(FEATURE));
    becomes_forbidden(SUPERUSER, || write(&writing).status_or(FEATURE));
    becomes_forbidden(SUPERUSER, || browser.api("GET", CLIENTS, None).status_or(FEATURE));
    site.call("GET", "/api/datasets", &writing).is(200);

    site.informer.set_user(boss);
    assert!(
        comes_true(NOTICED, || read(&writing).status == 200),
        "it comes back too"
    );
    site.informer.set_user(root);
    site.informer.remove_user("boss");
    assert!(
        comes_true(NOTICED, || [401, 403].contains(&read(&writing).status)),
        "a user who is gone manages nothing"
    );
}

impl Answer {
    /// The answer, but for a refusal in other words, which counts as none yet.
    fn status_or(mut self, words: &str) -> Self {
        if self.text().contains(words) {
            self.status = 0;
        }
        self
    }
}
