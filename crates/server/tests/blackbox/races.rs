//! Fifty at once (security.md: "N parallel …").

use crate::support::*;

const RUNNERS: usize = 50;

fn winners(answers: &[Answer]) -> Vec<Tokens> {
    for answer in answers {
        if answer.status != 200 {
            answer.oauth_error(400, "invalid_grant");
        }
    }
    answers
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| Tokens::read(answer.oauth_json()))
        .collect()
}

#[test]
fn of_fifty_redemptions_of_one_code_exactly_one_wins_and_the_family_is_revoked_afterwards() {
    let world = World::start();
    for client in [world.public_client(), world.confidential_client()] {
        let code = world.code(&client);
        let answers = wire::race(&world.base_url(), vec![client.redemption(&code); RUNNERS]);
        let tokens = winners(&answers);
        assert_eq!(tokens.len(), 1, "exactly one winner");
        for tokens in &tokens {
            assert!(comes_true(A_SECOND, || !world.works(&tokens.access)));
            world
                .refresh(&client, tokens.refresh())
                .oauth_error(400, "invalid_grant");
        }
        assert_eq!(
            world.manage(&client, "GET", "/tokens", None).json()["total"],
            0,
            "no live record"
        );
        assert!(world.count_events(&client, "code.replayed") >= 1);
    }
}

#[test]
fn of_fifty_refreshes_of_one_token_exactly_one_wins_and_the_family_is_revoked_afterwards() {
    let world = World::start();
    for client in [world.public_client(), world.confidential_client()] {
        let tokens = world.tokens(&client);
        let answers = wire::race(&world.base_url(), vec![client.refreshment(tokens.refresh()); RUNNERS]);
        let successors = winners(&answers);
        assert_eq!(successors.len(), 1, "one successor");
        assert!(comes_true(A_SECOND, || !world.works(&successors[0].access)));
        world
            .refresh(&client, successors[0].refresh())
            .oauth_error(400, "invalid_grant");
        assert!(world.count_events(&client, "refresh.replayed") >= 1);
    }
}

#[test]
fn within_the_retry_window_fifty_refreshes_of_one_token_give_one_and_the_same_successor() {
    let world = World::start_with(&[("INFORMER_OAUTH__TOKENS__REFRESH_RETRY_WINDOW", "10")]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let answers = wire::race(&world.base_url(), vec![client.refreshment(tokens.refresh()); RUNNERS]);
    let successors = winners(&answers);
    assert_eq!(successors.len(), RUNNERS);
    assert!(
        successors
            .iter()
            .all(|other| other.refresh() == successors[0].refresh()),
        "the family does not fork"
    );
    assert!(world.works(&successors[0].access));
    world.refreshed(&client, successors[0].refresh());
}

#[test]
fn a_refresh_racing_a_revocation_leaves_no_live_token() {
    let world = World::start();
    let client = world.public_client();
    for _ in 0..10 {
        let tokens = world.tokens(&client);
        let requests = vec![
            client.refreshment(tokens.refresh()),
            client.post("/oauth/revoke", &[("token", &tokens.access)]),
        ];
        let answers = wire::race(&world.base_url(), requests);
        assert_eq!(answers[1].status, 200, "{}", answers[1]);
        if answers[0].status == 200 {
            let successor = Tokens::read(answers[0].oauth_json());
            assert!(comes_true(A_SECOND, || !world.works(&successor.access)));
            world
                .refresh(&client, successor.refresh())
                .oauth_error(400, "invalid_grant");
        }
        assert!(comes_true(A_SECOND, || !world.works(&tokens.access)));
    }
}

#[test]
fn a_thief_racing_the_owner_neither_gets_nor_spoils_the_code() {
    let world = World::start();
    let (owner, thief) = (world.public_client(), world.confidential_client());
    for _ in 0..5 {
        let code = world.code(&owner);
        let mut requests = vec![thief.redemption(&code); 9];
        requests.insert(4, owner.redemption(&code));
        let answers = wire::race(&world.base_url(), requests);
        let tokens = winners(&answers);
        assert_eq!(tokens.len(), 1);
        assert_eq!(answers[4].status, 200);
        assert!(world.works(&tokens[0].access));
    }
}

#[test]
fn of_two_concurrent_edits_with_the_same_tag_one_is_412_and_none_is_lost() {
    let world = World::start();
    let client = world.public_client();
    let path = format!("/api/oauth-clients/{}", client.id);
    let cookie: Vec<String> = world
        .admin
        .cookies()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    for round in 0..5 {
        let tag = world.admin.api("GET", &path, None).header("etag").unwrap().to_owned();
        let edit = |field: &str| {
            Browser::scripted("PATCH", &path, Some(&json!({ field: format!("{field} {round}") })))
                .header("If-Match", &tag)
                .header("Cookie", &cookie.join("; "))
        };
        let answers = wire::race(&world.base_url(), vec![edit("name"), edit("description")]);
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        let winner = answers
            .iter()
            .find(|answer| answer.status == 200)
            .expect("one wins")
            .json();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{} {}", answers[0], answers[1]);
        let now = world.admin.api("GET", &path, None).json();
        assert_eq!(
            (&now["name"], &now["description"]),
            (&winner["name"], &winner["description"])
        );
    }
    // Without a condition both are kept: a merge patch changes only what it names.
    let edit = |field: &str| {
        Browser::scripted("PATCH", &path, Some(&json!({ field: "kept" }))).header("Cookie", &cookie.join("; "))
    };
    let answers = wire::race(&world.base_url(), vec![edit("name"), edit("description")]);
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{} {}",
        answers[0],
        answers[1]
    );
    let now = world.admin.api("GET", &path, None).json();
    assert_eq!((&now["name"], &now["description"]), (&json!("kept"), &json!("kept")));
}

#[test]
fn twenty_secrets_made_at_once_are_never_more_than_ten() {
    let world = World::start();
    let client = world.public_client();
    let path = format!("/api/oauth-clients/{}/secrets", client.id);
    let cookie: Vec<String> = world
        .admin
        .cookies()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request = Browser::scripted("POST", &path, Some(&json!({}))).header("Cookie", &cookie.join("; "));
    let answers = wire::race(&world.base_url(), vec![request; 20]);
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(
        made,
        10,
        "{:?}",
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
    );
    assert!(answers.iter().all(|answer| [201, 409, 503].contains(&answer.status)));
    assert_eq!(world.manage(&client, "GET", "/secrets", None).json()["total"], 10);
}
