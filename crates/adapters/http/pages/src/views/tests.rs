#![allow(clippy::unwrap_used)]

use informer_oauth_domain::{
    client::{ClientDraft, Source},
    id::{ClientId, ClientUid},
    redirect_uri::RedirectUri,
    timestamp::Timestamp,
};
use proptest::prelude::*;

use super::*;

const HOSTILE: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;{{ 7*7 }}</title>";

fn site() -> Site {
    Site::of_issuer("https://auth.example.com")
}

fn user(text: &str) -> UserView {
    UserView {
        username: text.to_owned(),
        display_name: format!("{text}{text}"),
    }
}

fn client(text: &str) -> ClientView {
    ClientView {
        name: text.to_owned(),
        icon: "/icon".to_owned(),
        description: Some(text.to_owned()),
        url: Some(LinkView {
            href: format!("https://{text}"),
            label: text.to_owned(),
        }),
    }
}

/// Every page, each text in it being `text`.
fn pages(text: &str) -> Vec<String> {
    let site = site();
    let consent = |switch: Switch, destination: Destination| {
        ConsentView {
            site: &site,
            client: client(text),
            user: user(text),
            switch,
            scopes: ScopeView::list(ScopeSet::ALL, Choice::EVERYTHING),
            problem: Some(text),
            destination,
            loopback_only: true,
            again: text,
            request: text,
            form: text.to_owned(),
        }
        .render()
        .unwrap()
    };
    let home = |visitor: Visitor| {
        HomeView {
            site: &site,
            visitor,
            problem: Some(text),
        }
        .render()
        .unwrap()
    };
    let sign_in = SignInView {
        site: &site,
        client: Some(client(text)),
        problem: Some(text.to_owned()),
        refused: true,
        username: text,
        back: Some(text),
        form: text.to_owned(),
    };
    let code = |confirms: bool| {
        DeviceCodeView {
            site: &site,
            user: user(text),
            switch: Switch::Form(text.to_owned()),
            confirms,
            code: text,
            problem: Some(text),
            again: text,
            form: text.to_owned(),
        }
        .render()
        .unwrap()
    };
    let device = DeviceDecisionView {
        site: &site,
        client: client(text),
        user: user(text),
        switch: Switch::Form(text.to_owned()),
        scopes: ScopeView::list(ScopeSet::ALL, Choice::EVERYTHING),
        problem: Some(text),
        origin: OriginView {
            kind: text.to_owned(),
            agent: Some(text.to_owned()),
            address: Some(text.to_owned()),
            ago: text.to_owned(),
            at: text.to_owned(),
        },
        code: text,
        again: text,
        form: text.to_owned(),
    };
    let message = MessageView {
        site: &site,
        title: text,
        text,
        hint: Some(text),
        action: Some(ActionView {
            href: text,
            label: text,
        }),
    };
    let moment = || applications::Moment {
        at: text.to_owned(),
        words: text.to_owned(),
    };
    let connection = ConnectionView {
        client: client(text),
        button: text.to_owned(),
        scopes: applications::AllowedView::list(ScopeSet::ALL),
        since: Some(moment()),
        last_used: Some(moment()),
        grants: vec![applications::GrantView {
            button: text.to_owned(),
            since: moment(),
            last_used: Some(moment()),
            scopes: applications::AllowedView::list(ScopeSet::ALL),
        }],
        total: 2,
    };
    let applications = |connections: Vec<ConnectionView>| {
        ApplicationsView {
            site: &site,
            user: user(text),
            switch: Switch::Form(text.to_owned()),
            connections,
            notice: Some(text),
            again: text,
            form: text.to_owned(),
        }
        .render()
        .unwrap()
    };
    vec![
        consent(Switch::Form(text.to_owned()), Destination::Web(text.to_owned())),
        consent(Switch::Link(text.to_owned()), Destination::Loopback(text.to_owned())),
        consent(Switch::Form(text.to_owned()), Destination::App(text.to_owned())),
        home(Visitor::SignedIn {
            user: user(text),
            switch: Switch::Form(text.to_owned()),
            superuser: true,
        }),
        home(Visitor::SignedOut {
            sign_in: text.to_owned(),
        }),
        sign_in.render().unwrap(),
        message.render().unwrap(),
        applications(vec![]),
        applications(vec![connection.clone(), connection]),
        code(false),
        code(true),
        device.render().unwrap(),
    ]
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
    for (hostile, harmless) in pages(HOSTILE).iter().zip(pages("harmless")) {
        assert_eq!(markup(hostile), markup(&harmless), "{hostile}");
        assert!(!hostile.contains("<script>") && !hostile.contains("<img src=x"));
        assert!(hostile.contains("&#60;script&#62;"));
    }
}

proptest! {
    #[test]
    fn no_text_whatever_changes_a_pages_markup(text in "[<>\"'&/=a-z {}%-]{1,40}") {
        for (page, harmless) in pages(&text).iter().zip(pages("harmless")) {
            prop_assert_eq!(markup(page), markup(&harmless));
        }
    }
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    for page in pages("harmless") {
        assert!(!page.contains("<style") && !page.contains(" style="), "{page}");
        for word in page.split(" on").skip(1) {
            assert!(
                !word
                    .trim_start_matches(|c: char| c.is_ascii_lowercase())
                    .starts_with('='),
                "an event handler: {word}"
            );
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
fn a_page_with_all_it_needs_stays_under_60_kilobytes() {
    let assets = crate::assets::Assets::new(None, None).size();
    for page in pages(&"W".repeat(100)) {
        assert!(page.len() + assets < 60_000, "{} + {assets}", page.len());
    }
}

#[test]
fn a_decision_is_made_by_two_buttons_of_a_form_that_posts() {
    let mut pages = pages("text");
    for (page, path) in [
        (pages.remove(0), "/oauth/authorize"),
        (pages.pop().unwrap(), "/oauth/device"),
    ] {
        assert!(page.contains(&format!(
            r#"<form class="decide" method="post" action="{path}" data-once>"#
        )));
        assert!(page.contains(r#"<button type="submit" name="decision" value="deny">Deny</button>"#));
        assert!(page.contains(r#"type="submit" name="decision" value="allow">Allow</button>"#));
    }
}

#[test]
fn every_scope_is_put_in_words_with_a_box_and_writing_is_marked() {
    let mut pages = pages("text");
    for page in [pages.remove(0), pages.pop().unwrap()] {
        for scope in ScopeSet::ALL.iter() {
            assert!(page.contains(scope.description()) && page.contains(scope.as_str()));
            let ticked = format!(r#"<input type="checkbox" name="scope" value="{scope}" checked>"#);
            assert!(page.contains(&ticked), "{scope}");
            let half = format!(r#"<option value="{scope}">Read only</option>"#);
            assert_eq!(page.contains(&half), scope.is_write(), "{scope}");
        }
        assert_eq!(page.matches(">Read</span>").count(), 4);
    }
}

#[test]
fn what_a_browser_sends_unasked_is_told_from_a_form_without_boxes() {
    // Programs that fill in the page's hidden fields and nothing else mean everything that is asked for.
    let page = pages("text").remove(0);
    assert!(page.contains(r#"<input type="text" name="steered" value="1" hidden>"#));
    for field in page
        .split("<input")
        .filter(|field| field.starts_with(r#" type="hidden""#))
    {
        assert!(!field.contains("steered") && !field.contains("scope"), "{field}");
    }
}

#[test]
fn a_choice_that_comes_back_is_shown_as_it_was() {
    let sent = [
        ("steered", "1"),
        ("scope", "write:report"),
        ("read_only", "write:report"),
    ];
    let choice = Choice::read(&sent.into_iter().collect()).unwrap();
    let asked: ScopeSet = "read:dataset write:report".parse().unwrap();
    let shown: Vec<_> = ScopeView::list(asked, choice)
        .into_iter()
        .map(|scope| (scope.name, scope.kept, scope.only_reads))
        .collect();
    assert_eq!(shown, [("read:dataset", false, false), ("write:report", true, true)]);
}

#[test]
fn a_link_with_a_code_asks_whether_the_device_shows_it_before_anything_else() {
    let pages = pages("text");
    let [.., typed, confirmed, _] = pages.as_slice() else {
        panic!("no device pages");
    };
    assert!(typed.contains(" autofocus>") && typed.contains(">Continue</button>"));
    assert!(confirmed.contains("Does your device show this code?"));
    assert!(
        !confirmed.contains(" autofocus>"),
        "nobody confirms by pressing Enter at once"
    );
    assert!(typed.contains(r#"aria-describedby="problem code-hint""#) && typed.contains(r#"id="code-hint""#));
    for page in [typed, confirmed] {
        assert!(page.contains(r#"aria-invalid="true""#) && page.contains(r#"id="problem" role="alert""#));
        assert!(page.contains("Did somebody send you"));
    }
}

fn destination(uri: &str) -> Destination {
    let registered = [RedirectUri::register(uri, &["myapp".to_owned()]).unwrap()];
    Destination::of(&VerifiedRedirect::only(&registered).unwrap())
}

#[test]
fn the_destination_is_told_by_its_kind() {
    let text = str::to_owned;
    assert_eq!(
        destination("https://app.example.com/cb"),
        Destination::Web(text("app.example.com"))
    );
    assert_eq!(
        destination("https://app.example.com:8443/cb"),
        Destination::Web(text("app.example.com:8443"))
    );
    assert_eq!(
        destination("https://localhost.example.com/cb"),
        Destination::Web(text("localhost.example.com"))
    );
    assert_eq!(
        destination("http://127.0.0.1:5000/cb"),
        Destination::Loopback(text("127.0.0.1:5000"))
    );
    assert_eq!(destination("http://[::1]/cb"), Destination::Loopback(text("[::1]")));
    assert_eq!(
        destination("http://[::1]:80/cb"),
        Destination::Loopback(text("[::1]:80"))
    );
    assert_eq!(
        destination("https://localhost:9/cb"),
        Destination::Loopback(text("localhost:9"))
    );
    assert_eq!(
        destination("com.example.app:/cb"),
        Destination::App(text("com.example.app"))
    );
    assert_eq!(destination("myapp:/127.0.0.1"), Destination::App(text("myapp")));
}

#[test]
fn only_https_becomes_a_link_and_it_is_named_by_its_host() {
    let link = LinkView::https("https://app.example.com/start?x#y").unwrap();
    assert_eq!(
        (link.href.as_str(), link.label.as_str()),
        ("https://app.example.com/start?x#y", "app.example.com")
    );
    for other in [
        "javascript:alert(1)",
        "http://app.example.com",
        "//app.example.com",
        "https:app.example.com",
        "",
    ] {
        assert_eq!(LinkView::https(other), None, "{other}");
    }
}

#[test]
fn the_icon_is_the_clients_own() {
    let draft = ClientDraft {
        name: "Sales board".into(),
        ..ClientDraft::default()
    };
    let client = Client {
        uid: ClientUid::new(uuid::Uuid::from_u128(7)),
        client_id: ClientId::new([7; 10]),
        profile: draft.check(&[]).unwrap(),
        source: Source::Admin,
        created_by: "ada".into(),
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
        revision: 1,
    };
    let view = ClientView::new(&client, &Site::of_issuer("https://bi.example.com/auth/"));
    assert_eq!(
        view.icon,
        "/auth/api/oauth-clients/00000000-0000-0000-0000-000000000007/icon"
    );
    assert_eq!((view.description, view.url), (None, None));
}

#[test]
fn long_descriptions_end_at_a_word() {
    assert_eq!(shortened("short"), Some("short".to_owned()));
    let long = shortened(&"wörd ".repeat(100)).unwrap();
    assert!(long.ends_with("wörd…") && long.chars().count() <= DESCRIPTION_SHOWN + 1);
    assert_eq!(
        shortened(&"W".repeat(300)).map(|text| text.chars().count()),
        Some(DESCRIPTION_SHOWN + 1)
    );
}

#[test]
fn a_user_without_a_name_goes_by_the_username() {
    let named = |name: &str| {
        UserView::from(&User {
            username: "ada".into(),
            display_name: name.into(),
            superuser: false,
            token_api: false,
        })
    };
    assert_eq!(named(" ").display_name, "ada");
    assert!(!named("").shows_username() && named("Ada Lovelace").shows_username());
    assert_eq!(named("(élodie)").initial(), "É");
    assert_eq!(named("🙂").initial(), "?");
}
