//! Secrets that a file of clients refers to: it names a file or an environment variable, and never holds one itself.

use std::{env, path::Path, time::Duration};

use anyhow::Context as _;
use informer_oauth_application::{
    Application,
    manage::{NewSecret, Plan},
};
use informer_oauth_domain::{
    client_secret::ClientSecretText, id::ClientRef, secret::Secret, user::ClientAdministrator,
};

use super::Entry;
use crate::{output::Misuse, text};

/// A secret that a client shall have.
#[derive(Clone, Debug)]
pub(super) struct GivenSecret {
    /// Its text.
    pub(super) text: ClientSecretText,
    /// What happens when it is added.
    pub(super) terms: NewSecret,
}

/// Reads the secret that an entry refers to, if it refers to one. A relative file is beside the file of clients.
pub(super) fn read(entry: &Entry, folder: &Path) -> anyhow::Result<Option<GivenSecret>> {
    let (place, text) = match (&entry.secret_file, &entry.secret_env) {
        (None, None) if entry.expire_others_in.is_some() => {
            return Err(Misuse(
                "expireOthersIn says what a new secret does: name one by secretFile or secretEnv".into(),
            )
            .into());
        }
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(Misuse("secretFile and secretEnv are both given: use one of them".into()).into());
        }
        (Some(path), None) => {
            let path = folder.join(path);
            let place = format!("secretFile {}", path.display());
            let text = text::read(&path).with_context(|| format!("{place} cannot be read"))?;
            (place, Secret::new(text))
        }
        (None, Some(name)) => {
            let place = format!("secretEnv {name}");
            // Its value may be a secret even when it is no text: the error would quote it.
            let Some(text) = env::var_os(name).and_then(|value| value.into_string().ok()) else {
                return Err(Misuse(format!("{place} is not set, or is no text")).into());
            };
            (place, Secret::new(text))
        }
    };
    // Editors and `echo` end a line; nothing else is taken away, so that what the client presents is what stands there.
    let line = text.expose();
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let text = ClientSecretText::given(line).map_err(|why| Misuse(format!("{place}: {why}")))?;
    let terms = NewSecret {
        expire_others_in: entry.expire_others_in.map(Duration::from_secs),
        ..NewSecret::default()
    };
    Ok(Some(GivenSecret { text, terms }))
}

/// The secret, if the client of this plan does not have it.
pub(super) async fn missing(
    app: &Application,
    admin: &ClientAdministrator,
    plan: &Plan,
    secret: Option<GivenSecret>,
) -> anyhow::Result<Option<GivenSecret>> {
    let (Some(secret), Plan::Change { client, .. } | Plan::Nothing(client)) = (&secret, plan) else {
        return Ok(secret);
    };
    let client = ClientRef::Uid(client.uid);
    let found = app.manage.find_secret(admin, client, &secret.text, app.now()).await?;
    Ok(found.is_none().then_some(secret).cloned())
}
