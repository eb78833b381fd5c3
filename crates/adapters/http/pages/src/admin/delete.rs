//! Deleting a client: with its name typed, and by rank alone.

use actix_web::http::StatusCode;
use askama::Template;
use informer_oauth_application::manage::Precondition;
use informer_oauth_domain::{client::Client, id::ClientRef, parameters::Parameters};

use super::{
    console::{Console, Post, shows_with},
    frame::{Frame, Notice, Section, icon_of, path_of},
    stop::Answer,
};
use crate::{site::Site, views::Switch};

#[derive(Template)]
#[template(path = "admin/delete.html")]
pub(super) struct DeleteClientView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    pub(super) name: &'a str,
    pub(super) client_id: String,
    pub(super) icon: String,
    pub(super) delete: Post,
    /// What was typed, if it was wrong.
    pub(super) wrong: Option<&'a str>,
    /// Where to go instead.
    pub(super) back: String,
}

/// The question.
pub(super) async fn ask(console: &Console<'_>) -> Answer {
    let client = console
        .manage()
        .read_for_deletion(&console.superuser, console.client()?)
        .await?;
    Ok(page(console, StatusCode::OK, &client, None))
}

/// The answer. What counts is what the client is called now.
pub(super) async fn delete(console: &Console<'_>, fields: &Parameters) -> Answer {
    let client = console
        .manage()
        .read_for_deletion(&console.superuser, console.client()?)
        .await?;
    let typed = fields.get("name").ok().flatten().unwrap_or_default();
    if typed.trim() != client.profile.name {
        return Ok(page(console, StatusCode::BAD_REQUEST, &client, Some(typed)));
    }
    console
        .manage()
        .delete_client(
            &console.superuser,
            ClientRef::Uid(client.uid),
            &Precondition::None,
            &console.context(),
        )
        .await?;
    Ok(console.goes_to("/oauth/admin/clients", Notice::Deleted))
}

fn page(console: &Console<'_>, status: StatusCode, client: &Client, wrong: Option<&str>) -> actix_web::HttpResponse {
    let path = path_of(client);
    let back = if console.if_administrator().is_some() {
        &path
    } else {
        "/oauth/admin/clients"
    };
    let view = DeleteClientView {
        site: console.site(),
        frame: console.frame(Section::Clients),
        name: &client.profile.name,
        client_id: client.client_id.to_string(),
        icon: icon_of(console.site(), client),
        delete: console.post(&format!("{path}/delete")),
        wrong,
        back: console.site().path(back),
    };
    shows_with(status, &view)
}
