use std::{process::ExitCode, time::Duration};

use informer_oauth_application::{RequestContext, audit_trail::About};
use informer_oauth_crypto::KeyAdvance;
use informer_oauth_domain::audit::EventKind;
use informer_oauth_ports::{KeyPurpose, KeyState, SealedKey};
use serde::Serialize;

use crate::{
    cli::{KeysCommand, Purpose},
    commands::confirm::confirm,
    config::Config,
    installation::{Installation, superuser},
    output::{Output, table},
    serve::PUBLISHED_FOR,
};

/// A signing key, without the key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    kid: String,
    purpose: &'static str,
    state: &'static str,
    created_at: String,
    /// Since when it signs, or signs no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl From<SealedKey> for Shown {
    fn from(key: SealedKey) -> Self {
        let (state, since) = match key.state {
            KeyState::Next => ("next", None),
            KeyState::Current { since } => ("current", Some(since)),
            KeyState::Retired { at } => ("retired", Some(at)),
        };
        Self {
            kid: key.kid,
            purpose: key.purpose.as_str(),
            state,
            created_at: key.created_at.to_string(),
            since: since.map(|at| at.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Reencrypted {
    /// How many keys were encrypted with another key than the configured one.
    reencrypted: usize,
}

#[derive(Serialize)]
struct Rotated {
    purpose: &'static str,
    /// Whether this command rotated; if not, another process did at the same moment.
    rotated: bool,
}

pub(crate) async fn run(config: &Config, command: KeysCommand, out: Output) -> anyhow::Result<ExitCode> {
    let installation = Installation::open(config).await?;
    let result = carry_out(&installation, command, out).await;
    installation.close_after_command().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn carry_out(installation: &Installation, command: KeysCommand, out: Output) -> anyhow::Result<()> {
    match command {
        KeysCommand::List => {
            let stored = installation.stores.durable().keys.list().await?;
            let keys: Vec<Shown> = stored.into_iter().map(Shown::from).collect();
            out.print(&keys, |keys| {
                table(
                    ["kid", "purpose", "state", "created", "since"],
                    keys.iter().map(|key| {
                        let since = key.since.clone().unwrap_or_else(|| "-".into());
                        [
                            key.kid.clone(),
                            key.purpose.into(),
                            key.state.into(),
                            key.created_at.clone(),
                            since,
                        ]
                    }),
                )
            })
        }
        KeysCommand::Reencrypt => {
            let reencrypted = installation.keys.reencrypt().await?;
            out.print(&Reencrypted { reencrypted }, |done| match done.reencrypted {
                0 => "every signing key is encrypted with the configured key already".into(),
                count => format!("encrypted {count} signing keys with the configured key"),
            })
        }
        KeysCommand::Rotate { purpose, force, yes } => {
            let purposes: &[KeyPurpose] = match purpose {
                None => &KeyPurpose::ALL,
                Some(Purpose::Access) => &[KeyPurpose::Access],
                Some(Purpose::Refresh) => &[KeyPurpose::Refresh],
            };
            let names: Vec<&str> = purposes.iter().map(|purpose| purpose.as_str()).collect();
            let names = names.join(" and ");
            if !yes
                && !confirm(&format!(
                    "Let the next {names} key sign from now on, for every running service?"
                ))?
            {
                anyhow::bail!("nothing was changed");
            }
            let published_for = if force { Duration::ZERO } else { PUBLISHED_FOR };
            let mut done = Vec::new();
            for &purpose in purposes {
                let now = installation.app.now();
                let rotated = match installation.keys.rotate(purpose, published_for, now).await? {
                    KeyAdvance::Rotated => true,
                    KeyAdvance::Lost => false,
                    KeyAdvance::TooNew { kid, ready_at } => anyhow::bail!(
                        "verifiers may not know the next {} key {kid} yet, since they keep the key set for 5 minutes: try again after \
                         {ready_at}, or use --force if the current key has leaked",
                        purpose.as_str()
                    ),
                };
                if rotated {
                    let about = About {
                        actor: Some(superuser().username().to_owned()),
                        target: Some(purpose.as_str().to_owned()),
                        ..About::default()
                    };
                    installation
                        .app
                        .audit
                        .record(EventKind::KeysRotated, about, &RequestContext::local(now))
                        .await;
                }
                done.push(Rotated {
                    purpose: purpose.as_str(),
                    rotated,
                });
            }
            out.print(&done, |done| {
                let say = |one: &Rotated| {
                    let purpose = one.purpose;
                    if one.rotated {
                        format!("the next {purpose} key signs from now on; running services follow within a minute\n")
                    } else {
                        format!("another process rotated the {purpose} keys at this moment\n")
                    }
                };
                done.iter().map(say).collect()
            })
        }
    }
}
