//! Token records: by the client that has them or the user who granted them; ended one by one or all at once.

use std::collections::BTreeMap;

use askama::Template;
use informer_oauth_application::Page;
use informer_oauth_domain::{
    id::{ClientRef, ClientUid, TokenRecordId},
    parameters::Parameters,
    token_record::TokenRecord,
};

use super::{
    client::present,
    console::{Console, Post, shows},
    frame::{ClientHead, Frame, Notice, Section, Tab, path_of},
    pager::{Pager, part},
    stop::Answer,
    words::Time,
};
use crate::{problem::Problem, site::Site, views::Switch};

const USERS: &str = "/oauth/admin/tokens";

/// A line of the list: a grant of access.
pub(super) struct TokenLine {
    pub(super) id: String,
    pub(super) username: String,
    /// What the client is called; nothing on the client's own page.
    pub(super) client: Option<ClientLink>,
    pub(super) scope: String,
    pub(super) created: Time,
    pub(super) last_used: Option<Time>,
    pub(super) expires: Option<Time>,
    /// What revoking it needs to know.
    pub(super) value: String,
}

/// A client by name, with its page.
pub(super) struct ClientLink {
    pub(super) name: String,
    pub(super) href: String,
}

impl TokenLine {
    fn new(record: TokenRecord, client: Option<ClientLink>) -> Self {
        Self {
            id: record.id.to_string(),
            value: format!("{}.{}", record.client, record.id),
            username: record.username,
            client,
            scope: record.scope.to_string(),
            created: Time(record.created_at),
            last_used: record.last_used_at.map(Time),
            expires: record.expires_at.map(Time),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/tokens.html")]
pub(super) struct TokensView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    /// The client, on its own page.
    pub(super) head: Option<ClientHead>,
    /// Where the search goes.
    pub(super) path: String,
    pub(super) username: &'a str,
    /// Whether there is a list, not only the question whose.
    pub(super) listed: bool,
    pub(super) tokens: Vec<TokenLine>,
    pub(super) total: u64,
    pub(super) revoke: Post,
    pub(super) pager: Option<Pager>,
}

/// Who granted access to a client.
pub(super) async fn of_client(console: &Console<'_>) -> Answer {
    let client = present(console).await?;
    let username = console.asked("username");
    let asked = part(console);
    let Page { items, total } = console
        .manage()
        .list_tokens(
            console.administrator()?,
            ClientRef::Uid(client.uid),
            username.map(str::to_owned),
            asked,
            console.now(),
        )
        .await?;
    let path = format!("{}/tokens", path_of(&client));
    let pager = Pager::new(console, &path, asked, items.len(), total);
    Ok(shows(&TokensView {
        site: console.site(),
        frame: console.frame(Section::Clients),
        head: Some(ClientHead::new(console.site(), &client, Tab::Tokens)),
        username: username.unwrap_or_default(),
        listed: true,
        tokens: items.into_iter().map(|record| TokenLine::new(record, None)).collect(),
        total,
        revoke: console.post(&format!("{path}/revoke")),
        path: console.site().path(&path),
        pager,
    }))
}

/// Which clients a user granted access.
pub(super) async fn of_user(console: &Console<'_>) -> Answer {
    let administrator = console.administrator()?;
    let username = console.asked("username").unwrap_or_default().trim();
    let asked = part(console);
    let Page { items, total } = if username.is_empty() {
        Page {
            items: Vec::new(),
            total: 0,
        }
    } else {
        console
            .manage()
            .list_user_tokens(administrator, username.to_owned(), asked, console.now())
            .await?
    };
    let clients = items.iter().map(|record| record.client);
    let names = console
        .manage()
        .client_names(&console.superuser, clients.collect::<Vec<_>>())
        .await?;
    let pager = Pager::new(console, USERS, asked, items.len(), total);
    let line = |record: TokenRecord| {
        let link = link(console.site(), &names, record.client);
        TokenLine::new(record, Some(link))
    };
    Ok(shows(&TokensView {
        site: console.site(),
        frame: console.frame(Section::Tokens),
        head: None,
        path: console.site().path(USERS),
        username,
        listed: !username.is_empty(),
        tokens: items.into_iter().map(line).collect(),
        total,
        revoke: console.post(&format!("{USERS}/revoke")),
        pager,
    }))
}

/// A client's name and page; where it is gone, the end of its id and what is known of it.
pub(super) fn link(site: &Site, names: &BTreeMap<ClientUid, String>, client: ClientUid) -> ClientLink {
    if let Some(name) = names.get(&client) {
        return ClientLink {
            name: name.clone(),
            href: site.path(&format!("/oauth/admin/clients/{client}")),
        };
    }
    let id = client.to_string();
    ClientLink {
        name: format!("…{} (deleted)", id.rsplit('-').next().unwrap_or(&id)),
        href: site.path(&format!("/oauth/admin/events?client={id}")),
    }
}

/// What a form asks to be ended.
enum Revocation {
    One(ClientUid, TokenRecordId),
    All,
}

impl Revocation {
    fn read(fields: &Parameters) -> Result<Self, Problem> {
        match fields.get("token").ok().flatten() {
            Some("all") => Ok(Self::All),
            Some(named) => named
                .split_once('.')
                .and_then(|(client, token)| Some(Self::One(client.parse().ok()?, token.parse().ok()?)))
                .ok_or(Problem::Unreadable),
            // No button was pressed: nobody said what.
            None => Err(Problem::Unreadable),
        }
    }
}

/// The form around a client's list.
pub(super) async fn revoke_of_client(console: &Console<'_>, fields: &Parameters) -> Answer {
    let client = present(console).await?;
    let named = ClientRef::Uid(client.uid);
    let username = fields.get("username").ok().flatten();
    let count = match Revocation::read(fields)? {
        // Under the path's client, whatever the button says: another client's record is not found there.
        Revocation::One(_, token) => revoke_one(console, named, token).await?,
        Revocation::All => {
            console
                .manage()
                .revoke_tokens(
                    console.administrator()?,
                    named,
                    username.map(str::to_owned),
                    &console.context(),
                )
                .await?
        }
    };
    let path = format!("{}/tokens", path_of(&client));
    Ok(console.goes_to(&searched(&path, username), Notice::Revoked(count)))
}

/// The form around a user's list.
pub(super) async fn revoke_of_user(console: &Console<'_>, fields: &Parameters) -> Answer {
    let administrator = console.administrator()?;
    let username = fields.get("username").ok().flatten().ok_or(Problem::Unreadable)?;
    let count = match Revocation::read(fields)? {
        Revocation::One(client, token) => revoke_one(console, ClientRef::Uid(client), token).await?,
        Revocation::All => {
            console
                .manage()
                .revoke_user_tokens(administrator, username.to_owned(), &console.context())
                .await?
        }
    };
    Ok(console.goes_to(&searched(USERS, Some(username)), Notice::Revoked(count)))
}

async fn revoke_one(console: &Console<'_>, client: ClientRef, token: TokenRecordId) -> Result<u64, super::stop::Stop> {
    console
        .manage()
        .revoke_token(console.administrator()?, client, token, &console.context())
        .await?;
    Ok(1)
}

fn searched(path: &str, username: Option<&str>) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    username.map_or_else(
        || path.to_owned(),
        |username| format!("{path}?username={}", encoded(username)),
    )
}
