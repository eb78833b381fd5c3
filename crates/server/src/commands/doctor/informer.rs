//! Whether the Informer beside this service answers as it is expected to.

use std::sync::Arc;

use informer_oauth_crypto::SystemEntropy;
use informer_oauth_informer::{Informer, Look, Pointed, Reached};
use informer_oauth_ports::{AuditLog, EventFilter, PageRequest};

use super::{Findings, Standing};
use crate::config::Config;

const INFORMER: &str = "informer";
const TOKEN: &str = "informer token";
const USERS: &str = "informer users";

/// How many of the latest events are looked through for names of users.
const EVENTS: u32 = 100;
/// How many users are looked at before it is given up.
const TRIES: usize = 5;

/// Asks as the service would. `audit` knows users, if the database could be opened.
pub(super) async fn check(config: &Config, audit: Option<&dyn AuditLog>, findings: &mut Findings) {
    let made = config
        .identity
        .informer
        .settings(config.features.token_api, 1)
        .and_then(|settings| Informer::new(settings, Arc::new(SystemEntropy)).map_err(|error| error.to_string()));
    let informer = match made {
        Ok(informer) => informer,
        Err(error) => return findings.failed(INFORMER, error),
    };
    let url = config.identity.informer.url.as_deref().unwrap_or_default();
    match informer.reach().await {
        Ok(Reached::Refuses(status)) => {
            findings.ok(
                INFORMER,
                format!("{url} answers, and {status} to whoever has no session"),
            );
        }
        Ok(Reached::Shows) => findings.add(
            INFORMER,
            Standing::Warning,
            format!("{url} shows a session to whoever has none: look at identity.informer.session_path"),
        ),
        Ok(Reached::Answers(status)) => {
            findings.failed(
                INFORMER,
                format!("{url} answers {status} where 401, 403 or 404 is expected: look at identity.informer.url and .session_path"),
            );
            return;
        }
        Err(error) => return findings.failed(INFORMER, format!("{url}: {error}")),
    }
    let mut names = match audit {
        Some(audit) => known_users(audit).await,
        None => Vec::new(),
    };
    names.push(config.bootstrap.admin_username.clone());
    users(config, &informer, &names, findings).await;
}

/// Looks at the first user that Informer knows. A name that it does not know tells at least whether it takes the token.
async fn users(config: &Config, informer: &Informer, names: &[String], findings: &mut Findings) {
    let mut accepted = false;
    for name in names.iter().take(TRIES) {
        let look = match informer.look_at(name).await {
            Ok(Some(look)) => look,
            Ok(None) => {
                let detail = "identity.informer.api_token is not set: refreshing and bearer tokens work only for users whose \
                              browser was at the same replica within a minute";
                return findings.add(TOKEN, Standing::Warning, detail);
            }
            Err(error) => return findings.failed(TOKEN, error.to_string()),
        };
        match look {
            Look::Refused(status) => {
                let detail = format!("Informer does not take it ({status}): look at identity.informer.api_token");
                return findings.failed(TOKEN, detail);
            }
            Look::Answers(status) => {
                let detail =
                    format!("asked for a user, Informer answers {status}: look at identity.informer.user_path");
                return findings.failed(TOKEN, detail);
            }
            Look::Unknown => accepted = true,
            Look::User {
                superuser,
                token_api,
                problem,
            } => {
                findings.ok(TOKEN, "Informer takes it");
                return shape(config, name, superuser, token_api, problem, findings);
            }
        }
    }
    if accepted {
        findings.ok(TOKEN, "Informer takes it");
    }
    let detail = "no user that Informer knows has been here yet, so what it says of users was not looked at";
    findings.add(USERS, Standing::Warning, detail);
}

fn shape(
    config: &Config,
    name: &str,
    superuser: Pointed,
    token_api: Option<Pointed>,
    problem: Option<String>,
    findings: &mut Findings,
) {
    if let Some(problem) = problem {
        return findings.failed(USERS, format!("{name} cannot be used: {problem}"));
    }
    let settings = &config.identity.informer;
    let pointed = [
        Some((settings.superuser_pointer.as_str(), superuser)),
        settings.token_api_pointer.as_deref().zip(token_api),
    ];
    let missing: Vec<&str> = pointed
        .into_iter()
        .flatten()
        .filter(|(_, pointed)| *pointed == Pointed::Nothing)
        .map(|(pointer, _)| pointer)
        .collect();
    if missing.is_empty() {
        findings.ok(USERS, format!("{name} has everything that is read of a user"));
    } else {
        let detail = format!("{name} has nothing at {}, which counts as false", missing.join(" and "));
        findings.add(USERS, Standing::Warning, detail);
    }
}

/// Who did something lately, the latest first; not those at the command line.
async fn known_users(audit: &dyn AuditLog) -> Vec<String> {
    let page = PageRequest {
        start: 0,
        limit: EVENTS,
    };
    let Ok(events) = audit.list(&EventFilter::default(), page).await else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for actor in events.items.into_iter().filter_map(|event| event.actor) {
        if !actor.starts_with("cli:") && !actor.contains(' ') && !names.contains(&actor) && names.len() + 1 < TRIES {
            names.push(actor);
        }
    }
    names
}
