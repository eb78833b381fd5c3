//! Redeeming codes.

use std::time::Duration;

use crate::support::*;

#[test]
fn a_code_presented_by_another_client_is_refused_not_burnt_and_an_authenticated_thief_is_a_security_event() {
    let world = World::start();
    let owner = world.public_client();
    let thief = world.confidential_client();
    let stranger = world.public_client();
    let code = world.code(&owner);
    world.redeem(&stranger, &code).oauth_error(400, "invalid_grant");
    world.redeem(&thief, &code).oauth_error(400, "invalid_grant");
    world.redeem(&owner, &code).is(200);
    assert_eq!(world.count_events(&thief, "code.presented_by_other_client"), 1);
    assert_eq!(
        world.count_events(&stranger, "code.presented_by_other_client"),
        0,
        "it proved nothing"
    );
}

#[test]
fn a_thief_who_comes_after_the_owner_does_not_end_the_owners_tokens() {
    let world = World::start();
    let (owner, thief) = (world.public_client(), world.confidential_client());
    let code = world.code(&owner);
    let tokens = Tokens::read(world.redeem(&owner, &code).oauth_json());
    world.redeem(&thief, &code).oauth_error(400, "invalid_grant");
    assert!(world.works(&tokens.access));
    world.refreshed(&owner, tokens.refresh());
}

#[test]
fn an_expired_code_is_invalid_grant() {
    let world = World::start_with(&[("INFORMER_OAUTH__TOKENS__CODE_SECONDS", "1")]);
    let client = world.public_client();
    let code = world.code(&client);
    std::thread::sleep(Duration::from_millis(1050));
    world.redeem(&client, &code).oauth_error(400, "invalid_grant");
    assert_eq!(world.manage(&client, "GET", "/tokens", None).json()["total"], 0);
}

#[test]
fn a_wrong_missing_or_unneeded_redirect_uri_is_judged_as_it_was_asked() {
    let world = World::start();
    let client = world.register(json!({ "redirect_uri": ["https://app.example/cb", "https://app.example/two"] }));
    let code = world.code(&client);
    for wrong in [
        "https://app.example/two",
        "https://app.example/cb/",
        "https://evil.example/",
        "HTTPS://app.example/cb",
    ] {
        world
            .redeem(
                &client,
                &Code {
                    redirect_uri: Some(wrong.into()),
                    ..code.clone()
                },
            )
            .oauth_error(400, "invalid_grant");
    }
    world
        .redeem(
            &client,
            &Code {
                redirect_uri: None,
                ..code
            },
        )
        .oauth_error(400, "invalid_grant");
}

#[test]
fn a_wrong_missing_or_unneeded_verifier_is_invalid_grant() {
    let world = World::start();
    let client = world.public_client();
    let code = world.code(&client);
    let challenge = challenge_of(code.verifier.as_deref().unwrap());
    for wrong in [
        verifier(2),
        challenge,
        "short".into(),
        "a".repeat(129),
        format!("{} ", verifier(1)),
    ] {
        world
            .redeem(
                &client,
                &Code {
                    verifier: Some(wrong),
                    ..code.clone()
                },
            )
            .oauth_error(400, "invalid_grant");
    }
    world
        .redeem(&client, &Code { verifier: None, ..code })
        .oauth_error(400, "invalid_grant");

    let free = world.confidential_client();
    let without = world.admin.code(&Ask::plainly_of(&free));
    world
        .redeem(
            &free,
            &Code {
                verifier: Some(verifier(1)),
                ..without
            },
        )
        .oauth_error(400, "invalid_grant");
}

#[test]
fn a_client_that_need_not_use_pkce_is_held_to_it_once_it_does() {
    let world = World::start();
    let client = world.confidential_client();
    let code = world.admin.code(&Ask::of(&client));
    world
        .redeem(
            &client,
            &Code {
                verifier: None,
                ..code.clone()
            },
        )
        .oauth_error(400, "invalid_grant");
    world
        .redeem(
            &client,
            &Code {
                verifier: Some(verifier(7)),
                ..code
            },
        )
        .oauth_error(400, "invalid_grant");
    let code = world.admin.code(&Ask::of(&client));
    world.redeem(&client, &code).is(200);
}

#[test]
fn a_code_used_twice_is_invalid_grant_and_revokes_what_the_first_use_issued() {
    let world = World::start();
    let client = world.public_client();
    let code = world.code(&client);
    let tokens = Tokens::read(world.redeem(&client, &code).oauth_json());
    assert!(world.works(&tokens.access));
    world.redeem(&client, &code).oauth_error(400, "invalid_grant");
    assert!(comes_true(A_SECOND, || !world.works(&tokens.access)));
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    assert_eq!(world.count_events(&client, "code.replayed"), 1);
}

#[test]
fn a_used_code_without_proof_ends_nothing_and_is_one_event() {
    let world = World::start();
    let client = world.public_client();
    let code = world.code(&client);
    let tokens = Tokens::read(world.redeem(&client, &code).oauth_json());
    for number in 0..8 {
        let stolen = Code {
            verifier: (number % 2 == 0).then(|| verifier(2)),
            ..code.clone()
        };
        world.redeem(&client, &stolen).oauth_error(400, "invalid_grant");
    }
    assert!(world.works(&tokens.access));
    let tokens = world.refreshed(&client, tokens.refresh());
    assert_eq!(world.count_events(&client, "code.replay_unproven"), 1);
    assert_eq!(world.count_events(&client, "code.replayed"), 0);

    for _ in 0..8 {
        world.redeem(&client, &code).oauth_error(400, "invalid_grant");
    }
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    assert_eq!(world.count_events(&client, "code.replayed"), 1);
}

#[test]
fn a_used_code_of_an_authenticated_client_ends_what_it_gave_whatever_comes_with_it() {
    let world = World::start();
    let client = world.confidential_client();
    let code = world.code(&client);
    let tokens = Tokens::read(world.redeem(&client, &code).oauth_json());
    let without = Code { verifier: None, ..code };
    world.redeem(&client, &without).oauth_error(400, "invalid_grant");
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    assert_eq!(world.count_events(&client, "code.replayed"), 1);
}

#[test]
fn a_code_of_another_store_and_what_is_no_code_are_invalid_grant() {
    let (here, there) = (World::start(), World::start());
    let client = here.public_client();
    let foreign = there.code(&there.public_client());
    here.redeem(&client, &foreign).oauth_error(400, "invalid_grant");
    for nonsense in ["x", "0", "%00", "' OR 1=1", "é", &"c".repeat(3000)] {
        let code = Code {
            code: nonsense.into(),
            redirect_uri: Some(client.redirect_uri.clone()),
            verifier: Some(verifier(1)),
        };
        here.redeem(&client, &code).oauth_error(400, "invalid_grant");
    }
    let tokens = here.tokens(&client);
    for token in [tokens.access.as_str(), tokens.refresh()] {
        let code = Code {
            code: token.to_owned(),
            redirect_uri: Some(client.redirect_uri.clone()),
            verifier: Some(verifier(1)),
        };
        here.redeem(&client, &code).oauth_error(400, "invalid_grant");
    }
}

/// Redeems a fresh code each time until one is refused, within a second. A code made before the end is as good as any other
/// made before it, so each is refused from then on.
#[track_caller]
fn is_refused_within_a_second(world: &World, client: &Client, codes: &[Code]) {
    let mut left = codes.iter();
    let refused = comes_true(A_SECOND, || {
        let answer = world.redeem(client, left.next().expect("enough codes for a second"));
        if answer.status != 200 {
            answer.oauth_error(400, "invalid_grant");
        }
        answer.status != 200
    });
    assert!(refused, "still redeemed");
    world
        .redeem(client, left.next().expect("one more"))
        .oauth_error(400, "invalid_grant");
}

#[test]
fn a_code_of_a_client_or_user_that_has_ended_since_gives_nothing() {
    let world = World::start();
    let ada = world.user("ada");
    let client = world.public_client();
    let codes: Vec<Code> = (0..60).map(|_| ada.code(&Ask::of(&client))).collect();
    world.service.cli_ok(&["user", "lock", "ada"]);
    is_refused_within_a_second(&world, &client, &codes);

    let codes: Vec<Code> = (0..60).map(|_| world.code(&client)).collect();
    world.patch(&client, &json!({ "enabled": false }));
    is_refused_within_a_second(&world, &client, &codes);

    let gone = world.public_client();
    let code = world.code(&gone);
    world.manage(&gone, "DELETE", "", None).is(204);
    let answer = world.redeem(&gone, &code);
    assert!([400, 401].contains(&answer.status), "{answer}");
}
