//! One client: its fields, its icon, on and off.

use actix_web::{HttpResponse, http::StatusCode};
use informer_oauth_application::{
    error::ManagementError,
    manage::{ClientChange, ClientPatch, ClientVersion, Precondition, differences},
};
use informer_oauth_domain::{
    client::{Client, ClientDraft, Source},
    id::{ClientRef, ClientUid},
    parameters::Parameters,
};

use super::{
    client_form::ClientForm,
    client_view::{Differing, EditClientView, Kind},
    console::{Console, shows_with},
    frame::{ClientHead, Notice, Section, Tab, path_of},
    stop::{Answer, Stop},
    words::Time,
};
use crate::problem::Problem;

pub(super) const STALE: &str = "This page was open for too long or was sent before, so nothing has been saved yet. Check your entries and send them again.";

const HAS_SECRETS: &str = "A client with a secret is confidential. Delete its secrets first; then it can be made public. Nothing has been saved yet.";

/// What besides the client is on the page.
#[derive(Default)]
pub(super) struct Remarks<'a> {
    problem: Option<&'a str>,
    conflict: Vec<Differing>,
    pub(super) icon_problem: Option<&'a str>,
}

/// What else there is to know of it.
struct Facts {
    kind: Kind,
    has_icon: bool,
}

/// The client as it is.
pub(super) async fn show(console: &Console<'_>) -> Answer {
    let client = present(console).await?;
    let form = client.profile.to_draft().into();
    page(console, StatusCode::OK, &client, form, Remarks::default()).await
}

/// The client that the path names, as it is now.
pub(super) async fn present(console: &Console<'_>) -> Result<Client, Stop> {
    let named = console.client()?;
    Ok(console.manage().read_client(console.administrator()?, named).await?)
}

/// The filled-in form.
pub(super) async fn save(console: &Console<'_>, fields: &Parameters) -> Answer {
    let client = present(console).await?;
    let form = ClientForm::read(fields);
    let change = ClientChange {
        fields: form.patch(),
        precondition: as_shown(client.uid, fields),
        ..ClientChange::default()
    };
    let saved = console
        .manage()
        .replace_client(
            console.administrator()?,
            ClientRef::Uid(client.uid),
            change,
            &console.context(),
        )
        .await;
    match saved {
        Ok(client) => Ok(console.goes_to(&path_of(&client), Notice::Saved)),
        Err(ManagementError::InvalidClient(error)) => {
            let version = started_from(fields).unwrap_or(client.revision);
            let shown = Client {
                revision: version,
                ..client
            };
            let form = form.with_problem(&error);
            page(console, StatusCode::BAD_REQUEST, &shown, form, Remarks::default()).await
        }
        Err(ManagementError::Stale) => changed_meanwhile(console, form).await,
        Err(ManagementError::Conflict(_)) => {
            let remarks = Remarks {
                problem: Some(HAS_SECRETS),
                ..Remarks::default()
            };
            page(console, StatusCode::CONFLICT, &client, form, remarks).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Both edits, and the choice between them.
async fn changed_meanwhile(console: &Console<'_>, form: ClientForm) -> Answer {
    let client = present(console).await?;
    let yours = form.patch().onto(ClientDraft::default());
    let conflict = differences(&client.profile.to_draft(), &yours);
    let remarks = Remarks {
        conflict: conflict.into_iter().map(Differing::from).collect(),
        ..Remarks::default()
    };
    if remarks.conflict.is_empty() {
        // Both want the same.
        return Ok(console.goes_to(&path_of(&client), Notice::Saved));
    }
    page(console, StatusCode::PRECONDITION_FAILED, &client, form, remarks).await
}

/// The form once more, after its token was no good.
pub(super) async fn again(console: &Console<'_>, fields: &Parameters) -> Answer {
    let client = present(console).await?;
    let shown = Client {
        revision: started_from(fields).unwrap_or(client.revision),
        ..client
    };
    let remarks = Remarks {
        problem: Some(STALE),
        ..Remarks::default()
    };
    page(
        console,
        StatusCode::FORBIDDEN,
        &shown,
        ClientForm::read(fields),
        remarks,
    )
    .await
}

fn started_from(fields: &Parameters) -> Option<i64> {
    fields.get("version").ok().flatten()?.parse().ok()
}

/// What `If-Match` is to the API: a form that does not say what it started from is never met.
fn as_shown(client: ClientUid, fields: &Parameters) -> Precondition {
    let version = started_from(fields).map(|revision| ClientVersion { client, revision });
    Precondition::OneOf(version.into_iter().collect())
}

/// On or off, whatever else has changed.
pub(super) async fn set_enabled(console: &Console<'_>, fields: &Parameters) -> Answer {
    let administrator = console.administrator()?;
    let (enabled, notice) = match fields.get("enabled").ok().flatten() {
        Some("true") => (true, Notice::Enabled),
        Some("false") => (false, Notice::Disabled),
        _ => return Err(Problem::Unreadable.into()),
    };
    let change = ClientChange {
        fields: ClientPatch::default().with("enabled", enabled),
        ..ClientChange::default()
    };
    let client = console
        .manage()
        .patch_client(administrator, console.client()?, change, &console.context())
        .await?;
    Ok(console.goes_to(&path_of(&client), notice))
}

/// The client with its own fields, and a remark about its icon.
pub(super) async fn with_icon_problem(console: &Console<'_>, status: StatusCode, problem: &str) -> Answer {
    let client = present(console).await?;
    let form = client.profile.to_draft().into();
    let remarks = Remarks {
        icon_problem: Some(problem),
        ..Remarks::default()
    };
    page(console, status, &client, form, remarks).await
}

async fn page(
    console: &Console<'_>,
    status: StatusCode,
    client: &Client,
    form: ClientForm,
    remarks: Remarks<'_>,
) -> Answer {
    let icon = console.manage().read_icon(ClientRef::Uid(client.uid)).await?;
    let facts = Facts {
        kind: kind(console, client).await?,
        has_icon: icon.is_uploaded(),
    };
    Ok(render(console, status, client, form, remarks, facts))
}

async fn kind(console: &Console<'_>, client: &Client) -> Result<Kind, Stop> {
    let named = ClientRef::Uid(client.uid);
    let secrets = console.manage().list_secrets(console.administrator()?, named).await?;
    let now = console.now();
    Ok(
        if client.profile.confidential || secrets.iter().any(|secret| secret.is_live(now)) {
            Kind::Confidential
        } else if client.profile.pkce {
            Kind::Public
        } else {
            Kind::Idle
        },
    )
}

fn render(
    console: &Console<'_>,
    status: StatusCode,
    client: &Client,
    form: ClientForm,
    remarks: Remarks<'_>,
    facts: Facts,
) -> HttpResponse {
    let path = path_of(client);
    let view = EditClientView {
        site: console.site(),
        frame: console.frame(Section::Clients),
        head: ClientHead::new(console.site(), client, Tab::Settings),
        problem: remarks.problem,
        conflict: remarks.conflict,
        icon_problem: remarks.icon_problem,
        form,
        version: client.revision,
        save: console.post(&path),
        set_enabled: console.post(&format!("{path}/enabled")),
        set_icon: console.post(&format!("{path}/icon")),
        remove_icon: console.post(&format!("{path}/icon/delete")),
        delete: console.site().path(&format!("{path}/delete")),
        kind: facts.kind,
        has_icon: facts.has_icon,
        uid: client.uid,
        source: match client.source {
            Source::Admin => None,
            Source::Template => Some("from a template"),
            Source::Dynamic => Some("by itself"),
        },
        created: Time(client.created_at),
        created_by: &client.created_by,
        updated: Time(client.updated_at),
    };
    shows_with(status, &view)
}
