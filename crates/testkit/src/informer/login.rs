//! Informer's own sign-in, as a browser sees it.

use super::{payload::Answer, people::People, routes::parameter, wire::Head};

/// A path of this site; `None` for whatever a browser could take for another site's address.
pub(super) fn same_origin(target: &str) -> Option<&str> {
    let rest = target.strip_prefix('/')?;
    let leads_away = rest.starts_with('/') || target.contains('\\') || target.chars().any(char::is_control);
    (!leads_away).then_some(target)
}

pub(super) fn home(people: &People, head: &Head) -> Answer {
    let back = parameter(&head.query, "return");
    let Some(user) = head.cookie("sid").and_then(|sid| people.signed_in(sid)) else {
        return form(200, back.as_deref(), None);
    };
    let back = back
        .as_deref()
        .and_then(same_origin)
        .map(|back| format!("<p><a href=\"{}\">Go on</a></p>", escape(back)))
        .unwrap_or_default();
    let name = escape(&user.display_name);
    page(
        200,
        &format!(
            "<h1>Informer</h1><p>Signed in as {name}</p>{back}\
             <form method=\"post\" action=\"/logout\"><button>Sign out</button></form>"
        ),
    )
}

pub(super) fn form(status: u16, back: Option<&str>, problem: Option<&str>) -> Answer {
    let back = escape(back.and_then(same_origin).unwrap_or("/"));
    let problem = problem
        .map(|text| format!("<p role=\"alert\">{text}</p>"))
        .unwrap_or_default();
    page(
        status,
        &format!(
            "<h1>Sign in to Informer</h1>{problem}<form method=\"post\" action=\"/login\">\
             <input type=\"hidden\" name=\"return\" value=\"{back}\">\
             <p><label>User name <input name=\"username\" autocomplete=\"username\" required></label></p>\
             <p><label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\
             </label></p><p><button>Sign in</button></p></form>"
        ),
    )
}

pub(super) fn sign_in(people: &mut People, body: &[u8]) -> Answer {
    let body = String::from_utf8_lossy(body);
    let field = |name| parameter(&body, name).unwrap_or_default();
    let (username, password, back) = (field("username"), field("password"), field("return"));
    let problem = match people.user(&username) {
        Some(user) if user.password != password => Some("The user name or the password is wrong."),
        Some(user) if user.locked => Some("This account is locked."),
        Some(user) if !user.enabled => Some("This account is disabled."),
        Some(_) => None,
        None => Some("The user name or the password is wrong."),
    };
    let acting_for = field("acting_for");
    let user = if acting_for.is_empty() { &username } else { &acting_for };
    let problem = match people.user(&username) {
        Some(actor) if problem.is_none() && !acting_for.is_empty() && !actor.superuser => {
            Some("Only superusers act for others.")
        }
        _ => problem,
    };
    match Some(user)
        .filter(|_| problem.is_none())
        .and_then(|user| people.sign_in(user))
    {
        Some(sid) => {
            if !acting_for.is_empty() {
                people.change_session(&sid, |session| session.parent = Some(username));
            }
            Answer::see_other(same_origin(&back).unwrap_or("/"))
                .with("Set-Cookie", format!("sid={sid}; Path=/; HttpOnly; SameSite=Lax"))
        }
        None => form(401, Some(&back), problem),
    }
}

pub(super) fn sign_out(people: &mut People, head: &Head) -> Answer {
    if let Some(sid) = head.cookie("sid") {
        people.end_session(sid);
    }
    Answer::see_other("/").with("Set-Cookie", "sid=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0".into())
}

fn page(status: u16, body: &str) -> Answer {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Informer</title>\
         <meta name=\"viewport\" content=\"width=device-width\"></head><body><main>{body}</main></body></html>"
    );
    Answer::html(status, page)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
