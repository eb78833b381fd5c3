//! The console for superusers: every action by its form, and nothing without it.

mod access;
mod clients;
mod events;
mod forms;
mod icons;
mod secrets;
mod tokens;

use crate::support::*;

const CONSOLE: &str = "/oauth/admin";
const CLIENTS: &str = "/oauth/admin/clients";

/// A service without the built-in clients that a first start makes.
fn bare_world() -> World {
    World::start_with(&[("INFORMER_OAUTH__BOOTSTRAP__BUILTIN_CLIENTS", "false")])
}

/// The form of a page that is sent to this path.
#[track_caller]
fn form_to(page: &Answer, path: &str) -> Form {
    forms_to(page, path)
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("no form to {path}: {page}"))
}

/// All forms of a page that are sent to this path.
fn forms_to(page: &Answer, path: &str) -> Vec<Form> {
    let mut found = forms(&page.text());
    found.retain(|form| form.action == path);
    found
}

/// Sends a form that must be obeyed: the page that the browser comes to, which says what was done.
#[track_caller]
fn obeyed(browser: &Browser, page: &Answer, form: Form, says: &str) -> Answer {
    let answer = browser.submit(page, form).is(303);
    let page = browser.follow(answer).is(200);
    assert!(unescape(&page.text()).contains(says), "{says:?} is missing in {page}");
    page
}

/// Where a client's pages are.
fn path_of(client: &Client) -> String {
    format!("{CLIENTS}/{}", client.id)
}

/// Demands that a page says all of this.
#[track_caller]
fn says(page: &Answer, parts: &[&str]) {
    let text = unescape(&page.text());
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in {page}");
    }
}

/// Demands that a page says nothing of this.
#[track_caller]
fn is_silent_about(page: &Answer, parts: &[&str]) {
    let text = unescape(&page.text());
    for part in parts {
        assert!(!text.contains(part), "{part:?} is in {page}");
    }
}
