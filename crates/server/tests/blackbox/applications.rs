//! What a user has allowed: seen by nobody else, and taken back at once.

use crate::support::*;

const PAGE: &str = "/oauth/applications";

/// The page's form with its buttons.
#[track_caller]
fn form(page: &Answer) -> Form {
    let form = forms(&page.text())
        .into_iter()
        .find(|form| form.buttons.iter().any(|(name, _)| name == "disconnect"));
    form.unwrap_or_else(|| panic!("nothing to disconnect: {page}"))
}

/// What the page's buttons would disconnect.
fn buttons(person: &Browser) -> Vec<String> {
    let page = person.visit(PAGE).is(200);
    let forms = forms(&page.text());
    let buttons = forms.into_iter().flat_map(|form| form.buttons);
    let named = buttons.filter(|(name, _)| name == "disconnect");
    named.map(|(_, what)| what).collect()
}

/// Presses a button and follows to what the page says then.
#[track_caller]
fn disconnect(person: &Browser, what: &str) -> Answer {
    let page = person.visit(PAGE).is(200);
    let answer = person.submit(&page, form(&page).press("disconnect", what)).is(303);
    assert_eq!(answer.location().path(), PAGE, "{answer}");
    person.follow(answer).is(200)
}

/// Whether the person would be asked by this client.
#[track_caller]
fn is_asked(person: &Browser, client: &Client, scope: &str) -> bool {
    let ask = Ask::of(client).with("scope", scope);
    let details = person.api("GET", &ask.api(), None).is(200).json();
    details["consent"] == json!(false)
}

/// Whether nothing that this token could do works any more, within a second.
#[track_caller]
fn is_dead_within_a_second(world: &World, client: &Client, tokens: &Tokens) {
    assert!(comes_true(A_SECOND, || !world.works(&tokens.access)), "it still works");
    if let Some(refresh) = &tokens.refresh {
        world.refresh(client, refresh).oauth_error(400, "invalid_grant");
    }
}

#[test]
fn a_person_sees_what_they_allowed_with_scopes_in_words_and_nothing_of_others() {
    let world = World::start();
    let (ada, bob) = (world.user("ada"), world.user("bob"));
    let board = world.register(json!({
        "name": "Sales board", "redirect_uri": ["https://board.example/cb"], "pkce": true, "enableRefreshTokens": true,
    }));
    let empty = ada.visit(PAGE).is(200);
    assert!(empty.text().contains("Nothing is connected"), "{empty}");
    assert!(
        forms(&empty.text())
            .iter()
            .all(|form| form.buttons.iter().all(|(name, _)| name != "disconnect"))
    );
    world.tokens_for(
        &ada,
        &board,
        &Ask::of(&board).with("scope", "read:dataset write:report"),
    );
    let page = ada.visit(PAGE).is(200);
    let text = unescape(&page.text());
    for part in [
        "Sales board",
        &format!("/api/oauth-clients/{}/icon", board.id),
        "See your datasets and search them",
        "See, run, change and delete your reports and queries",
        "just now",
    ] {
        assert!(text.contains(part), "{part:?} is missing in {page}");
    }
    assert!(!text.contains("Do everything that you can do"), "{page}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(buttons(&ada), [format!("client.{}", board.id)]);
    assert_eq!(buttons(&bob), <[String; 0]>::default());
    assert!(!bob.visit(PAGE).text().contains("Sales board"));
    let home = ada.visit("/oauth").is(200);
    assert!(home.text().contains(&format!("href=\"{PAGE}\"")), "{home}");
}

#[test]
fn a_disconnected_client_is_out_within_a_second_and_has_to_ask_again() {
    let world = World::start();
    let ada = world.user("ada");
    for client in [world.public_client(), world.confidential_client()] {
        let ask = World::natural_ask(&client).with("scope", "read:profile");
        let tokens = world.tokens_for(&ada, &client, &ask);
        let other = world.tokens(&client);
        assert!(world.works(&tokens.access));
        assert!(!is_asked(&ada, &client, "read:profile"));
        let page = disconnect(&ada, &format!("client.{}", client.id));
        is_dead_within_a_second(&world, &client, &tokens);
        assert!(page.text().contains("is disconnected"), "{page}");
        assert!(is_asked(&ada, &client, "read:profile"), "consent is forgotten");
        assert!(world.works(&other.access), "the administrator's own access goes on");
        let mut told = world.events(&client).into_iter();
        let revoked = told.find(|event| is_of_kind(event, "tokens.revoked")).unwrap();
        assert!(
            is_of_kind(&revoked, "ada") && is_of_kind(&revoked, "127.0.0.1"),
            "{revoked}"
        );
        assert_eq!(world.count_events(&client, "consent.withdrawn"), 1);
    }
}

#[test]
fn a_client_without_expiry_is_ended_as_well() {
    let world = World::start();
    let ada = world.user("ada");
    let client = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "pkce": true }));
    let tokens = world.tokens_for(&ada, &client, &Ask::of(&client));
    assert!(tokens.refresh.is_none() && world.works(&tokens.access));
    disconnect(&ada, &format!("client.{}", client.id));
    is_dead_within_a_second(&world, &client, &tokens);
}

#[test]
fn one_of_several_grants_ends_and_the_others_go_on() {
    let world = World::start();
    let ada = world.user("ada");
    let client = world.public_client();
    let first = world.tokens_for(&ada, &client, &Ask::of(&client).with("scope", "read:profile"));
    let second = world.tokens_for(&ada, &client, &Ask::of(&client).with("scope", "write:profile"));
    let shown = buttons(&ada);
    let records: Vec<&String> = shown.iter().filter(|what| what.starts_with("record.")).collect();
    assert_eq!(records.len(), 2, "{shown:?}");
    // The newest stands first.
    let page = disconnect(&ada, records[1]);
    assert!(page.text().contains("that access is over"), "{page}");
    is_dead_within_a_second(&world, &client, &first);
    assert!(world.works(&second.access));
    assert!(is_asked(&ada, &client, "read:profile"));
    assert_eq!(world.count_events(&client, "token.revoked"), 1);
}

#[test]
fn everything_ends_at_once_also_consent_that_has_no_token() {
    let world = World::start();
    let ada = world.user("ada");
    let (one, other) = (world.public_client(), world.confidential_client());
    let tokens = world.tokens_for(&ada, &one, &Ask::of(&one));
    // Allowed, and the code never redeemed.
    ada.code(&World::natural_ask(&other).with("scope", "read:profile"));
    let text = ada.visit(PAGE).is(200).text();
    assert!(text.contains("Has no access at the moment"), "{text}");
    assert!(!is_asked(&ada, &other, "read:profile"));
    let page = disconnect(&ada, "all");
    assert!(page.text().contains("Nothing is connected"), "{page}");
    is_dead_within_a_second(&world, &one, &tokens);
    assert!(is_asked(&ada, &one, "read:profile") && is_asked(&ada, &other, "read:profile"));
}

#[test]
fn what_is_another_persons_or_over_is_404_and_stays_as_it_is() {
    let world = World::start();
    let (ada, bob) = (world.user("ada"), world.user("bob"));
    let client = world.public_client();
    let tokens = world.tokens_for(&ada, &client, &Ask::of(&client));
    world.tokens_for(&ada, &client, &Ask::of(&client));
    let theirs = buttons(&ada)
        .into_iter()
        .find(|what| what.starts_with("record."))
        .unwrap();
    let bobs_client = world.confidential_client();
    world.tokens_for(&bob, &bobs_client, &World::natural_ask(&bobs_client));
    let press = |person: &Browser, what: &str| {
        let page = person.visit(PAGE).is(200);
        let mut form = form(&page);
        form.fields.push(("disconnect".into(), what.into()));
        person.submit(&page, form)
    };
    for what in [
        theirs.as_str(),
        &format!("client.{}", client.id),
        "record.0199c2d4-1111-7abc-8def-0123456789ab",
        "client.0199c2d4-1111-7abc-8def-0123456789ab",
    ] {
        let answer = press(&bob, what).is(404);
        assert!(answer.text().contains("nothing to disconnect"), "{answer}");
    }
    for what in ["", "everything", "record.x", &theirs.replace("record.", "")] {
        press(&bob, what).is(400);
    }
    assert!(world.works(&tokens.access) && !is_asked(&ada, &client, "read:profile"));
    assert_eq!(
        world.count_events(&client, "token.revoked") + world.count_events(&client, "tokens.revoked"),
        0
    );
    // Over: what one page shows, another one has ended.
    let page = ada.visit(PAGE).is(200);
    disconnect(&ada, &theirs);
    ada.submit(&page, form(&page).press("disconnect", &theirs)).is(404);
}

#[test]
fn the_form_needs_its_token_a_session_and_this_site_and_is_good_once() {
    let world = World::start();
    let (ada, bob) = (world.user("ada"), world.user("bob"));
    let client = world.public_client();
    for person in [&ada, &bob] {
        world.tokens_for(person, &client, &Ask::of(&client));
    }
    let tokens = world.tokens_for(&ada, &client, &Ask::of(&client));
    let page = ada.visit(PAGE).is(200);
    // With one client there is no button for everything.
    assert!(form(&page).buttons.iter().all(|(_, what)| what != "all"));
    let pressed = || form(&page).press("disconnect", &format!("client.{}", client.id));
    ada.submit(&page, pressed().without("form")).is(403);
    ada.submit(&page, pressed().fill("form", "9999999999.nonce.0123"))
        .is(403);
    let bobs = bob.visit(PAGE).is(200);
    let (_, token) = form(&bobs).fields.into_iter().find(|(name, _)| name == "form").unwrap();
    ada.submit(&page, pressed().fill("form", &token)).is(403);
    for headers in [
        &[][..],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site")],
    ] {
        ada.submit_from(&page, pressed(), headers).is(403);
    }
    let nobody = Browser::new(world.base());
    let origin = world.base_url().origin().ascii_serialization();
    nobody.submit_from(&page, pressed(), &[("Origin", &origin)]).is(403);
    assert!(world.works(&tokens.access), "none of this ended anything");
    ada.submit(&page, pressed()).is(303);
    ada.submit(&page, pressed()).is(403);
}

#[test]
fn nobody_sees_the_page_signed_out_and_a_link_cannot_put_words_into_its_mouth() {
    let world = World::start();
    let browser = Browser::new(world.base());
    let answer = browser.open(PAGE).is(303);
    let sign_in = browser.follow(answer).is(200);
    let answer = browser.submit(&sign_in, credentials(&sign_in, "admin", world.service.admin_password()));
    assert_eq!(answer.location().path(), PAGE, "back after signing in");
    for query in ["?done=You+have+won", "?done=all&done=all", "?done=%3Cb%3E"] {
        let page = browser.visit(&format!("{PAGE}{query}")).is(200);
        assert!(!page.text().contains("role=\"status\""), "{page}");
    }
}

const REVOKED: &str = "The user or an administrator has revoked this access since it was granted.";

/// Neither the code nor the approved device gives tokens any more, and the client is told why.
#[track_caller]
fn is_barred(world: &World, client: &Client, code: &Code, device: &Device) {
    for answer in [world.redeem(client, code), world.http.send(client.poll(device))] {
        answer.oauth_error(400, "invalid_grant");
        assert_eq!(answer.json()["error_description"], REVOKED, "{answer}");
    }
}

#[test]
fn a_code_and_an_approval_from_before_a_disconnection_give_nothing_and_later_ones_do() {
    let world = World::start();
    let ada = world.user("ada");
    for client in [world.public_client(), world.confidential_client()] {
        let ask = World::natural_ask(&client);
        // So that there is a button for everything.
        let other = world.public_client();
        ada.code(&Ask::of(&other));
        for what in [format!("client.{}", client.id), "all".to_owned()] {
            let (code, device) = (ada.code(&ask), Device::start(&world, &client));
            device.decide(&ada, true).is(204);
            let (of_another, waiting) = (world.code(&client), Device::start(&world, &client));
            disconnect(&ada, &what);
            is_barred(&world, &client, &code, &device);
            let nothing = |button: &String| !button.contains(&client.id);
            assert!(buttons(&ada).iter().all(nothing), "nothing came of them");
            world.redeem(&client, &of_another).is(200);
            // What was asked before and is allowed afterwards is a new grant.
            waiting.decide(&ada, true).is(204);
            world.http.send(client.poll(&waiting)).is(200);
            world.tokens_for(&ada, &client, &ask);
        }
    }
}

#[test]
fn a_code_and_an_approval_from_before_an_administrator_revoked_give_nothing() {
    let world = World::start();
    let ada = world.user("ada");
    let client = world.public_client();
    let ask = Ask::of(&client);
    for path in [
        format!("/api/oauth-clients/{}/tokens", client.id),
        format!("/api/oauth-clients/{}/tokens?username=ada", client.id),
    ] {
        let (code, device) = (ada.code(&ask), Device::start(&world, &client));
        device.decide(&ada, true).is(204);
        world.admin.api("DELETE", &path, None);
        is_barred(&world, &client, &code, &device);
        world.tokens_for(&ada, &client, &ask);
    }
}
