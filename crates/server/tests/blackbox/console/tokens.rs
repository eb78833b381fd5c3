//! Token records by form: by client, by user, one or all.

use super::*;

fn total(world: &World, client: &Client) -> Value {
    world.manage(client, "GET", "/tokens", None).is(200).json()["total"].clone()
}

/// Two clients, and two users who have allowed both.
fn granted(world: &World) -> (Client, Client, Browser) {
    let (one, other) = (
        world.confidential(json!({ "name": "One board" })),
        world.confidential(json!({ "name": "Other board" })),
    );
    let ada = world.user("ada");
    for client in [&one, &other] {
        world.tokens(client);
        world.tokens_for(&ada, client, &World::natural_ask(client));
    }
    (one, other, ada)
}

#[test]
fn a_clients_records_are_shown_and_revoked_one_by_one_or_all_of_a_user_or_all() {
    let world = World::start();
    let (one, other, ada) = granted(&world);
    let token = world.tokens_for(&ada, &one, &World::natural_ask(&one)).access;
    let path = format!("{}/tokens", path_of(&one));
    let page = world.admin.visit(&path).is(200);
    says(&page, &["ada", "admin", "read:profile", "Revoke all 3"]);
    assert!(!page.text().contains(&token), "never a token: {page}");

    let form = form_to(&page, &format!("{path}/revoke"));
    let first = form.buttons[0].clone();
    let form = form.press(&first.0, &first.1);
    obeyed(&world.admin, &page, form, "One grant of access is revoked");
    assert_eq!(total(&world, &one), 2);

    let adas = world.admin.visit(&format!("{path}?username=ada")).is(200);
    says(&adas, &["Revoke all"]);
    let form = form_to(&adas, &format!("{path}/revoke")).press("token", "all");
    let page = obeyed(&world.admin, &adas, form, "revoked");
    assert!(page.url.contains("username=ada"), "{page}");
    assert!(comes_true(A_SECOND, || !world.works(&token)));
    assert_eq!(total(&world, &other), 2, "another client's are left alone");

    world.tokens_for(&ada, &one, &World::natural_ask(&one));
    let page = world.admin.visit(&path).is(200);
    let form = form_to(&page, &format!("{path}/revoke")).press("token", "all");
    let page = obeyed(&world.admin, &page, form, "revoked");
    says(&page, &["Nobody has granted this client access"]);
    assert_eq!(total(&world, &one), 0);
}

#[test]
fn a_users_records_are_found_and_revoked_at_every_client() {
    let world = World::start();
    let (one, other, _) = granted(&world);
    let path = format!("{CONSOLE}/tokens");
    says(&world.admin.visit(&path).is(200), &["Whose tokens?"]);
    says(
        &world.admin.visit(&format!("{path}?username=nobody")).is(200),
        &["No live tokens", "nobody"],
    );
    let page = world.admin.visit(&format!("{path}?username=ada")).is(200);
    says(&page, &["One board", "Other board", "Revoke all 2 of"]);

    let form = form_to(&page, &format!("{path}/revoke"));
    let button = form
        .buttons
        .iter()
        .find(|(_, value)| value.starts_with(&other.id))
        .unwrap();
    let form = form.clone().press(&button.0, &button.1);
    let page = obeyed(&world.admin, &page, form, "One grant of access is revoked");
    is_silent_about(&page, &["Other board"]);
    assert_eq!((total(&world, &one), total(&world, &other)), (json!(2), json!(1)));

    let form = form_to(&page, &format!("{path}/revoke")).press("token", "all");
    let page = obeyed(&world.admin, &page, form, "One grant of access is revoked");
    says(&page, &["No live tokens"]);
    assert_eq!((total(&world, &one), total(&world, &other)), (json!(1), json!(1)));
    let events = world
        .admin
        .visit(&format!("{CONSOLE}/events?kind=tokens.revoked"))
        .is(200);
    says(&events, &["1 of ada"]);
}

#[test]
fn nothing_is_revoked_by_a_form_that_does_not_say_what() {
    let world = World::start();
    let (one, other, _) = granted(&world);
    let clients = format!("{}/tokens", path_of(&one));
    let users = format!("{CONSOLE}/tokens");
    let others = world.manage(&other, "GET", "/tokens", None).json()["_embedded"]["inf:oauth-token"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (token, status) in [
        (None, 400),
        (Some(String::new()), 400),
        (Some("ALL".to_owned()), 400),
        (Some("all.all".to_owned()), 400),
        (Some(format!("{}.{others}", one.id)), 404),
    ] {
        for (page, path) in [
            (clients.clone(), format!("{clients}/revoke")),
            (format!("{users}?username=ada"), format!("{users}/revoke")),
        ] {
            let page = world.admin.visit(&page).is(200);
            let mut form = form_to(&page, &path);
            form.fields
                .extend(token.clone().map(|token| ("token".to_owned(), token)));
            world.admin.submit(&page, form).is(status);
        }
    }
    // Under one client's path, another client's record is not found whatever the button says.
    let page = world.admin.visit(&clients).is(200);
    let form = form_to(&page, &format!("{clients}/revoke")).choose("token", &format!("{}.{others}", other.id));
    world.admin.submit(&page, form).is(404);
    // And without a user, all of a user's is nobody's.
    let page = world.admin.visit(&format!("{users}?username=ada")).is(200);
    let form = form_to(&page, &format!("{users}/revoke"))
        .fill("username", "")
        .press("token", "all");
    world.admin.submit(&page, form).is(400);
    assert_eq!((total(&world, &one), total(&world, &other)), (json!(2), json!(2)));
}
