use std::process::ExitCode;

use anyhow::Context as _;
use informer_oauth_application::{
    Application, ClientSort, PageRequest, RequestContext,
    manage::{ClientPatch, ClientQuery, NewClient, NewSecret, Precondition},
};
use informer_oauth_domain::{
    client::{Client, ClientDraft},
    id::ClientRef,
    user::ClientAdministrator,
};
use serde::Serialize;
use serde_json::Value;

use super::{client_file, client_secret, find_client::find};
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
    #[serde(flatten)]
    fields: ClientDraft,
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
        Self {
            id: client.uid.to_string(),
            client_id: client.client_id.to_string(),
            fields: client.profile.to_draft(),
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
        let shown = |field: &str, value: String| match (field, value.as_str()) {
            ("scope", "") => "everything".to_owned(),
            (_, "") => "-".to_owned(),
            _ => value,
        };
        let mut rows = vec![("client_id", self.client_id.clone()), ("id", self.id.clone())];
        rows.extend(self.fields.fields().map(|(field, value)| (field, shown(field, value))));
        rows.push((
            "created",
            format!("{} by {} ({})", self.created_at, self.created_by, self.source),
        ));
        rows.push(("updated", self.updated_at.clone()));
        if let Some(secret) = &self.secret {
            rows.push(("secret", format!("{secret}  (shown this once)")));
        }
        rows.into_iter()
            .map(|(name, value)| format!("{name:19}  {}\n", plain(&value)))
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
                        let enabled = if client.fields.enabled { "yes" } else { "no" }.to_owned();
                        let scope = client.fields.scope.join(" ");
                        let scope = if scope.is_empty() {
                            "everything".to_owned()
                        } else {
                            scope
                        };
                        [
                            client.client_id.clone(),
                            client.fields.name.clone(),
                            enabled,
                            scope,
                            client.fields.redirect_uris.join(" "),
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
    // An option that was not given leaves the field as the template has it.
    let given = |is: bool, value: bool| is.then(|| Value::from(value));
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let list = |list: &[String]| (!list.is_empty()).then(|| Value::from(list));
    let options = [
        ("name", text(&new.name)),
        ("description", text(&new.description)),
        ("url", text(&new.url)),
        ("redirect_uri", list(&new.redirect_uris)),
        ("pkce", given(new.no_pkce, false)),
        ("enableRefreshTokens", given(new.refresh_tokens, true)),
        ("scope", list(&new.scope)),
        ("enabled", given(new.disabled, false)),
        ("introspect", given(new.introspect, true)),
        ("resources", list(&new.resources)),
        ("confidential", given(new.confidential || new.with_secret, true)),
    ];
    let given = options.into_iter().filter_map(|(field, value)| Some((field, value?)));
    let fields = given.fold(ClientPatch::default(), |patch, (field, value)| patch.with(field, value));
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
