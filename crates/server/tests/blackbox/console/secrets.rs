//! Secrets by form: shown once, rotated, deleted.

use super::*;

/// The secret on a page.
#[track_caller]
fn shown(page: &Answer) -> String {
    let text = page.text();
    let at = text.find("cs_").unwrap_or_else(|| panic!("no secret: {page}"));
    let secret: String = text[at..].chars().take(35).collect();
    assert_eq!(text.matches(&secret).count(), 1, "{page}");
    secret
}

/// Makes one by form.
#[track_caller]
fn make(world: &World, client: &Client, fill: impl FnOnce(Form) -> Form) -> Answer {
    let path = format!("{}/secrets", path_of(client));
    let page = world.admin.visit(&path).is(200);
    world.admin.submit(&page, fill(form_to(&page, &path)))
}

fn listed(world: &World, client: &Client) -> Vec<Value> {
    let page = world.manage(client, "GET", "/secrets", None).is(200).json();
    page["_embedded"]["inf:oauth-client-secret"].as_array().unwrap().clone()
}

#[test]
fn a_secret_works_and_is_in_exactly_one_answer() {
    let world = World::start();
    let client = world.register(json!({ "redirect_uri": ["https://server.example/cb"], "enableRefreshTokens": true }));
    let one = path_of(&client);
    let empty = world.admin.visit(&format!("{one}/secrets")).is(200);
    says(&empty, &["No secrets"]);
    let answer = make(&world, &client, |form| form).is(200);
    let answer = answer.with_header("cache-control", "no-store");
    says(&answer, &["It is shown this once", "data-copy=\"secret\""]);
    let secret = shown(&answer);
    assert!(!answer.url.contains(&secret), "never in an address");
    let confidential = client.with_secret(&secret);
    let code = world.admin.code(&Ask::of(&confidential));
    world.redeem(&confidential, &code).is(200);

    // Anywhere else, and again here: not the text, nor the part of it that counts.
    let again = world.admin.visit(&format!("{one}/secrets")).is(200);
    says(&again, &[&format!("*****{}", &secret[secret.len() - 8..])]);
    for path in [
        CONSOLE.to_owned(),
        CLIENTS.to_owned(),
        one.clone(),
        format!("{one}/secrets"),
        format!("{one}/tokens"),
        format!("{CONSOLE}/events"),
        format!("/api/oauth-clients/{}/secrets", client.id),
        format!("/api/oauth-clients/{}/events", client.id),
    ] {
        is_silent_about(&world.admin.visit(&path).is(200), &[&secret, &secret[11..]]);
    }
    assert!(!world.service.log().contains(&secret[11..]), "not in the log");
    assert_eq!(listed(&world, &client).len(), 1);
}

#[test]
fn a_form_sent_again_makes_no_second_secret() {
    let world = World::start();
    let client = world.public_client();
    let path = format!("{}/secrets", path_of(&client));
    let page = world.admin.visit(&path).is(200);
    let form = form_to(&page, &path);
    shown(&world.admin.submit(&page, form.clone()).is(200));
    let again = world.admin.submit(&page, form).is(403);
    says(&again, &[&format!("href=\"{path}\"")]);
    is_silent_about(&again, &["cs_"]);
    assert_eq!(listed(&world, &client).len(), 1);
}

#[test]
fn a_rotation_gives_the_older_secrets_a_deadline() {
    let world = World::start();
    let client = world.confidential_client();
    let older = client.secret.clone().unwrap();
    let works = |secret: &str| {
        let tried = client.with_secret(secret);
        world.refresh(&tried, "nonsense").status == 400
    };
    let page = make(&world, &client, |form| form.fill("expire_others_in", "86400")).is(200);
    says(&page, &["The older secrets work until"]);
    let newer = shown(&page);
    assert!(works(&older) && works(&newer));
    let ends: Vec<bool> = listed(&world, &client)
        .iter()
        .map(|secret| secret["expiresAt"].is_string())
        .collect();
    assert_eq!(ends, [true, false], "oldest first");

    // And without a grace period.
    let page = make(&world, &client, |form| form.fill("expire_others_in", "0")).is(200);
    let newest = shown(&page);
    assert!(comes_true(A_SECOND, || !works(&older) && !works(&newer)));
    assert!(works(&newest));
    let list = world.admin.visit(&format!("{}/secrets", path_of(&client))).is(200);
    assert_eq!(list.text().matches(">Over<").count(), 2, "{list}");

    // Left as they are, nothing happens to them; neither by a grace period that the page does not offer.
    for grace in ["", "12", "-1", "x"] {
        shown(&make(&world, &client, |form| form.fill("expire_others_in", grace)).is(200));
    }
    assert!(works(&newest));
}

#[test]
fn a_secret_can_have_a_last_day() {
    let world = World::start();
    let client = world.confidential_client();
    let page = make(&world, &client, |form| form.fill("expires", "2099-12-31")).is(200);
    says(&page, &["It works until", "2100-01-01 00:00 UTC"]);
    assert_eq!(listed(&world, &client)[1]["expiresAt"], "2100-01-01T00:00:00.000Z");
    for day in ["2001-01-01", "tomorrow", "2099-02-30", "2099-12-31T00:00:00Z"] {
        let answer = make(&world, &client, |form| {
            form.fill("expires", day).fill("expire_others_in", "604800")
        });
        let answer = answer.is(400);
        says(&answer, &["Choose a day", "aria-invalid=\"true\""]);
        let form = form_to(&answer, &format!("{}/secrets", path_of(&client)));
        assert!(form.fields.contains(&("expires".into(), day.into())), "{answer}");
        assert!(
            form.fields.contains(&("expire_others_in".into(), "604800".into())),
            "{answer}"
        );
    }
    assert_eq!(listed(&world, &client).len(), 2);
}

#[test]
fn a_label_says_which_secret_is_which_and_is_text_everywhere() {
    let world = World::start();
    let client = world.register(json!({ "redirect_uri": ["https://server.example/cb"] }));
    let path = format!("{}/secrets", path_of(&client));
    let label = "<b>Anna's</b> \"laptop\" & {{ 7*7 }} %s {}";
    let escaped = "&#60;b&#62;Anna&#39;s&#60;/b&#62; &#34;laptop&#34; &#38; {{ 7*7 }} %s {}";
    let page = make(&world, &client, |form| form.fill("label", &format!(" {label} "))).is(200);
    let secret = shown(&page);
    assert!(page.text().contains(&format!("<bdi>{escaped}</bdi>")), "{page}");
    let page = make(&world, &client, |form| form.fill("label", "  ")).is(200);
    says(&page, &["The new secret</h2>"]);
    let labels: Vec<Value> = listed(&world, &client)
        .iter()
        .map(|secret| secret["label"].clone())
        .collect();
    assert_eq!(labels, [json!(label), Value::Null]);

    // In its line, and in the question whether to delete it: read out, asked, and read out again.
    let list = world.admin.visit(&path).is(200);
    assert_eq!(list.text().matches(escaped).count(), 4, "{list}");
    assert!(!list.text().contains("<b>Anna"), "{list}");
    let events = world.admin.visit(&format!("{CONSOLE}/events")).is(200);
    assert!(events.text().contains(&format!(" ({escaped})")), "{events}");
    assert!(world.service.log().contains("7*7"), "the log tells of the event");

    // What is no label is marked, with all else as it was typed.
    let long = "x".repeat(101);
    for bad in [long.as_str(), "two\nlines"] {
        let answer = make(&world, &client, |form| {
            form.fill("label", bad)
                .fill("expires", "2099-12-31")
                .fill("expire_others_in", "604800")
        });
        let answer = answer.is(400);
        says(
            &answer,
            &[
                "id=\"label-problem\"",
                "aria-invalid=\"true\"",
                "at most 100 characters",
            ],
        );
        let form = form_to(&answer, &path);
        for (field, value) in [("expires", "2099-12-31"), ("expire_others_in", "604800")] {
            assert!(form.fields.contains(&(field.into(), value.into())), "{answer}");
        }
    }
    let answer = make(&world, &client, |form| form.fill("label", &long)).is(400);
    assert!(
        form_to(&answer, &path).fields.contains(&("label".into(), long)),
        "{answer}"
    );
    // A secret is taken for none, and not shown again.
    for pasted in [secret.clone(), format!("mine: {secret}")] {
        let answer = make(&world, &client, |form| form.fill("label", &pasted)).is(400);
        says(&answer, &["That is a secret"]);
        is_silent_about(&answer, &[&secret, &secret[3..]]);
    }
    assert_eq!(listed(&world, &client).len(), 2);
    assert!(!world.service.log().contains(&secret[11..]), "not in the log");
}

#[test]
fn there_are_ten_secrets_at_most_and_a_deleted_one_stops_working() {
    let world = World::start();
    let client = world.confidential_client();
    let first = listed(&world, &client)[0]["id"].as_str().unwrap().to_owned();
    for _ in 1..10 {
        make(&world, &client, |form| form).is(200);
    }
    says(&make(&world, &client, |form| form).is(409), &["at most 10"]);
    let path = format!("{}/secrets", path_of(&client));
    let page = world.admin.visit(&path).is(200);
    let form = form_to(&page, &format!("{path}/{first}/delete"));
    obeyed(&world.admin, &page, form.clone(), "The secret is deleted");
    assert!(comes_true(A_SECOND, || world.refresh(&client, "nonsense").status == 401));
    make(&world, &client, |form| form).is(200);

    // Under another client it is not found.
    let other = world.confidential_client();
    let theirs = listed(&world, &other)[0]["id"].as_str().unwrap().to_owned();
    let page = world.admin.visit(&path).is(200);
    let mut form = forms(&page.text())
        .into_iter()
        .find(|form| form.action.ends_with("/delete"))
        .unwrap();
    form.action = format!("{path}/{theirs}/delete");
    world.admin.submit(&page, form).is(403);
    assert_eq!(listed(&world, &other).len(), 1);
}
