//! The list of clients.

use askama::Template;
use informer_oauth_application::{ClientSort, Page, manage::ClientQuery};
use informer_oauth_domain::{client::Client, user::ClientAdministrator};

use super::{
    console::{Console, shows},
    frame::{Frame, Section, icon_of, path_of},
    pager::{Pager, part},
    stop::Answer,
    words::Time,
};
use crate::{site::Site, views::Switch};

const PATH: &str = "/oauth/admin/clients";

/// The orders that the list can have, by the names that the API has for them.
const SORTS: [(&str, &str, ClientSort, bool); 5] = [
    ("name", "Name", ClientSort::Name, false),
    ("-name", "Name, from the end", ClientSort::Name, true),
    ("-createdAt", "Newest first", ClientSort::CreatedAt, true),
    ("createdAt", "Oldest first", ClientSort::CreatedAt, false),
    ("-updatedAt", "Last changed first", ClientSort::UpdatedAt, true),
];

/// A line of the list.
pub(super) struct ClientLine {
    pub(super) name: String,
    pub(super) client_id: String,
    pub(super) icon: String,
    pub(super) enabled: bool,
    pub(super) updated: Time,
    /// Where its name leads.
    pub(super) href: String,
}

impl ClientLine {
    pub(super) fn new(site: &Site, client: Client, below: &str) -> Self {
        Self {
            href: site.path(&format!("{}{below}", path_of(&client))),
            client_id: client.client_id.to_string(),
            icon: icon_of(site, &client),
            enabled: client.profile.enabled,
            updated: Time(client.updated_at),
            name: client.profile.name,
        }
    }
}

/// A choice of a list.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) chosen: bool,
}

#[derive(Template)]
#[template(path = "admin/clients.html")]
pub(super) struct ClientsView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    pub(super) search: &'a str,
    pub(super) sorts: Vec<Choice>,
    pub(super) clients: Vec<ClientLine>,
    pub(super) total: u64,
    pub(super) pager: Option<Pager>,
}

/// What a superuser may see without the feature: enough to delete.
#[derive(Template)]
#[template(path = "admin/clients_to_delete.html")]
pub(super) struct ClientsToDeleteView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    pub(super) clients: Vec<ClientLine>,
}

/// The list, searched and sorted.
pub(super) async fn list(console: &Console<'_>) -> Answer {
    match console.if_administrator() {
        Some(administrator) => list_all(console, administrator).await,
        None => list_to_delete(console).await,
    }
}

async fn list_all(console: &Console<'_>, administrator: &ClientAdministrator) -> Answer {
    let search = console.asked("q").unwrap_or_default();
    let named = console.asked("sort").unwrap_or_default();
    let first = SORTS[0];
    let (name, _, sort, descending) = SORTS.into_iter().find(|sort| sort.0 == named).unwrap_or(first);
    let wanted = ClientQuery {
        text: Some(search.to_owned()),
        sort,
        descending,
        page: part(console),
    };
    let Page { items, total } = console.manage().list_clients(administrator, &wanted).await?;
    let pager = Pager::new(console, PATH, wanted.page, items.len(), total);
    let sorts = SORTS.into_iter().map(|(value, label, ..)| Choice {
        value,
        label,
        chosen: value == name,
    });
    Ok(shows(&ClientsView {
        site: console.site(),
        frame: console.frame(Section::Clients),
        search,
        sorts: sorts.collect(),
        clients: lines(console, items, ""),
        total,
        pager,
    }))
}

async fn list_to_delete(console: &Console<'_>) -> Answer {
    let clients = console.manage().list_for_users(console.user()).await?;
    Ok(shows(&ClientsToDeleteView {
        site: console.site(),
        frame: console.frame(Section::Clients),
        clients: lines(console, clients, "/delete"),
    }))
}

fn lines(console: &Console<'_>, clients: Vec<Client>, below: &str) -> Vec<ClientLine> {
    clients
        .into_iter()
        .map(|client| ClientLine::new(console.site(), client, below))
        .collect()
}
