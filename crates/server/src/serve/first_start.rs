//! What the first start makes: the built-in clients and somebody who can sign in.

use informer_oauth_application::{
    Application, PageRequest, RequestContext,
    error::ManagementError,
    manage::{ClientQuery, NewClient},
    users::NewUser,
};
use informer_oauth_crypto::SystemEntropy;
use informer_oauth_domain::{
    secret::Secret,
    template::built_in_templates,
    user::{ClientAdministrator, Superuser},
};
use informer_oauth_ports::{ClientSort, Entropy as _};

use crate::config::{Config, Hidden};

/// Who did it, as the audit log shows it.
const ACTOR: &str = "first start";

/// How long a drawn password is: 119 bits.
const PASSWORD_CHARACTERS: usize = 20;

/// The first administrator.
pub(super) struct Administrator {
    pub(super) username: String,
    /// The password, if it was drawn and is to be shown.
    pub(super) drawn: Option<Secret>,
}

/// Does its work while there is no user; the user is made last, so that a start that was cut short is made good by the
/// next one. Of processes that do so at once, one makes the user. Where users are Informer's, none is made, and a start is a
/// first one while there is no client.
pub(super) async fn run(app: &Application, config: &Config) -> anyhow::Result<Option<Administrator>> {
    if config.identity.is_informer() {
        if config.registers_builtin_clients() && !has_clients(app).await? {
            register_builtin_clients(app).await?;
        }
        return Ok(None);
    }
    let superuser = Superuser::at_command_line(ACTOR);
    if app
        .users
        .list(&superuser, PageRequest { start: 0, limit: 1 })
        .await?
        .total
        > 0
    {
        return Ok(None);
    }
    let now = app.now();
    if config.registers_builtin_clients() {
        register_builtin_clients(app).await?;
    }
    let configured = config.bootstrap.admin_password.as_ref().map(Hidden::secret).cloned();
    let drawn = configured
        .is_none()
        .then(|| Secret::new(SystemEntropy.base62(PASSWORD_CHARACTERS)));
    let username = config.bootstrap.admin_username.clone();
    let Some(password) = configured.or_else(|| drawn.clone()) else {
        return Ok(None);
    };
    let user = NewUser {
        username: username.clone(),
        display_name: String::new(),
        password,
        superuser: true,
    };
    let inserted = app.users.add_first(&superuser, user, now).await?;
    Ok(inserted.then_some(Administrator { username, drawn }))
}

async fn has_clients(app: &Application) -> anyhow::Result<bool> {
    let administrator = ClientAdministrator::at_command_line(ACTOR);
    let query = ClientQuery {
        text: None,
        sort: ClientSort::Name,
        descending: false,
        page: PageRequest { start: 0, limit: 1 },
    };
    Ok(app.manage.list_clients(&administrator, &query).await?.total > 0)
}

/// Those that are there already stay as they are.
async fn register_builtin_clients(app: &Application) -> anyhow::Result<()> {
    let administrator = ClientAdministrator::at_command_line(ACTOR);
    for template in built_in_templates() {
        let new = NewClient {
            template: Some(template.name.to_owned()),
            ..NewClient::default()
        };
        match app
            .manage
            .create_client(&administrator, new, &RequestContext::local(app.now()))
            .await
        {
            Ok(_) | Err(ManagementError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
