//! Whether the Informer beside this service answers as it is expected to.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use informer_oauth_crypto::SystemEntropy;
use informer_oauth_domain::secret::Secret;
use informer_oauth_informer::{Informer, Look, Pointed, Reached, SessionLook};
use informer_oauth_ports::{AuditLog, Clock as _, EventFilter, PageRequest};

use super::{Findings, Standing};
use crate::{clock::SystemClock, config::Config};

const INFORMER: &str = "informer";
const TOKEN: &str = "informer token";
const USERS: &str = "informer users";
const SESSION: &str = "informer session";
const TENANT: &str = "informer tenant";

/// The header by which Informer finds the tenant of a call.
const TENANT_HEADER: &str = "x-inf-tenant";

/// The largest file that can hold a cookie's value, in bytes.
const LARGEST_COOKIE_FILE: u64 = 8192;

/// How many of the latest events are looked through for names of users.
const EVENTS: u32 = 100;
/// How many users are looked at before it is given up.
const TRIES: usize = 5;

/// Asks as the service would. `session` is a file with a session cookie's value; `audit` knows users, if the database could
/// be opened.
pub(super) async fn check(
    config: &Config,
    session: Option<&Path>,
    audit: Option<&dyn AuditLog>,
    findings: &mut Findings,
) {
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
                format!(
                    "{url} answers, and {status} to whoever has no session{}",
                    with_headers(config)
                ),
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
    sessions(config, session, &informer, findings).await;
    let mut names = match audit {
        Some(audit) => known_users(audit).await,
        None => Vec::new(),
    };
    names.push(config.bootstrap.admin_username.clone());
    users(config, &informer, &names, findings).await;
}

/// The names of the configured headers, which every call here has as well.
fn with_headers(config: &Config) -> String {
    let names: Vec<&str> = config.identity.informer.headers.keys().map(String::as_str).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("; it is sent {}", names.join(", "))
    }
}

/// Looks at a real session, and at what is known of tenants.
async fn sessions(config: &Config, file: Option<&Path>, informer: &Informer, findings: &mut Findings) {
    let settings = &config.identity.informer;
    let headed = settings
        .headers
        .keys()
        .any(|name| name.eq_ignore_ascii_case(TENANT_HEADER));
    let mut has_tenants = headed.then_some("identity.informer.headers names one");
    if let Some(file) = file {
        let look = match cookie(file, &settings.session_cookie) {
            Ok(cookie) => informer.look_at_session(&cookie, SystemClock.now()).await,
            Err(error) => return findings.failed(SESSION, format!("{}: {error}", file.display())),
        };
        match look {
            Ok(Some(SessionLook::Document {
                missing,
                tenant,
                problem,
            })) => {
                if !missing.is_empty() {
                    findings.failed(SESSION, format!("Informer's document lacks {}", missing.join(", ")));
                } else if let Some(problem) = problem {
                    findings.failed(SESSION, format!("it cannot be used: {problem}"));
                } else {
                    findings.ok(SESSION, "it has everything that is read of a session");
                }
                match (&settings.tenant, tenant) {
                    (Some(ours), Some(theirs)) if *ours == theirs => {
                        findings.ok(TENANT, format!("the session is one of {ours}"));
                    }
                    (Some(ours), other) => {
                        let other = other.as_deref().unwrap_or("none");
                        let detail = format!("identity.informer.tenant is {ours}, and the session's tenant is {other}: it counts as signed out");
                        findings.failed(TENANT, detail);
                    }
                    (None, Some(_)) => has_tenants = Some("the session names one"),
                    (None, None) => {}
                }
            }
            Ok(Some(SessionLook::Missing(status))) => findings.failed(
                SESSION,
                format!("Informer answers {status}: the session has ended, or identity.informer.session_path or .headers is wrong"),
            ),
            Ok(Some(SessionLook::Answers(status))) => {
                findings.failed(SESSION, format!("asked for a session, Informer answers {status}"));
            }
            Ok(None) => findings.failed(SESSION, format!("{} holds no cookie's value", file.display())),
            Err(error) => findings.failed(SESSION, error.to_string()),
        }
    } else {
        let detail = format!(
            "not checked: `doctor --session FILE` does it, with the value of a signed-in browser's cookie {} in FILE",
            settings.session_cookie
        );
        findings.add(SESSION, Standing::Warning, detail);
    }
    if let (None, Some(reason)) = (&settings.tenant, has_tenants) {
        let detail = format!(
            "Informer has tenants ({reason}), and identity.informer.tenant is not set: sessions of every tenant count"
        );
        findings.add(TENANT, Standing::Warning, detail);
    }
}

/// The value of a session cookie: alone in its file, or as `name=value`.
fn cookie(file: &Path, name: &str) -> io::Result<Secret> {
    let mut text = String::new();
    let read: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file)?)
    };
    read.take(LARGEST_COOKIE_FILE).read_to_string(&mut text)?;
    let value = text.trim();
    let named = value.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
    Ok(Secret::new(named.unwrap_or(value).to_owned()))
}

/// Looks at the first user that Informer knows. A name that it does not know tells at least whether it takes the token.
async fn users(config: &Config, informer: &Informer, names: &[String], findings: &mut Findings) {
    let mut accepted = false;
    for name in names.iter().take(TRIES) {
        let look = match informer.look_at(name).await {
            Ok(Some(look)) => look,
            Ok(None) => {
                let detail = "identity.informer.api_token is not set: refreshing works only for users whose browser was at the \
                              same replica within a minute, and tokens without expiry are answered 503";
                return findings.failed(TOKEN, detail);
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
