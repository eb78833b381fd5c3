#![allow(clippy::unwrap_used)]

use askama::Template as _;
use informer_oauth_domain::{client::ClientDraft, id::ClientUid, parameters::Parameters, timestamp::Timestamp};
use proptest::prelude::*;

use super::{
    chart::{Chart, DayCounts},
    client_form::ClientForm,
    client_view::{Differing, EditClientView, Kind},
    clients::{Choice, ClientLine, ClientsToDeleteView, ClientsView},
    console::Post,
    delete::DeleteClientView,
    events::{EventLine, EventsView},
    frame::{ClientHead, Frame, NavLink, Notice, Section},
    keys::{KeyGroup, KeyLine, KeysView},
    new_client::{CreateClientView, NewClientView, TemplateLine},
    overview::{EVENTS, OverviewView},
    pager::{LINES, Pager},
    secrets::{NewSecretView, SecretLine, SecretsView},
    tokens::{ClientLink, TokenLine, TokensView},
    words::Time,
};
use crate::{
    site::Site,
    views::{Switch, UserView},
};

const HOSTILE: &str =
    "\u{7}\"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;{{ 7*7 }}</title></textarea>";
const NOW: Time = Time(Timestamp::EPOCH);

fn frame(site: &Site, text: &str) -> Frame {
    let user = UserView {
        username: text.to_owned(),
        display_name: text.to_owned(),
    };
    let switch = Switch::Form(text.to_owned());
    Frame::new(site, user, switch, Section::Clients, true, Some(Notice::Revoked(2)))
}

fn post(text: &str) -> Post {
    Post {
        action: text.to_owned(),
        token: text.to_owned(),
    }
}

fn head(text: &str) -> ClientHead {
    ClientHead {
        name: text.to_owned(),
        client_id: text.to_owned(),
        icon: text.to_owned(),
        enabled: false,
        links: vec![NavLink {
            href: text.to_owned(),
            label: "Settings",
            current: true,
        }],
    }
}

fn form(text: &str) -> ClientForm {
    let fields: Parameters = [
        "name",
        "description",
        "url",
        "redirect_uri",
        "resources",
        "scope",
        "pkce",
    ]
    .into_iter()
    .map(|name| (name, text))
    .collect();
    let form = ClientForm::read(&fields);
    let error = form.patch().onto(ClientDraft::default()).check(&[]).err();
    match error {
        Some(error) => form.with_problem(&error),
        None => form,
    }
}

fn client_line(text: &str) -> ClientLine {
    ClientLine {
        name: text.to_owned(),
        client_id: text.to_owned(),
        icon: text.to_owned(),
        enabled: false,
        updated: NOW,
        href: text.to_owned(),
    }
}

fn token_line(text: &str, client: bool) -> TokenLine {
    TokenLine {
        id: text.to_owned(),
        username: text.to_owned(),
        client: client.then(|| ClientLink {
            name: text.to_owned(),
            href: text.to_owned(),
        }),
        scope: text.to_owned(),
        created: NOW,
        last_used: Some(NOW),
        expires: None,
        value: text.to_owned(),
    }
}

fn event_line(text: &str) -> EventLine {
    EventLine {
        at: NOW,
        what: text.to_owned(),
        kind: "client.created",
        alarming: true,
        actor: Some(text.to_owned()),
        client: Some(ClientLink {
            name: text.to_owned(),
            href: text.to_owned(),
        }),
        target: Some(text.to_owned()),
        address: Some(text.to_owned()),
    }
}

fn groups(text: &str) -> Vec<KeyGroup> {
    let key = || KeyLine {
        kid: text.to_owned(),
        state: "Current",
        words: "Signs",
        current: true,
        age: text.to_owned(),
        created: NOW,
        since: None,
    };
    vec![KeyGroup {
        title: "Access tokens",
        words: "",
        keys: vec![key(), key()],
    }]
}

fn chart(text: &str) -> Chart {
    let day = |_| DayCounts {
        day: text.to_owned(),
        issued: 10,
        refreshed: 500,
        refused: 3,
        failed: 1,
    };
    Chart::of(&(0..30).map(day).collect::<Vec<_>>())
}

fn pager(text: &str) -> Pager {
    Pager {
        here: text.to_owned(),
        previous: Some(text.to_owned()),
        next: Some(text.to_owned()),
    }
}

fn choice() -> Choice {
    Choice {
        value: "1",
        label: "One",
        chosen: true,
    }
}

fn lines<L>(line: impl Fn() -> L) -> Vec<L> {
    (0..LINES).map(|_| line()).collect()
}

/// Every page as full as it gets, each text on it being `text`.
#[expect(clippy::too_many_lines, reason = "one after the other, nothing to understand")]
fn pages(text: &str) -> Vec<String> {
    let site = &Site::of_issuer("https://auth.example.com");
    let clients = ClientsView {
        site,
        frame: frame(site, text),
        search: text,
        sorts: vec![choice()],
        clients: lines(|| client_line(text)),
        total: 99,
        pager: Some(pager(text)),
    };
    let nothing_found = ClientsView {
        frame: frame(site, text),
        sorts: Vec::new(),
        clients: Vec::new(),
        pager: None,
        ..clients
    };
    let to_delete = ClientsToDeleteView {
        site,
        frame: frame(site, text),
        clients: lines(|| client_line(text)),
    };
    let choose = NewClientView {
        site,
        frame: frame(site, text),
        templates: [true, false]
            .into_iter()
            .map(|exists| TemplateLine {
                name: "Generic App",
                summary: "<b>summary</b>",
                href: text.to_owned(),
                exists,
            })
            .collect(),
        blank: text.to_owned(),
    };
    let create = CreateClientView {
        site,
        frame: frame(site, text),
        template: text,
        problem: None,
        form: form(text),
        save: post(text),
    };
    let edit = EditClientView {
        site,
        frame: frame(site, text),
        head: head(text),
        problem: Some(text),
        conflict: lines(|| Differing {
            label: "Name",
            now: text.to_owned(),
            yours: text.to_owned(),
        }),
        icon_problem: Some(text),
        form: form(text),
        version: 7,
        save: post(text),
        set_enabled: post(text),
        set_icon: post(text),
        remove_icon: post(text),
        delete: text.to_owned(),
        kind: Kind::Idle,
        source: Some("from a template"),
        uid: ClientUid::new(uuid::Uuid::from_u128(7)),
        has_icon: true,
        created: NOW,
        created_by: text,
        updated: NOW,
    };
    let delete = DeleteClientView {
        site,
        frame: frame(site, text),
        name: text,
        client_id: text.to_owned(),
        icon: text.to_owned(),
        delete: post(text),
        wrong: Some(text),
        back: text.to_owned(),
    };
    let secrets = SecretsView {
        site,
        frame: frame(site, text),
        head: head(text),
        secrets: (0..10)
            .map(|_| SecretLine {
                hint: text.to_owned(),
                label: Some(text.to_owned()),
                live: false,
                created: NOW,
                last_used: Some(NOW),
                expires: Some(NOW),
                delete: post(text),
            })
            .collect(),
        create: post(text),
        grace: vec![choice()],
        label: text,
        label_problem: Some(text),
        expires: text,
        expires_problem: Some(text),
        problem: Some(text),
        full: true,
    };
    let new_secret = NewSecretView {
        site,
        frame: frame(site, text),
        head: head(text),
        secret: text,
        label: Some(text),
        expires: Some(NOW),
        others_until: Some(NOW),
        back: text.to_owned(),
    };
    let tokens = |of_client: bool, listed: bool| TokensView {
        site,
        frame: frame(site, text),
        head: of_client.then(|| head(text)),
        path: text.to_owned(),
        username: text,
        listed: true,
        tokens: if listed {
            lines(|| token_line(text, !of_client))
        } else {
            Vec::new()
        },
        total: 99,
        revoke: post(text),
        pager: Some(pager(text)),
    };
    let events = EventsView {
        site,
        frame: frame(site, text),
        client: text,
        client_problem: Some(text),
        kinds: lines(choice),
        from: text,
        until: text,
        filtered: true,
        events: lines(|| event_line(text)),
        pager: Some(pager(text)),
    };
    let keys = KeysView {
        site,
        frame: frame(site, text),
        groups: groups(text),
    };
    let overview = OverviewView {
        site,
        frame: frame(site, text),
        chart: chart(text),
        groups: groups(text),
        events: (0..EVENTS).map(|_| event_line(text)).collect(),
    };
    vec![
        ClientsView {
            frame: frame(site, text),
            sorts: vec![choice()],
            clients: lines(|| client_line(text)),
            pager: Some(pager(text)),
            ..nothing_found
        }
        .render(),
        to_delete.render(),
        choose.render(),
        create.render(),
        edit.render(),
        delete.render(),
        secrets.render(),
        new_secret.render(),
        tokens(true, true).render(),
        tokens(false, true).render(),
        tokens(false, false).render(),
        events.render(),
        keys.render(),
        overview.render(),
    ]
    .into_iter()
    .map(Result::unwrap)
    .collect()
}

/// How many characters of markup a page has.
fn markup(page: &str) -> Vec<usize> {
    ['<', '>', '"', '\'']
        .iter()
        .map(|mark| page.matches(*mark).count())
        .collect()
}

#[test]
fn markup_in_any_text_stays_text_on_every_page() {
    // Neither is a good name, so that both forms have the same remark.
    for (hostile, harmless) in pages(HOSTILE).iter().zip(pages("harm\u{7}less")) {
        assert_eq!(markup(hostile), markup(&harmless), "{hostile}");
        assert!(!hostile.contains("<script>") && !hostile.contains("<img src=x"));
        assert!(hostile.contains("&#60;script&#62;"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_text_whatever_changes_a_pages_markup(text in "\u{7}[<>\"'&/=a-z {}%-]{1,40}") {
        for (page, harmless) in pages(&text).iter().zip(pages("\u{7}harmless")) {
            prop_assert_eq!(markup(page), markup(&harmless));
        }
    }
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    for page in pages("harmless") {
        assert!(!page.contains("<style") && !page.contains(" style="), "{page}");
        for word in page.split(" on").skip(1) {
            let rest = word.trim_start_matches(|c: char| c.is_ascii_lowercase());
            assert!(!rest.starts_with('='), "an event handler: {word}");
        }
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script src=\"/oauth/assets/pages.js?v=").count()
        );
        for link in page.split(" src=\"").chain(page.split("<link ")).skip(1) {
            assert!(!link.starts_with("http") && !link.starts_with("//"), "{link}");
        }
    }
}

#[test]
fn the_fullest_page_with_all_it_needs_stays_under_60_kilobytes() {
    let assets = crate::assets::Assets::new(None, None).size();
    for page in pages(&"W".repeat(40)) {
        let title = page
            .split("<title>")
            .nth(1)
            .and_then(|rest| rest.get(..20))
            .unwrap_or_default();
        assert!(page.len() + assets < 60_000, "{} + {assets}: {title}", page.len());
    }
}

#[test]
fn every_field_has_a_label_and_every_form_posts_its_token() {
    for page in pages("text") {
        for form in page.split("<form ").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let posts = form.contains("method=\"post\"");
            assert_eq!(
                posts,
                form.contains("<input type=\"hidden\" name=\"form\" value="),
                "{form}"
            );
        }
        for id in page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert_eq!(
                page.matches(&format!(" id=\"{id}\"")).count(),
                1,
                "{id} is there twice: {page}"
            );
        }
    }
}

#[test]
fn a_secret_is_never_in_an_attribute() {
    let site = &Site::of_issuer("https://auth.example.com");
    let page = NewSecretView {
        site,
        frame: frame(site, "ada"),
        head: head("Board"),
        secret: "cs_thesecret",
        label: None,
        expires: None,
        others_until: None,
        back: "/back".into(),
    }
    .render()
    .unwrap();
    assert_eq!(page.matches("cs_thesecret").count(), 1);
    assert!(page.contains(">cs_thesecret</code>"));
}
