//! `doctor`: what is well and what is not, one line each.

mod clocks;
mod informer;
mod keeping;
pub(super) mod metadata;
mod servers;
mod way;

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use informer_oauth_application::diagnosis::Diagnosis;
use informer_oauth_crypto::{DerivedFormKey, Keys, MasterKey, SystemEntropy};
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::{
    AuditLog, Clock as _, EventFilter, KeyPurpose, KeyState, PageRequest, SigningKeyStore, StoreError,
};
use informer_oauth_sqlite::{OpenError, Sqlite, SqliteOptions};
use serde::Serialize;

use crate::{
    clock::SystemClock,
    config::{Config, Loaded},
    data_folder,
    output::Output,
    stores::{Durable, Stores},
};

/// When this program was not there yet: a clock that says so is wrong.
const PROGRAM_EXISTS_SINCE: &str = "2026-01-01T00:00:00Z";

/// How far in the future something stored may lie: machines' clocks differ a little.
const TOLERANCE: Duration = Duration::from_secs(60);

/// What a check came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Ok,
    Warning,
    Failed,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    standing: Standing,
    detail: String,
}

/// The answers, in the order in which they were asked.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &'static str, standing: Standing, detail: impl Into<String>) {
        self.0.push(Finding {
            check,
            standing,
            detail: detail.into(),
        });
    }

    fn ok(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(check, Standing::Ok, detail);
    }

    fn failed(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(check, Standing::Failed, detail);
    }
}

/// Runs every check. `session`: a file with a session cookie of Informer's.
pub(crate) async fn run(loaded: &Loaded, session: Option<&Path>, out: Output) -> anyhow::Result<ExitCode> {
    let config = &loaded.config;
    let now = SystemClock.now();
    let mut findings = Findings::default();
    findings.ok(
        "configuration",
        loaded
            .file
            .as_ref()
            .map_or("no file".into(), |file| format!("file {}", file.display())),
    );
    if config.database.is_embedded() {
        folder(config, &mut findings);
    }
    let master = encryption_key(config, &mut findings);
    let passes = master
        .as_ref()
        .map(|master| Diagnosis::new(Arc::new(DerivedFormKey::new(master))));
    let stores = if config.database.is_embedded() {
        open(config.database.path(), &mut findings).await
    } else {
        servers::open(config, &mut findings).await
    };
    if let Some(stores) = stores {
        let Durable { audit, keys, .. } = stores.durable();
        signing_keys(config, &keys, master, now, &mut findings).await;
        clock(&*audit, &*keys, now, &mut findings).await;
        if let Stores::Production { postgres, .. } = &stores
            && let Ok(time) = postgres.time().await
        {
            clocks::compare("database clock", "Postgres", time, SystemClock.now(), &mut findings);
        }
        if config.identity.is_informer() {
            informer::check(config, session, Some(&*audit), &mut findings).await;
        }
        drop((audit, keys));
        stores.close().await;
    } else if config.identity.is_informer() {
        informer::check(config, session, None, &mut findings).await;
    }
    if let Some(url) = &config.identity.informer.url
        && config.identity.is_informer()
        && let Some(time) = clocks::of(url)
    {
        clocks::compare("informer clock", "Informer", time, SystemClock.now(), &mut findings);
    }
    let issuer = config.issuer_at(config.http.listen);
    match metadata::check(&issuer) {
        Ok(address) => {
            findings.ok("issuer", format!("{address} answers for {issuer}"));
            reached(config, &issuer, passes.as_ref(), &mut findings);
        }
        Err(error) => findings.failed("issuer", format!("{error:#}")),
    }
    out.print(&findings.0, |findings| {
        let line = |finding: &Finding| {
            let standing = match finding.standing {
                Standing::Ok => "ok",
                Standing::Warning => "warn",
                Standing::Failed => "FAIL",
            };
            format!("{standing:4}  {:14}  {}\n", finding.check, finding.detail)
        };
        findings.iter().map(line).collect()
    })?;
    let well = findings.0.iter().all(|finding| finding.standing != Standing::Failed);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the service itself says of how it is reached, and what time it is there and at Informer.
fn reached(config: &Config, issuer: &str, passes: Option<&Diagnosis>, findings: &mut Findings) {
    let pass = passes.map(|passes| passes.pass(SystemClock.now()));
    let seen = pass.and_then(|pass| way::check(config, issuer, &pass, findings));
    if let Some(origin) = seen.as_ref().and_then(way::Seen::refused_origin) {
        let detail = format!(
            "a form from {origin:?} was refused in the last hour because the issuer is {issuer}. If users open that address, set \
             issuer to it; if not, another site tried to act for them"
        );
        findings.add("forms", Standing::Warning, detail);
    }
    // Behind a proxy that is no service of ours, its clock at least.
    let time = seen.and_then(|seen| seen.time()).or_else(|| clocks::of(issuer));
    if let Some(time) = time {
        clocks::compare("issuer clock", "the service", time, SystemClock.now(), findings);
    }
}

fn folder(config: &Config, findings: &mut Findings) {
    let folder = config.database.folder();
    let shown = folder.display();
    match data_folder::mode(&folder) {
        Ok(mode) if data_folder::is_private(mode) => {
            findings.ok("data folder", format!("{shown} is its owner's alone"));
        }
        Ok(mode) => findings.add(
            "data folder",
            Standing::Warning,
            format!("{shown} is open to other users (mode {mode:o}): chmod 700 {shown}"),
        ),
        Err(error) => findings.failed("data folder", format!("{shown}: {error}; the first start makes it")),
    }
}

fn encryption_key(config: &Config, findings: &mut Findings) -> Option<MasterKey> {
    const CHECK: &str = "encryption key";
    if let Some(key) = &config.secrets.encryption_key {
        findings.ok(CHECK, "from secrets.encryption_key");
        return MasterKey::from_base64(key.secret().expose()).ok();
    }
    let own = config.secrets.encryption_key_file.clone();
    let path = own
        .clone()
        .unwrap_or_else(|| data_folder::key_file(&config.database.folder()));
    let key = match data_folder::read_key(&path) {
        Ok(key) => key,
        Err(error) => {
            findings.failed(CHECK, format!("{error:#}"));
            return None;
        }
    };
    let shown = path.display();
    match data_folder::mode(&path) {
        Ok(mode) if data_folder::is_private(mode) => findings.ok(CHECK, format!("{shown} is its owner's alone")),
        // A mounted secret often belongs to a group, which is the operator's business.
        Ok(mode) if own.is_some() && data_folder::is_of_group(mode) => {
            findings.ok(CHECK, format!("{shown} (mode {mode:o})"));
        }
        Ok(mode) => findings.failed(
            CHECK,
            format!("{shown} is open to other users (mode {mode:o}): chmod 600 {shown}"),
        ),
        Err(error) => findings.failed(CHECK, format!("{shown}: {error}")),
    }
    Some(key)
}

/// Opens the database if it is there and of this program's schema; looking must not change it.
async fn open(path: &Path, findings: &mut Findings) -> Option<Stores> {
    let shown = path.display();
    if let Some(reason) = data_folder::denied(path) {
        findings.failed("database", reason);
        return None;
    }
    if !path.exists() {
        findings.failed("database", format!("there is no {shown}; the first start makes it"));
        return None;
    }
    if let Err(error @ OpenError::Damaged { .. }) = Sqlite::quick_check(path) {
        findings.failed("database", error.to_string());
        return None;
    }
    match Sqlite::pending_migrations(path) {
        Ok(pending) if pending.is_empty() => findings.ok("migrations", UP_TO_DATE),
        Ok(pending) => {
            findings.failed("migrations", not_applied(&pending));
            return None;
        }
        Err(error) => {
            findings.failed("migrations", error.to_string());
            return None;
        }
    }
    let database = match Sqlite::open(path, &SqliteOptions::default()) {
        Ok(database) => database,
        Err(error) => {
            findings.failed("database", error.to_string());
            return None;
        }
    };
    match database.check().await {
        Ok(()) => findings.ok("database", format!("{shown} reads and writes")),
        Err(error) => findings.failed("database", error.to_string()),
    }
    Some(Stores::Embedded(database))
}

/// What is said of a schema that has everything.
const UP_TO_DATE: &str = "the schema is up to date";

fn not_applied(pending: &[String]) -> String {
    let pending = pending.join(", ");
    format!("not applied yet: {pending}; run `informer-oauth migrate`")
}

async fn signing_keys(
    config: &Config,
    keys: &Arc<dyn SigningKeyStore>,
    master: Option<MasterKey>,
    now: Timestamp,
    findings: &mut Findings,
) {
    const CHECK: &str = "signing keys";
    let stored = match keys.list().await {
        Ok(stored) => stored,
        Err(error) => return findings.failed(CHECK, error.to_string()),
    };
    // Loading makes keys where there are none, and looking must not.
    if KeyPurpose::ALL
        .into_iter()
        .any(|purpose| stored.iter().all(|key| key.purpose != purpose))
    {
        return findings.failed(CHECK, "there are none yet; the first start makes them");
    }
    let Some(master) = master else {
        return findings.failed(CHECK, "cannot be opened without the encryption key");
    };
    let accepted = config.secrets.accepted();
    let (issuer, entropy) = (config.issuer_at(config.http.listen), Arc::new(SystemEntropy));
    if let Err(error) = Keys::load_with_others(Arc::clone(keys), &master, &accepted, issuer, entropy, now).await {
        return findings.failed(CHECK, error.to_string());
    }
    let since = stored.iter().filter_map(|key| match key.state {
        KeyState::Current { since } => Some(since),
        KeyState::Next | KeyState::Retired { .. } => None,
    });
    let days = since.min().map_or(0, |oldest| now.since(oldest).as_secs() / 86_400);
    let due = config.keys.rotate_after_days;
    let detail = format!("{} keys open; the current ones sign since {days} days", stored.len());
    if days > due + 1 {
        findings.add(
            CHECK,
            Standing::Warning,
            format!("{detail}, though keys.rotate_after_days is {due}"),
        );
    } else {
        findings.ok(CHECK, detail);
    }
}

/// Nothing that is stored can be younger than now, and this program is not older than itself.
async fn clock(audit: &dyn AuditLog, keys: &dyn SigningKeyStore, now: Timestamp, findings: &mut Findings) {
    const CHECK: &str = "clock";
    let newest = match newest(audit, keys).await {
        Ok(newest) => newest,
        Err(error) => return findings.failed(CHECK, error.to_string()),
    };
    let too_early = Timestamp::parse(PROGRAM_EXISTS_SINCE).is_ok_and(|first| now < first);
    match newest {
        _ if too_early => findings.failed(CHECK, format!("it is {now}, which is before this program was made")),
        Some(newest) if newest > now + TOLERANCE => {
            findings.failed(
                CHECK,
                format!("it is {now}, but the database knows of {newest}: one of the two was wrong"),
            );
        }
        _ => findings.ok(CHECK, now.to_string()),
    }
}

/// When the newest audit event or signing key was made.
async fn newest(audit: &dyn AuditLog, keys: &dyn SigningKeyStore) -> Result<Option<Timestamp>, StoreError> {
    let events = audit
        .list(&EventFilter::default(), PageRequest { start: 0, limit: 1 })
        .await?;
    let keys = keys.list().await?;
    Ok(events
        .items
        .iter()
        .map(|event| event.at)
        .chain(keys.iter().map(|key| key.created_at))
        .max())
}
