use std::process::ExitCode;

use anyhow::{Context as _, bail};
use informer_oauth_application::{
    Application, ClientSort, PageRequest, RequestContext,
    manage::{ClientPatch, ClientQuery, NewClient, NewSecret, Precondition},
};
use informer_oauth_domain::{client::Client, id::ClientRef, user::ClientAdministrator};
use serde::Serialize;

use super::{client_file, client_secret};
use crate::{
    cli::{ClientCommand, CreateClient},
    config::Config,
    installation::{Installation, administrator},
    output::{Output, plain, table},
};

/// A client, in the words of the API.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    id: String,
    #[serde(rename = "client_id")]
    client_id: String,
    name: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(rename = "redirect_uri")]
    redirect_uri: Vec<String>,
    pkce: bool,
    enable_refresh_tokens: bool,
    scope: Vec<String>,
    enabled: bool,
    introspect: bool,
    resources: Vec<String>,
    confidential: bool,
    created_at: String,
    updated_at: String,
    created_by: String,
    source: &'static str,
    /// The text of a new secret: the only time it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<&Client> for Shown {
    fn from(client: &Client) -> Self {
        let draft = client.profile.to_draft();
        Self {
            id: client.uid.to_string(),
            client_id: client.client_id.to_string(),
            name: draft.name,
            description: draft.description,
            url: draft.url,
            redirect_uri: draft.redirect_uris,
            pkce: draft.pkce,
            enable_refresh_tokens: draft.refresh_tokens,
            scope: draft.scope,
            enabled: draft.enabled,
            introspect: draft.introspect,
            resources: draft.resources,
            confidential: draft.confidential,
            created_at: client.created_at.to_string(),
            updated_at: client.updated_at.to_string(),
            created_by: client.created_by.clone(),
            source: client.source.as_str(),
            secret: None,
        }
    }
}

impl Shown {
    fn text(&self) -> String {
        let flag = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let or = |text: String, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { text };
        let mut rows = vec![
            ("client_id", self.client_id.clone()),
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("description", or(self.description.clone(), "-")),
            ("url", self.url.clone().unwrap_or_else(|| "-".into())),
            ("redirect_uri", or(self.redirect_uri.join(" "), "-")),
            ("scope", or(self.scope.join(" "), "everything")),
            ("resources", or(self.resources.join(" "), "-")),
            ("PKCE", if self.pkce { "demanded" } else { "optional" }.to_owned()),
            ("confidential", flag(self.confidential)),
            ("refresh tokens", flag(self.enable_refresh_tokens)),
            ("introspects all", flag(self.introspect)),
            ("enabled", flag(self.enabled)),
            (
                "created",
                format!("{} by {} ({})", self.created_at, self.created_by, self.source),
            ),
            ("updated", self.updated_at.clone()),
        ];
        if let Some(secret) = &self.secret {
            rows.push(("secret", format!("{secret}  (shown this once)")));
        }
        rows.into_iter()
            .map(|(name, value)| format!("{name:15}  {}\n", plain(&value)))
            .collect::<Vec<_>>()
            .concat()
    }
}

#[derive(Serialize)]
struct Deleted {
    deleted: String,
}

pub(crate) async fn run(config: &Config, command: ClientCommand, out: Output) -> anyhow::Result<ExitCode> {
    // A file that cannot be read is told before anything is opened.
    let file = match &command {
        ClientCommand::Apply { file, .. } => client_file::read(file)?,
        _ => Vec::new(),
    };
    let installation = Installation::open(config).await?;
    let result = carry_out(&installation.app, command, file, out).await;
    installation.close_after_command().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn carry_out(
    app: &Application,
    command: ClientCommand,
    file: Vec<client_file::Described>,
    out: Output,
) -> anyhow::Result<()> {
    let admin = administrator();
    match command {
        ClientCommand::List { query } => {
            let clients: Vec<Shown> = all(app, &admin, query).await?.iter().map(Shown::from).collect();
            out.print(&clients, |clients| {
                table(
                    ["client_id", "name", "enabled", "scope", "redirect_uri"],
                    clients.iter().map(|client| {
                        let enabled = if client.enabled { "yes" } else { "no" }.to_owned();
                        let scope = client.scope.join(" ");
                        let scope = if scope.is_empty() {
                            "everything".to_owned()
                        } else {
                            scope
                        };
                        [
                            client.client_id.clone(),
                            client.name.clone(),
                            enabled,
                            scope,
                            client.redirect_uri.join(" "),
                        ]
                    }),
                )
            })
        }
        ClientCommand::Show { client } => out.print(&Shown::from(&find(app, &admin, &client).await?), Shown::text),
        ClientCommand::Create(new) => {
            let client = create(app, &admin, &new).await?;
            let mut shown = Shown::from(&client);
            if new.with_secret {
                let reference = ClientRef::Uid(client.uid);
                let created = app
                    .manage
                    .create_secret(
                        &admin,
                        reference,
                        NewSecret::default(),
                        &RequestContext::local(app.now()),
                    )
                    .await?;
                shown.secret = Some(created.text.secret().expose().to_owned());
            }
            if shown.secret.is_none() {
                return out.print(&shown, Shown::text);
            }
            out.print_once(&shown, Shown::text).with_context(|| {
                let client = &shown.client_id;
                format!("the secret could not be printed; make another with `client secret add {client}`")
            })
        }
        ClientCommand::Apply { dry_run, .. } => client_file::apply(app, &admin, file, dry_run, out).await,
        ClientCommand::Delete { client } => {
            let client = find(app, &admin, &client).await?;
            let reference = ClientRef::Uid(client.uid);
            app.manage
                .delete_client(
                    admin.as_superuser(),
                    reference,
                    &Precondition::None,
                    &RequestContext::local(app.now()),
                )
                .await?;
            let deleted = Deleted {
                deleted: client.client_id.to_string(),
            };
            out.print(&deleted, |deleted| {
                format!("deleted {} ({})", deleted.deleted, plain(&client.profile.name))
            })
        }
        ClientCommand::Secret(command) => client_secret::run(app, &admin, command, out).await,
    }
}

async fn create(app: &Application, admin: &ClientAdministrator, new: &CreateClient) -> anyhow::Result<Client> {
    // With a template, what was not said stays as the template has it.
    let given = |is: bool| is.then_some(true);
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let fields = ClientPatch {
        name: new.name.clone(),
        description: new.description.clone(),
        url: new.url.clone(),
        redirect_uris: some(&new.redirect_uris),
        pkce: new.no_pkce.then_some(false),
        refresh_tokens: given(new.refresh_tokens),
        scope: some(&new.scope),
        enabled: new.disabled.then_some(false),
        introspect: given(new.introspect),
        resources: some(&new.resources),
        confidential: given(new.confidential || new.with_secret),
    };
    let new = NewClient {
        template: new.template.clone(),
        fields,
        ..NewClient::default()
    };
    Ok(app
        .manage
        .create_client(admin, new, &RequestContext::local(app.now()))
        .await?)
}

/// The client that a person means by its `client_id`, id or exact name.
pub(super) async fn find(app: &Application, admin: &ClientAdministrator, named: &str) -> anyhow::Result<Client> {
    match app.manage.find_client(admin, named).await? {
        Some(client) => Ok(client),
        None => bail!("there is no client {named:?}; `informer-oauth client list` shows them all"),
    }
}

async fn all(app: &Application, admin: &ClientAdministrator, text: Option<String>) -> anyhow::Result<Vec<Client>> {
    let mut query = ClientQuery {
        text,
        sort: ClientSort::Name,
        descending: false,
        page: PageRequest { start: 0, limit: 200 },
    };
    let mut clients = Vec::new();
    loop {
        let page = app.manage.list_clients(admin, &query).await?;
        let is_last = page.items.is_empty();
        clients.extend(page.items);
        query.page.start = clients.len() as u64;
        if is_last || query.page.start >= page.total {
            return Ok(clients);
        }
    }
}
