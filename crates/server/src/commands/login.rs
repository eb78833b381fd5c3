//! `login`: signs in from a terminal and prints the token, as Informer CLI does.

mod browser;
mod callback;
mod device;
mod issuer;
mod loopback;
mod screen;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use informer_oauth_domain::scope::ScopeSet;
use tempfile::NamedTempFile;

use self::{
    issuer::{Issuer, Tokens},
    screen::{Screen, in_words},
};
use crate::{
    cli::LoginFlags,
    config::Config,
    interruption::{self, Interruption},
    output::{Misuse, Output, plain, write},
};

/// What is asked for, and as whom.
struct Ask {
    client_id: String,
    /// Separated by spaces.
    scope: Option<String>,
}

pub(crate) async fn run(config: &Config, flags: LoginFlags, out: Output) -> anyhow::Result<ExitCode> {
    let mut interruption = Interruption::listen()?;
    let issuer = config.issuer_at(config.http.listen);
    tokio::select! {
        ended = sign_in(issuer, flags, out) => ended.map(|()| ExitCode::SUCCESS),
        () = interruption.arrives() => {
            eprintln!("interrupted: nobody was signed in");
            interruption::leave()
        }
    }
}

async fn sign_in(issuer: String, flags: LoginFlags, out: Output) -> anyhow::Result<()> {
    let scope = (!flags.scope.is_empty()).then(|| flags.scope.join(" "));
    if let Some(scope) = &scope {
        scope
            .parse::<ScopeSet>()
            .map_err(|_| Misuse(format!("--scope: {scope:?} is none; there are {}", ScopeSet::ALL)))?;
    }
    if let Some(file) = &flags.save {
        // Before anybody allows anything: a token that cannot be kept is of no use.
        draft(file)?;
    }
    let ask = Ask {
        client_id: flags.client_id,
        scope,
    };
    let screen = Screen::of_standard_error();
    let issuer = Issuer::discover(issuer).await?;
    let tokens = if flags.loopback {
        loopback::sign_in(&issuer, &ask, &screen).await?
    } else {
        device::sign_in(&issuer, &ask, &screen).await?
    };
    report(&issuer, &tokens);
    match flags.save {
        Some(file) => save(&file, &tokens),
        None if out.is_json() => out.print(&tokens, |_| String::new()),
        None => Ok(write(tokens.access_token())?),
    }
}

/// What came of it, on standard error.
fn report(issuer: &Issuer, tokens: &Tokens) {
    eprintln!("Signed in at {}", issuer.name());
    if let Some(scope) = tokens.text("scope") {
        eprintln!("scope    {}", plain(scope));
    }
    let expiry = tokens.expires_in().map_or_else(
        || "never, until it is revoked".to_owned(),
        |seconds| format!("in {}", in_words(Duration::from_secs(seconds))),
    );
    let refresh = if tokens.text("refresh_token").is_some() {
        "; a refresh token came with it, which --save and --output json keep"
    } else {
        ""
    };
    eprintln!("expires  {expiry}{refresh}");
}

/// A file beside the one to be written, for its owner alone.
fn draft(file: &Path) -> anyhow::Result<NamedTempFile> {
    if fs::symlink_metadata(file).is_ok_and(|found| !found.is_file()) {
        return Err(Misuse(format!("--save: {} is there and no file", file.display())).into());
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    NamedTempFile::new_in(&folder).with_context(|| format!("cannot write to {}", folder.display()))
}

/// Whole or not at all.
fn save(file: &Path, tokens: &Tokens) -> anyhow::Result<()> {
    let mut draft = draft(file)?;
    serde_json::to_writer_pretty(&mut draft, tokens)?;
    draft.write_all(b"\n")?;
    draft.as_file().sync_all()?;
    draft
        .persist(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    eprintln!("saved to {}", file.display());
    Ok(())
}
