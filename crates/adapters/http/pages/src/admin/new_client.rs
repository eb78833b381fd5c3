//! Registering a client, from nothing or from a template.

use actix_web::http::StatusCode;
use askama::Template;
use informer_oauth_application::{error::ManagementError, manage::NewClient};
use informer_oauth_domain::{
    client::ClientDraft,
    id::ClientRef,
    parameters::Parameters,
    template::{Template as ClientTemplate, template},
};

use super::{
    client_form::ClientForm,
    console::{Console, Post, shows, shows_with},
    frame::{Frame, Notice, Section, path_of},
    stop::{Answer, Stop},
};
use crate::{problem::Problem, site::Site, views::Switch};

const PATH: &str = "/oauth/admin/clients";

/// What the chooser offers.
pub(super) struct TemplateLine {
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) href: String,
    /// Whether it can be used only once and has been.
    pub(super) exists: bool,
}

#[derive(Template)]
#[template(path = "admin/new_client.html")]
pub(super) struct NewClientView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    pub(super) templates: Vec<TemplateLine>,
    /// Where a blank form is.
    pub(super) blank: String,
}

#[derive(Template)]
#[template(path = "admin/create_client.html")]
pub(super) struct CreateClientView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    /// The template that it starts from, or nothing.
    pub(super) template: &'a str,
    pub(super) problem: Option<&'a str>,
    pub(super) form: ClientForm,
    pub(super) save: Post,
}

/// The templates to start from or, with one of them chosen, the form.
pub(super) async fn show(console: &Console<'_>) -> Answer {
    console.administrator()?;
    match console.query.one("template").ok().flatten() {
        None => choose(console).await,
        Some("") => Ok(fill_in(
            console,
            StatusCode::OK,
            "",
            None,
            ClientDraft::default().into(),
        )),
        Some(named) => {
            let start = template(named).ok_or(Problem::NotFound)?;
            Ok(fill_in(console, StatusCode::OK, start.name, None, start.draft.into()))
        }
    }
}

async fn choose(console: &Console<'_>) -> Answer {
    let mut templates = Vec::new();
    for start in console.manage().list_templates(console.user()) {
        templates.push(line(console, start).await?);
    }
    Ok(shows(&NewClientView {
        site: console.site(),
        frame: console.frame(Section::Clients),
        templates,
        blank: console.site().path(&format!("{PATH}/new?template=")),
    }))
}

async fn line(console: &Console<'_>, start: ClientTemplate) -> Result<TemplateLine, Stop> {
    let there = match start.client_id {
        None => None,
        Some(id) => {
            let read = console
                .manage()
                .read_client(console.administrator()?, ClientRef::ClientId(id))
                .await;
            match read {
                Ok(client) => Some(path_of(&client)),
                Err(ManagementError::NotFound(_)) => None,
                Err(error) => return Err(error.into()),
            }
        }
    };
    let query = url::form_urlencoded::byte_serialize(start.name.as_bytes()).collect::<String>();
    Ok(TemplateLine {
        name: start.name,
        summary: start.summary,
        exists: there.is_some(),
        href: console
            .site()
            .path(&there.unwrap_or_else(|| format!("{PATH}/new?template={query}"))),
    })
}

/// The filled-in form.
pub(super) async fn create(console: &Console<'_>, fields: &Parameters) -> Answer {
    let administrator = console.administrator()?;
    let form = ClientForm::read(fields);
    let template = fields.get("template").ok().flatten();
    let new = NewClient {
        template: template.map(str::to_owned),
        fields: form.patch(),
        ..NewClient::default()
    };
    let made = console
        .manage()
        .create_client(administrator, new, &console.context())
        .await;
    let template = template.unwrap_or_default();
    match made {
        Ok(client) => Ok(console.goes_to(&path_of(&client), Notice::Created)),
        Err(ManagementError::InvalidClient(error)) => Ok(fill_in(
            console,
            StatusCode::BAD_REQUEST,
            template,
            None,
            form.with_problem(&error),
        )),
        Err(ManagementError::Conflict(_)) => Ok(fill_in(
            console,
            StatusCode::CONFLICT,
            template,
            Some("This built-in client exists already: it can be registered once only."),
            form,
        )),
        Err(error) => Err(error.into()),
    }
}

/// The form once more, after its token was no good.
pub(super) async fn again(console: &Console<'_>, fields: &Parameters) -> Answer {
    console.administrator()?;
    Ok(fill_in(
        console,
        StatusCode::FORBIDDEN,
        fields.get("template").ok().flatten().unwrap_or_default(),
        Some(super::client::STALE),
        ClientForm::read(fields),
    ))
}

fn fill_in(
    console: &Console<'_>,
    status: StatusCode,
    template: &str,
    problem: Option<&str>,
    form: ClientForm,
) -> actix_web::HttpResponse {
    let view = CreateClientView {
        site: console.site(),
        frame: console.frame(Section::Clients),
        template,
        problem,
        form,
        save: console.post(PATH),
    };
    shows_with(status, &view)
}
