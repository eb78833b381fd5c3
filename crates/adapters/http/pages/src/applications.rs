//! What a user has allowed, and the buttons that take it back (http-api.md §5).

use actix_web::{HttpResponse, http::StatusCode, web};
use informer_oauth_application::connected_applications::Disconnection;
use informer_oauth_web::parameters;

use super::{
    answer::{page, see_other},
    problem::Problem,
    return_path::ReturnPath,
    views::{ActionView, ApplicationsView, ConnectionView, MessageView, UserView},
    visit::Visit,
};

const PAGE: &str = "/oauth/applications";

/// What the token of the page's form is about.
const DISCONNECT: &[u8] = b"applications";

/// The list.
#[utoipa::path(
    get,
    path = "/oauth/applications",
    tag = "Authorization",
    summary = "The applications that the user has allowed",
    description = "A page for browsers, for any user. Signed out, the browser is sent to sign in first.",
    responses(
        (status = 200, description = "The applications, what each may do, and how to take it back", content_type = "text/html"),
        (status = 303, description = "To the sign-in page"),
    ),
)]
pub(super) async fn show(visit: &Visit) -> Result<HttpResponse, Problem> {
    let path = visit.site.path(PAGE);
    let Some(signed_in) = visit.signed_in().await? else {
        return visit.to_sign_in(ReturnPath::parse(&path).as_ref());
    };
    let connections = visit.app().connected.list(&signed_in.user, visit.now).await?;
    let connections = connections
        .iter()
        .map(|connection| ConnectionView::new(connection, &visit.site, visit.now));
    let query = parameters::from_query(&visit.request).unwrap_or_default();
    let view = ApplicationsView {
        site: &visit.site,
        user: UserView::from(&signed_in.user),
        switch: visit.switch(&signed_in, visit.here().as_ref()),
        connections: connections.collect(),
        notice: query.get("done").ok().flatten().and_then(notice),
        again: &path,
        form: visit.app().forms.issue(&signed_in.session, DISCONNECT, visit.now),
    };
    Ok(page(HttpResponse::Ok(), &view))
}

/// The buttons.
#[utoipa::path(
    post,
    path = "/oauth/applications",
    tag = "Authorization",
    summary = "Take back what was allowed",
    description = "Fields: `form` as the page gave it, and `disconnect`: a token record's or client's id as the page has it, or `all`. \
                   The client has to ask again before it gets another token. The form is good for one submission, by the session \
                   that it was shown to, from a page of this site.",
    responses(
        (status = 303, description = "It is taken back: to the list"),
        (status = 400, description = "Nothing was named", content_type = "text/html"),
        (status = 403, description = "Not from this site, or a form token that is missing, used or another session's", content_type = "text/html"),
        (status = 404, description = "There is no such thing of this user's, or not any more", content_type = "text/html"),
    ),
)]
pub(super) async fn submit(visit: &Visit, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let fields = visit.form(payload).await?;
    let field = |name: &str| fields.get(name).ok().flatten();
    let path = visit.site.path(PAGE);
    let stale = || Problem::StaleForm {
        again: Some(path.clone()),
    };
    let signed_in = visit.signed_in().await?.ok_or_else(stale)?;
    let user = visit.in_person(&signed_in).await?;
    let token = field("form").unwrap_or_default();
    if !visit
        .app()
        .forms
        .redeem(token, &signed_in.session, DISCONNECT, visit.now)
        .await?
    {
        return Err(stale());
    }
    let (what, done) = field("disconnect").and_then(read).ok_or(Problem::Unreadable)?;
    let connected = &visit.app().connected;
    if connected.disconnect(&user, what, &visit.context()).await? {
        Ok(see_other(&format!("{path}?done={done}")))
    } else {
        Ok(nothing_there(visit, &path))
    }
}

/// What a button says, and what the list is told when it is done.
fn read(button: &str) -> Option<(Disconnection, &'static str)> {
    if button == "all" {
        return Some((Disconnection::Everything, "all"));
    }
    let (kind, id) = button.split_once('.')?;
    match kind {
        "record" => Some((Disconnection::Record(id.parse().ok()?), "record")),
        "client" => Some((Disconnection::Client(id.parse().ok()?), "client")),
        _ => None,
    }
}

/// What was done, in a sentence; only these, so that a link cannot put words into the page's mouth.
fn notice(done: &str) -> Option<&'static str> {
    match done {
        "record" => Some("Done: that access is over. The application has to ask you before it gets another."),
        "client" => Some("Done: the application is disconnected. To use your account again, it has to ask you."),
        "all" => Some("Done: everything is disconnected. Whatever wants to use your account has to ask you again."),
        _ => None,
    }
}

/// The same answer whether it is over, was never there, or is somebody else's.
fn nothing_there(visit: &Visit, path: &str) -> HttpResponse {
    let view = MessageView {
        site: &visit.site,
        title: "There is nothing to disconnect",
        text: "This access is over already, or it is not yours.",
        hint: Some("Nothing has been changed."),
        action: Some(ActionView {
            href: path,
            label: "See what is connected",
        }),
    };
    page(HttpResponse::build(StatusCode::NOT_FOUND), &view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_names_one_thing_and_what_is_none_is_refused() {
        let id = "0199c2d4-1111-7abc-8def-0123456789ab";
        for (button, word) in [
            ("all", "all"),
            (&format!("record.{id}"), "record"),
            (&format!("client.{id}"), "client"),
        ] {
            let (_, done) = read(button).unwrap_or_else(|| panic!("{button}"));
            assert_eq!(done, word);
            assert!(notice(done).is_some());
        }
        for button in ["", "everything", id, "record.", "record.all", &format!("user.{id}")] {
            assert!(read(button).is_none(), "{button}");
        }
        assert_eq!(notice("You have won"), None);
    }
}
