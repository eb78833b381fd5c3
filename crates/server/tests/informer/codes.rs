//! Codes that are presented while Informer is away.

use informer_oauth_testkit::informer::Behaviour;

use crate::{
    beside::{Beside, NOTICED},
    support::*,
};

#[test]
fn a_code_that_comes_while_informer_is_away_is_answered_503_and_is_good_when_it_is_back() {
    let site = Beside::start();
    let client = site.world.public_client();
    let anna = site.signed_in("anna");
    let device = Device::start(&site.world, &client);
    device.decide(&anna, true).is(204);
    let code = anna.code(&Ask::of(&client));
    for behaviour in [Behaviour::Refusing, Behaviour::Failing(500)] {
        site.informer.behave(behaviour.clone());
        // As soon as what was heard before is too old to be used.
        assert!(comes_true(NOTICED, || anna.open("/oauth/device").status == 503));
        for request in [client.redemption(&code), client.poll(&device)] {
            let answer = site.world.http.send(request);
            answer.oauth_error(503, "temporarily_unavailable");
        }
        site.informer.behave(Behaviour::Well);
        assert!(comes_true(NOTICED, || anna.open("/oauth/device").status == 200));
    }
    Tokens::read(site.world.redeem(&client, &code).oauth_json());
    Tokens::read(site.world.http.send(client.poll(&device)).oauth_json());
    let events = format!("/api/oauth-clients/{}/events", client.id);
    let events = site.world.admin.api("GET", &events, None).is(200);
    assert!(!events.text().contains("replayed"), "{events}");
}
