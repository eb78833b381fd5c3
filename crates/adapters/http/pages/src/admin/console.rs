//! A visit to the console by somebody who may be there, and how its pages and forms are answered.

use std::str::FromStr;

use actix_web::{HttpResponse, http::StatusCode, web::Payload};
use askama::Template;
use informer_oauth_application::{RequestContext, SignedIn, manage::Manage};
use informer_oauth_domain::{
    id::ClientRef,
    parameters::Parameters,
    timestamp::Timestamp,
    user::{ClientAdministrator, Forbidden, Superuser, User},
};
use informer_oauth_web::paging::Query;

use super::{
    frame::{Frame, Notice, Section},
    stop::{Answer, Stop, finish},
};
use crate::{
    answer::{page, see_other},
    problem::Problem,
    return_path::ReturnPath,
    site::Site,
    views::UserView,
    visit::Visit,
};

/// Somebody who may be here, and what they ask for.
pub(super) struct Console<'a> {
    pub(super) visit: &'a Visit,
    /// The rank: enough for keys, for usage and to delete a client.
    pub(super) superuser: Superuser,
    /// The address's query.
    pub(super) query: Query,
    signed_in: SignedIn,
    administrator: Result<ClientAdministrator, Forbidden>,
}

/// A form that posts: where to, and the token that makes it good for one submission in this session.
pub(super) struct Post {
    pub(super) action: String,
    pub(super) token: String,
}

/// What a form's token is about: the path that it is sent to.
fn context(path: &str) -> Vec<u8> {
    [b"console\0", path.as_bytes()].concat()
}

/// A page: whoever is signed out signs in and comes back, whoever is no superuser is told so.
pub(super) async fn read(visit: Visit, page: impl AsyncFn(&Console<'_>) -> Answer) -> HttpResponse {
    let answer = match Console::enter(&visit).await {
        Ok(console) => page(&console).await,
        Err(stop) => Err(stop),
    };
    finish(&visit, answer)
}

/// A form: of a page of this site, by a superuser, with a token that was made for it.
pub(super) async fn write(
    visit: Visit,
    body: Payload,
    action: impl AsyncFn(&Console<'_>, &Parameters) -> Answer,
) -> HttpResponse {
    let stale = async |console: &Console<'_>, _: &Parameters| Err(console.stale());
    write_keeping(visit, body, action, stale).await
}

/// A form that took a while to fill in: when its token is no good any more, `again` shows it anew with all that was typed.
pub(super) async fn write_keeping(
    visit: Visit,
    body: Payload,
    action: impl AsyncFn(&Console<'_>, &Parameters) -> Answer,
    again: impl AsyncFn(&Console<'_>, &Parameters) -> Answer,
) -> HttpResponse {
    let answer = obey(&visit, body, action, again).await;
    finish(&visit, answer)
}

async fn obey(
    visit: &Visit,
    body: Payload,
    action: impl AsyncFn(&Console<'_>, &Parameters) -> Answer,
    again: impl AsyncFn(&Console<'_>, &Parameters) -> Answer,
) -> Answer {
    let console = Console::enter_to_write(visit).await?;
    let fields = visit.form(body).await?;
    let token = fields.get("form").ok().flatten().unwrap_or_default();
    if console.redeems(token).await? {
        action(&console, &fields).await
    } else {
        again(&console, &fields).await
    }
}

impl<'a> Console<'a> {
    async fn enter(visit: &'a Visit) -> Result<Self, Stop> {
        if let Some(signed_in) = visit.signed_in().await? {
            return Self::of(visit, signed_in);
        }
        let back = visit
            .here()
            .or_else(|| ReturnPath::parse(&visit.site.path("/oauth/admin")));
        Err(Stop::SignedOut(back))
    }

    /// Before anything is looked at that was sent but the cookie and the headers that say where it comes from.
    pub(super) async fn enter_to_write(visit: &'a Visit) -> Result<Self, Stop> {
        if !visit.state.accepts_origin(visit.request.headers(), visit.now) {
            return Err(visit.cross_site().into());
        }
        let signed_in = visit.signed_in().await?.ok_or_else(|| Problem::StaleForm {
            again: Some(visit.site.path(containing_page(visit.request.path()))),
        })?;
        visit.in_person(&signed_in).await.map_err(Problem::from)?;
        Self::of(visit, signed_in)
    }

    fn of(visit: &'a Visit, signed_in: SignedIn) -> Result<Self, Stop> {
        Ok(Self {
            superuser: Superuser::check(&signed_in.user).map_err(Problem::Forbidden)?,
            administrator: ClientAdministrator::check(&signed_in.user),
            query: Query::parse(visit.request.query_string()),
            visit,
            signed_in,
        })
    }

    /// Proof of what managing clients needs; without the feature, the page that says so.
    pub(super) fn administrator(&self) -> Result<&ClientAdministrator, Stop> {
        self.administrator
            .as_ref()
            .map_err(|missing| Problem::Forbidden(*missing).into())
    }

    /// The same where the page has something to show without it.
    pub(super) fn if_administrator(&self) -> Option<&ClientAdministrator> {
        self.administrator.as_ref().ok()
    }

    pub(super) fn user(&self) -> &User {
        &self.signed_in.user
    }

    pub(super) fn manage(&self) -> &Manage {
        &self.visit.app().manage
    }

    pub(super) fn site(&self) -> &Site {
        &self.visit.site
    }

    pub(super) fn now(&self) -> Timestamp {
        self.visit.now
    }

    pub(super) fn context(&self) -> RequestContext {
        self.visit.context()
    }

    /// The part of the path called `name`, read as an id; what cannot be one is not found.
    pub(super) fn named<I: FromStr>(&self, name: &str) -> Result<I, Stop> {
        let text = self.visit.request.match_info().get(name);
        text.and_then(|text| text.parse().ok())
            .ok_or_else(|| Problem::NotFound.into())
    }

    /// The client that the path names.
    pub(super) fn client(&self) -> Result<ClientRef, Stop> {
        self.named("client")
    }

    /// A parameter of the address; one that is empty, repeated or damaged counts as left out.
    pub(super) fn asked(&self, name: &'static str) -> Option<&str> {
        self.query.one(name).ok().flatten().filter(|text| !text.is_empty())
    }

    /// A form that is sent to one of the console's paths.
    pub(super) fn post(&self, path: &str) -> Post {
        let forms = &self.visit.app().forms;
        Post {
            action: self.site().path(path),
            token: forms.issue(&self.signed_in.session, &context(path), self.now()),
        }
    }

    /// Whether a form's token was made in this session for this path, and has not been used.
    pub(super) async fn redeems(&self, token: &str) -> Result<bool, Stop> {
        let context = context(self.visit.request.path());
        let forms = &self.visit.app().forms;
        Ok(forms
            .redeem(token, &self.signed_in.session, &context, self.now())
            .await?)
    }

    /// The page that says that a form is no good any more.
    pub(super) fn stale(&self) -> Stop {
        let again = self.site().path(containing_page(self.visit.request.path()));
        Problem::StaleForm { again: Some(again) }.into()
    }

    /// What is around every page.
    pub(super) fn frame(&self, section: Section) -> Frame {
        Frame::new(
            self.site(),
            UserView::from(&self.signed_in.user),
            self.visit.switch(&self.signed_in, self.visit.here().as_ref()),
            section,
            self.administrator.is_ok(),
            Notice::read(&self.query),
        )
    }

    /// Sends the browser to one of the console's pages, which tells what was done.
    pub(super) fn goes_to(&self, path: &str, notice: Notice) -> HttpResponse {
        see_other(&self.site().path(&notice.append_to(path)))
    }
}

/// Shows a page.
pub(super) fn shows(view: &impl Template) -> HttpResponse {
    shows_with(StatusCode::OK, view)
}

/// Shows a page with another status.
pub(super) fn shows_with(status: StatusCode, view: &impl Template) -> HttpResponse {
    page(HttpResponse::build(status), view)
}

/// The page that the form of a path is on.
fn containing_page(path: &str) -> &str {
    let kept = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "oauth", "admin", "clients", _, "secrets" | "tokens" | "delete", ..] => 5,
        ["", "oauth", "admin", "clients", _, ..] => 4,
        ["", "oauth", "admin", _, ..] => 3,
        _ => return "/oauth/admin",
    };
    let end = path.match_indices('/').nth(kept).map_or(path.len(), |(at, _)| at);
    path.get(..end).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_the_page_it_was_on() {
        for (path, page) in [
            ("/oauth/admin/clients", "/oauth/admin/clients"),
            ("/oauth/admin/clients/1", "/oauth/admin/clients/1"),
            ("/oauth/admin/clients/1/enabled", "/oauth/admin/clients/1"),
            ("/oauth/admin/clients/1/icon/delete", "/oauth/admin/clients/1"),
            ("/oauth/admin/clients/1/delete", "/oauth/admin/clients/1/delete"),
            (
                "/oauth/admin/clients/1/secrets/2/delete",
                "/oauth/admin/clients/1/secrets",
            ),
            ("/oauth/admin/clients/1/tokens/revoke", "/oauth/admin/clients/1/tokens"),
            ("/oauth/admin/tokens/revoke", "/oauth/admin/tokens"),
            ("/elsewhere", "/oauth/admin"),
        ] {
            assert_eq!(containing_page(path), page, "{path}");
        }
    }
}
