//! The audit log, filtered by client, kind and time.

use std::collections::BTreeMap;

use askama::Template;
use informer_oauth_application::{Page, error::ManagementError, manage::EventQuery};
use informer_oauth_domain::{
    audit::{AuditEvent, EventKind},
    id::{ClientRef, ClientUid},
    timestamp::Timestamp,
    user::ClientAdministrator,
};

use super::{
    clients::Choice,
    console::{Console, shows},
    frame::{Frame, Section},
    pager::{Pager, part},
    stop::{Answer, Stop},
    tokens::{ClientLink, link},
    words::{Time, event_words, is_alarming},
};
use crate::{site::Site, views::Switch};

const PATH: &str = "/oauth/admin/events";

/// A line of the log.
pub(super) struct EventLine {
    pub(super) at: Time,
    pub(super) what: String,
    pub(super) kind: &'static str,
    pub(super) alarming: bool,
    pub(super) actor: Option<String>,
    pub(super) client: Option<ClientLink>,
    pub(super) target: Option<String>,
    pub(super) address: Option<String>,
}

impl EventLine {
    fn new(site: &Site, names: &BTreeMap<ClientUid, String>, event: AuditEvent) -> Self {
        Self {
            at: Time(event.at),
            what: event_words(event.kind),
            kind: event.kind.as_str(),
            alarming: is_alarming(event.kind),
            actor: event.actor,
            client: event.client.map(|client| link(site, names, client)),
            target: event.target,
            address: event.address.map(|address| address.to_string()),
        }
    }

    /// The lines of some events.
    pub(super) async fn list(console: &Console<'_>, events: Vec<AuditEvent>) -> Result<Vec<Self>, Stop> {
        let clients: Vec<ClientUid> = events.iter().filter_map(|event| event.client).collect();
        let names = console.manage().client_names(&console.superuser, clients).await?;
        Ok(events
            .into_iter()
            .map(|event| Self::new(console.site(), &names, event))
            .collect())
    }
}

#[derive(Template)]
#[template(path = "admin/events.html")]
pub(super) struct EventsView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    pub(super) client: &'a str,
    pub(super) client_problem: Option<&'a str>,
    pub(super) kinds: Vec<Choice>,
    pub(super) from: &'a str,
    pub(super) until: &'a str,
    /// Whether anything is left out.
    pub(super) filtered: bool,
    pub(super) events: Vec<EventLine>,
    pub(super) pager: Option<Pager>,
}

/// The log.
pub(super) async fn list(console: &Console<'_>) -> Answer {
    let administrator = console.administrator()?;
    let asked = |name| console.asked(name).unwrap_or_default().trim();
    let (client, from, until) = (asked("client"), asked("from"), asked("until"));
    let kind = EventKind::from_stored(asked("kind"));
    let mut query = EventQuery {
        kind,
        from: start_of_day(from),
        until: start_of_day(until).map(|start| start + std::time::Duration::from_secs(24 * 60 * 60)),
        client: None,
    };
    let part = part(console);
    let mut client_problem = None;
    let mut found = Page {
        items: Vec::new(),
        total: 0,
    };
    match meant(console, administrator, client).await? {
        Meant::Unclear(problem) => client_problem = Some(problem),
        Meant::Any | Meant::One(_) if !possible(&query) => {}
        Meant::Any => found = console.manage().list_events(administrator, &query, part).await?,
        Meant::One(client) => {
            query.client = Some(client);
            match console.manage().list_events(administrator, &query, part).await {
                Ok(page) => found = page,
                Err(ManagementError::NotFound(_)) => client_problem = Some(UNKNOWN),
                Err(error) => return Err(error.into()),
            }
        }
    }
    let kinds = EventKind::ALL.iter().map(|known| Choice {
        value: known.as_str(),
        label: known.as_str(),
        chosen: kind == Some(*known),
    });
    let pager = Pager::new(console, PATH, part, found.items.len(), found.total);
    Ok(shows(&EventsView {
        site: console.site(),
        frame: console.frame(Section::Events),
        client,
        client_problem,
        kinds: kinds.collect(),
        from,
        until,
        filtered: kind.is_some() || [client, from, until].iter().any(|text| !text.is_empty()),
        events: EventLine::list(console, found.items).await?,
        pager,
    }))
}

const UNKNOWN: &str = "No client has this id, client_id or name.";

/// Which client a filter means.
enum Meant<'a> {
    Any,
    One(ClientRef),
    Unclear(&'a str),
}

async fn meant<'a>(console: &Console<'_>, administrator: &ClientAdministrator, text: &str) -> Result<Meant<'a>, Stop> {
    if text.is_empty() {
        return Ok(Meant::Any);
    }
    match console.manage().find_client(administrator, text).await {
        Ok(Some(client)) => Ok(Meant::One(ClientRef::Uid(client.uid))),
        // Perhaps one that was deleted.
        Ok(None) => Ok(text.parse().map_or(Meant::Unclear(UNKNOWN), Meant::One)),
        Err(ManagementError::Conflict(_)) => Ok(Meant::Unclear("Several clients have this name: use the client_id.")),
        Err(error) => Err(error.into()),
    }
}

fn possible(query: &EventQuery) -> bool {
    query.from.zip(query.until).is_none_or(|(from, until)| from < until)
}

/// The first moment of the day that a date field names; what names none is left out.
fn start_of_day(date: &str) -> Option<Timestamp> {
    Timestamp::parse(&format!("{date}T00:00:00Z")).ok()
}
