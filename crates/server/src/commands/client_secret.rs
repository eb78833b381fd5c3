use std::time::Duration;

use informer_oauth_application::{Application, RequestContext, manage::NewSecret};
use informer_oauth_domain::{
    client_secret::{ClientSecret, SecretLabel},
    id::{ClientRef, SecretUid},
    timestamp::Timestamp,
    user::ClientAdministrator,
};
use serde::Serialize;

use super::find_client::find;
use crate::{
    cli::SecretCommand,
    output::{Misuse, Output, table},
};

/// A secret, in the words of the API.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: String,
    hint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// The text of a new secret: the only time it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<&ClientSecret> for Shown {
    fn from(secret: &ClientSecret) -> Self {
        Self {
            id: secret.uid.to_string(),
            hint: secret.hint.clone(),
            label: secret.label.as_ref().map(ToString::to_string),
            created_at: secret.created_at.to_string(),
            expires_at: secret.expires_at.map(|at| at.to_string()),
            last_used_at: secret.last_used_at.map(|at| at.to_string()),
            secret: None,
        }
    }
}

#[derive(Serialize)]
struct Removed {
    removed: String,
}

pub(super) async fn run(
    app: &Application,
    admin: &ClientAdministrator,
    command: SecretCommand,
    out: Output,
) -> anyhow::Result<()> {
    match command {
        SecretCommand::Add {
            client,
            label,
            expires_at,
            expire_others_in,
        } => {
            // Without the text itself, which may be a secret.
            let label = label
                .map(|text| SecretLabel::parse(&text).map_err(|error| Misuse(format!("--label: {error}"))))
                .transpose()?;
            let expires_at = expires_at
                .map(|text| {
                    Timestamp::parse(&text).map_err(|error| Misuse(format!("--expires-at: {text:?} is {error}")))
                })
                .transpose()?;
            let client = ClientRef::Uid(find(app, admin, &client).await?.uid);
            let new = NewSecret {
                label,
                expires_at,
                expire_others_in: expire_others_in.map(Duration::from_secs),
            };
            let created = app
                .manage
                .create_secret(admin, client, new, &RequestContext::local(app.now()))
                .await?;
            let mut shown = Shown::from(&created.secret);
            shown.secret = Some(created.text.secret().expose().to_owned());
            let printed = out.print_once(&shown, |shown| {
                let secret = shown.secret.as_deref().unwrap_or_default();
                format!("id: {}\nThis secret is shown this once:\nsecret: {secret}", shown.id)
            });
            if let Err(error) = printed {
                let context = RequestContext::local(app.now());
                app.manage
                    .delete_secret(admin, client, created.secret.uid, &context)
                    .await?;
                return Err(error.context("the new secret could not be printed, so it was removed again"));
            }
            Ok(())
        }
        SecretCommand::List { client } => {
            let client = ClientRef::Uid(find(app, admin, &client).await?.uid);
            let secrets = app.manage.list_secrets(admin, client).await?;
            let secrets: Vec<Shown> = secrets.iter().map(Shown::from).collect();
            out.print(&secrets, |secrets| {
                let or = |text: &Option<String>, otherwise: &str| text.clone().unwrap_or_else(|| otherwise.to_owned());
                table(
                    ["id", "hint", "label", "created", "expires", "last used"],
                    secrets.iter().map(|secret| {
                        let (expires, used) = (or(&secret.expires_at, "never"), or(&secret.last_used_at, "never"));
                        [
                            secret.id.clone(),
                            secret.hint.clone(),
                            or(&secret.label, "-"),
                            secret.created_at.clone(),
                            expires,
                            used,
                        ]
                    }),
                )
            })
        }
        SecretCommand::Remove { client, secret } => {
            let client = ClientRef::Uid(find(app, admin, &client).await?.uid);
            let uid: SecretUid = secret
                .parse()
                .map_err(|_| Misuse(format!("{secret:?} is no secret's id; `client secret list` shows them")))?;
            app.manage
                .delete_secret(admin, client, uid, &RequestContext::local(app.now()))
                .await?;
            out.print(&Removed { removed: secret }, |removed| {
                format!("removed {}", removed.removed)
            })
        }
    }
}
