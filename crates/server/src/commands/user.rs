use std::process::ExitCode;

use anyhow::Context as _;
use informer_oauth_application::{Application, PageRequest, users::NewUser};
use informer_oauth_domain::user::{LocalUser, Superuser};
use serde::Serialize;

use super::password::{self, Password};
use crate::{
    cli::UserCommand,
    config::Config,
    installation::{Installation, superuser},
    output::{Misuse, Output, plain, table},
};

/// A user, as commands show one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    username: String,
    display_name: String,
    superuser: bool,
    locked: bool,
    created_at: String,
    updated_at: String,
}

impl From<LocalUser> for Shown {
    fn from(user: LocalUser) -> Self {
        Self {
            username: user.username,
            display_name: user.display_name,
            superuser: user.superuser,
            locked: user.locked,
            created_at: user.created_at.to_string(),
            updated_at: user.updated_at.to_string(),
        }
    }
}

/// What was done to a user.
#[derive(Serialize)]
struct Done {
    username: String,
    change: &'static str,
    /// The drawn password: the only time it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl Done {
    fn new(username: String, change: &'static str) -> Self {
        Self {
            username,
            change,
            password: None,
        }
    }

    fn with(self, password: &Password) -> Self {
        Self {
            password: password.drawn.then(|| password.secret.expose().to_owned()),
            ..self
        }
    }

    fn print(&self, out: Output) -> anyhow::Result<()> {
        if self.password.is_none() {
            return out.print(self, Self::text);
        }
        out.print_once(self, Self::text).with_context(|| {
            let username = &self.username;
            format!("the password could not be printed; set another with `user password {username}`")
        })
    }

    fn text(&self) -> String {
        let mut text = format!("{} {}\n", self.username, self.change);
        if let Some(password) = &self.password {
            text.push_str("This password is shown this once:\npassword: ");
            text.push_str(password);
        }
        text
    }
}

pub(crate) async fn run(config: &Config, command: UserCommand, out: Output) -> anyhow::Result<ExitCode> {
    if config.identity.is_informer() {
        let said = "users are Informer's (identity.kind is informer): add, lock and list them there";
        return Err(Misuse(said.into()).into());
    }
    let installation = Installation::open(config).await?;
    let result = carry_out(&installation.app, command, out).await;
    installation.close_after_command().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn carry_out(app: &Application, command: UserCommand, out: Output) -> anyhow::Result<()> {
    let by = superuser();
    let now = app.now();
    match command {
        UserCommand::List => {
            let users: Vec<Shown> = all(app, &by).await?.into_iter().map(Shown::from).collect();
            out.print(&users, |users| {
                table(
                    ["username", "display name", "superuser", "locked", "created"],
                    users.iter().map(|user| {
                        let flag = |is: bool| if is { "yes" } else { "no" }.to_owned();
                        let name = plain(&user.display_name);
                        [
                            user.username.clone(),
                            name,
                            flag(user.superuser),
                            flag(user.locked),
                            user.created_at.clone(),
                        ]
                    }),
                )
            })
        }
        UserCommand::Add {
            username,
            display_name,
            superuser,
            password,
        } => {
            let password = password::obtain(password).await?;
            let user = NewUser {
                username: username.clone(),
                display_name,
                password: password.secret.clone(),
                superuser,
            };
            app.users.add(&by, user, now).await?;
            Done::new(username, "was added").with(&password).print(out)
        }
        UserCommand::Password { username, password } => {
            let password = password::obtain(password).await?;
            app.users.set_password(&by, &username, &password.secret, now).await?;
            Done::new(username, "has a new password").with(&password).print(out)
        }
        UserCommand::Lock { username } => {
            app.users.set_locked(&by, &username, true, now).await?;
            out.print(&Done::new(username, "is locked"), Done::text)
        }
        UserCommand::Unlock { username } => {
            app.users.set_locked(&by, &username, false, now).await?;
            out.print(&Done::new(username, "is no longer locked"), Done::text)
        }
    }
}

async fn all(app: &Application, by: &Superuser) -> anyhow::Result<Vec<LocalUser>> {
    let mut users = Vec::new();
    loop {
        let page = app
            .users
            .list(
                by,
                PageRequest {
                    start: users.len() as u64,
                    limit: 200,
                },
            )
            .await?;
        let is_last = page.items.is_empty();
        users.extend(page.items);
        if is_last || users.len() as u64 >= page.total {
            return Ok(users);
        }
    }
}
