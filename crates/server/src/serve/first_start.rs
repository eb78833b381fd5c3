//! What the first start makes: the built-in clients and somebody who can sign in.

use informer_oauth_application::{Application, PageRequest, error::ManagementError, manage::NewClient, users::NewUser};
use informer_oauth_crypto::SystemEntropy;
use informer_oauth_domain::{
    secret::Secret,
    template::built_in_templates,
    user::{ClientAdministrator, Superuser},
};
use informer_oauth_ports::Entropy as _;

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
/// next one. Of processes that do so at once, one makes the user.
pub(super) async fn run(app: &Application, config: &Config) -> anyhow::Result<Option<Administrator>> {
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
        let administrator = ClientAdministrator::at_command_line(ACTOR);
        for template in built_in_templates() {
            let new = NewClient {
                template: Some(template.name.to_owned()),
                ..NewClient::default()
            };
            match app.manage.create_client(&administrator, new, None, now).await {
                Ok(_) | Err(ManagementError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
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
