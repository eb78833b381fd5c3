//! The retry window: a lost answer may be asked for again, and the family never forks.

use crate::support::*;

const WINDOW: (&str, &str) = ("INFORMER_OAUTH__TOKENS__REFRESH_RETRY_WINDOW", "10");

#[test]
fn within_the_window_the_same_successor_is_given_out_again() {
    let world = World::start_with(&[WINDOW]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let first = world.refreshed(&client, tokens.refresh());
    let retry = world.refreshed(&client, tokens.refresh());
    let again = world.refreshed(&client, tokens.refresh());
    assert_eq!(first.refresh(), retry.refresh(), "the same text");
    assert_eq!(first.refresh(), again.refresh());
    for access in [&first.access, &retry.access, &again.access] {
        assert!(world.works(access));
    }
    world.refreshed(&client, first.refresh());
    assert_eq!(world.count_events(&client, "refresh.replayed"), 0);
}

#[test]
fn within_the_window_a_used_successor_is_invalid_grant_and_an_event_but_no_revocation() {
    let world = World::start_with(&[WINDOW]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let second = world.refreshed(&client, tokens.refresh());
    let third = world.refreshed(&client, second.refresh());
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    assert!(world.works(&third.access));
    world.refreshed(&client, third.refresh());
    assert_eq!(world.count_events(&client, "refresh.superseded"), 1);
    assert_eq!(world.count_events(&client, "refresh.replayed"), 0);
}

#[test]
fn within_the_window_another_client_or_another_scope_gets_nothing() {
    let world = World::start_with(&[WINDOW]);
    let (client, thief) = (world.public_client(), world.confidential_client());
    let tokens = world.tokens_with(&client, "read:profile read:report");
    let first = world.refreshed(&client, tokens.refresh());
    world
        .refresh(&thief, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    let narrower = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh()),
        ("scope", "read:profile"),
    ];
    world
        .http
        .send(client.post("/oauth/token", &narrower))
        .oauth_error(400, "invalid_grant");
    assert!(world.works(&first.access));
    assert_eq!(
        world.refreshed(&client, tokens.refresh()).refresh(),
        first.refresh(),
        "nothing was spoilt"
    );
    world.refreshed(&client, first.refresh());
}

#[test]
fn after_the_window_a_rotated_token_revokes_the_family() {
    let world = World::start_with(&[("INFORMER_OAUTH__TOKENS__REFRESH_RETRY_WINDOW", "1")]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let next = world.refreshed(&client, tokens.refresh());
    std::thread::sleep(std::time::Duration::from_millis(1100));
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    assert!(comes_true(A_SECOND, || !world.works(&next.access)));
    world.refresh(&client, next.refresh()).oauth_error(400, "invalid_grant");
}

#[test]
fn the_window_is_off_unless_it_is_configured() {
    let world = World::start();
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let next = world.refreshed(&client, tokens.refresh());
    world
        .refresh(&client, tokens.refresh())
        .oauth_error(400, "invalid_grant");
    world.refresh(&client, next.refresh()).oauth_error(400, "invalid_grant");
}

#[test]
fn a_retry_after_a_restart_gets_the_same_successor() {
    let mut world = World::start_with(&[WINDOW]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let next = world.refreshed(&client, tokens.refresh());
    world.service.restart();
    world.reconnect();
    assert_eq!(world.refreshed(&client, tokens.refresh()).refresh(), next.refresh());
}
