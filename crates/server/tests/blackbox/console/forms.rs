//! No form is obeyed that is not the console's own, in the session that it was shown to, once.

use super::*;

/// A form of the console, filled in so that it would be obeyed, and whether it was.
struct Action {
    /// The page that it is on.
    page: String,
    /// Where it goes.
    path: String,
    fill: fn(Form) -> Form,
}

fn as_it_is(form: Form) -> Form {
    form
}

fn actions(client: &Client, secret: &str) -> Vec<Action> {
    let one = path_of(client);
    let action = |page: String, path: String, fill: fn(Form) -> Form| Action { page, path, fill };
    vec![
        action(format!("{CLIENTS}/new?template="), CLIENTS.into(), |form| {
            form.fill("name", "Made by a forger")
        }),
        action(one.clone(), one.clone(), |form| {
            form.fill("name", "Renamed by a forger")
        }),
        action(one.clone(), format!("{one}/enabled"), |form| {
            form.press("enabled", "false")
        }),
        action(one.clone(), format!("{one}/icon/delete"), as_it_is),
        action(format!("{one}/secrets"), format!("{one}/secrets"), as_it_is),
        action(
            format!("{one}/secrets"),
            format!("{one}/secrets/{secret}/delete"),
            as_it_is,
        ),
        action(format!("{one}/tokens"), format!("{one}/tokens/revoke"), |form| {
            form.press("token", "all")
        }),
        action(
            format!("{CONSOLE}/tokens?username=admin"),
            format!("{CONSOLE}/tokens/revoke"),
            |form| form.press("token", "all"),
        ),
        action(format!("{one}/delete"), format!("{one}/delete"), |form| {
            form.fill("name", "Target")
        }),
    ]
}

/// A client with an icon, a secret and a token record, and all that could be changed about it.
struct Target {
    client: Client,
    secret: String,
}

impl Target {
    fn new(world: &World) -> Self {
        let client = world.confidential(json!({ "name": "Target" }));
        world
            .admin
            .send(
                Request::new("PUT", format!("/api/oauth-clients/{}/icon", client.id))
                    .header("Sec-Fetch-Site", "same-origin")
                    .body("image/png", images::png(8, 8)),
            )
            .is(204);
        world.tokens(&client);
        let secrets = world.manage(&client, "GET", "/secrets", None).json();
        let secret = secrets["_embedded"]["inf:oauth-client-secret"][0]["id"]
            .as_str()
            .unwrap();
        Self {
            secret: secret.to_owned(),
            client,
        }
    }

    /// Everything about it, and how many clients there are.
    fn state(&self, world: &World) -> Vec<Value> {
        let clients = world.admin.api("GET", "/api/oauth-clients", None).is(200).json();
        let mut state = vec![clients["total"].clone()];
        for below in ["", "/secrets", "/tokens", "/events"] {
            state.push(world.manage(&self.client, "GET", below, None).is(200).json());
        }
        let icon = world.manage(&self.client, "GET", "/icon", None);
        state.push(json!(icon.header("content-type")));
        state
    }
}

#[test]
fn a_form_without_its_token_or_with_another_sessions_or_another_forms_is_403_and_changes_nothing() {
    let world = World::start();
    let target = Target::new(&world);
    let eve = world.superuser("eve");
    let before = target.state(&world);
    let actions = actions(&target.client, &target.secret);
    for (index, action) in actions.iter().enumerate() {
        let page = world.admin.visit(&action.page).is(200);
        let filled = (action.fill)(form_to(&page, &action.path));
        let token_of = |page: &Answer, path: &str| {
            let form = form_to(page, path);
            form.fields.into_iter().find(|(name, _)| name == "form").unwrap().1
        };
        let theirs = token_of(&eve.visit(&action.page).is(200), &action.path);
        let other = &actions[(index + 1) % actions.len()];
        let others = token_of(&world.admin.visit(&other.page).is(200), &other.path);
        for (what, form) in [
            ("none", filled.clone().without("form")),
            ("empty", filled.clone().fill("form", "")),
            ("made up", filled.clone().fill("form", "9999999999.nonce.0123")),
            ("another session's", filled.clone().fill("form", &theirs)),
            ("another form's", filled.clone().fill("form", &others)),
        ] {
            let answer = world.admin.submit(&page, form);
            assert_eq!(answer.status, 403, "{} with {what}: {answer}", action.path);
            assert_eq!(answer.header("location"), None, "{answer}");
            assert!(!answer.text().contains("cs_"), "no secret was made: {answer}");
        }
        // Their page in this browser, this page in theirs.
        assert_eq!(eve.submit(&page, filled).status, 403, "{}", action.path);
    }
    assert_eq!(target.state(&world), before);
}

#[test]
fn a_form_that_another_site_sends_is_403_and_changes_nothing() {
    let world = World::start();
    let target = Target::new(&world);
    let before = target.state(&world);
    let origin = world.base_url().origin().ascii_serialization();
    for action in actions(&target.client, &target.secret) {
        for headers in [
            vec![],
            vec![("Origin", "https://evil.example")],
            vec![("Origin", "null")],
            vec![("Origin", origin.as_str()), ("Sec-Fetch-Site", "cross-site")],
            vec![("Sec-Fetch-Site", "same-site")],
        ] {
            let page = world.admin.visit(&action.page).is(200);
            let form = (action.fill)(form_to(&page, &action.path));
            let answer = world.admin.submit_from(&page, form, &headers);
            assert_eq!(answer.status, 403, "{} from {headers:?}: {answer}", action.path);
        }
    }
    assert_eq!(target.state(&world), before);
}

#[test]
fn a_form_is_obeyed_once() {
    let world = World::start();
    let one = path_of(&world.confidential(json!({ "name": "Target" })));
    let page = world.admin.visit(&one).is(200);
    let form = form_to(&page, &format!("{one}/enabled")).press("enabled", "false");
    obeyed(&world.admin, &page, form.clone(), "The client is disabled");
    let again = world.admin.submit(&page, form).is(403);
    // The way back is to the page that the form was on.
    says(&again, &["used up", &format!("href=\"{one}\"")]);
}

#[test]
fn a_form_that_is_too_old_comes_back_with_all_that_was_typed() {
    let world = World::start();
    let client = world.confidential(json!({ "name": "Target" }));
    for (shown, path) in [
        (format!("{CLIENTS}/new?template=Generic+App"), CLIENTS.to_owned()),
        (path_of(&client), path_of(&client)),
    ] {
        let page = world.admin.visit(&shown).is(200);
        let form = form_to(&page, &path)
            .fill("name", "Typed with care")
            .fill("redirect_uri", "https://typed.example/cb")
            .fill("form", "1.old.0");
        let again = world.admin.submit(&page, form).is(403);
        says(&again, &["open for too long"]);
        let form = form_to(&again, &path);
        let field = |name: &str| form.fields.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!(field("name"), "Typed with care");
        assert_eq!(field("redirect_uri"), "https://typed.example/cb");
        let page = world.admin.submit(&again, form).is(303);
        says(&world.admin.follow(page).is(200), &["Typed with care"]);
    }
}
