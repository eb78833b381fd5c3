//! What Informer's answers say, taken at their word: a wrong type is no answer.

use informer_oauth_domain::{timestamp::Timestamp, user::User};
use serde::Deserialize;
use serde_json::Value;

use crate::settings::{InformerSettings, fits_a_segment};

/// The longest name of a user, in bytes.
const LONGEST_NAME: usize = 256;
/// The longest name to show, in characters; longer ones are cut.
const LONGEST_DISPLAY_NAME: usize = 200;
/// Stands for somebody who acts for a user and whose name is not in the session.
const UNNAMED: &str = "(somebody else)";

/// `GET /api/sessions/{id}`. More may be in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionDocument {
    username: String,
    active: bool,
    expires_at: Value,
    #[serde(default)]
    user: Option<SessionUser>,
    /// Present while somebody else acts for the user.
    #[serde(default)]
    parent: Value,
    #[serde(default)]
    tenant: Value,
}

#[derive(Deserialize)]
struct SessionUser {
    #[serde(default)]
    username: Option<String>,
}

/// `GET /api/users/{username}`, but for what pointers lead to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserDocument {
    username: String,
    #[serde(default)]
    display_name: Option<String>,
    enabled: bool,
    locked: bool,
}

/// A session that Informer holds for live.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LiveSession {
    pub(crate) username: String,
    pub(crate) expires_at: Timestamp,
    /// Who acts for the user, if anybody does.
    pub(crate) impersonator: Option<String>,
}

/// Reads a session; `None` when it has ended, or belongs to another tenant than the given one.
pub(crate) fn session(body: &[u8], tenant: Option<&str>, now: Timestamp) -> Result<Option<LiveSession>, String> {
    let document: SessionDocument = read("session", body)?;
    let expires_at = moment(&document.expires_at)
        .ok_or("the session's expiresAt is no time: neither RFC 3339 nor milliseconds since 1970")?;
    if !is_a_name(&document.username) {
        return Err("the session's username is none".into());
    }
    let other = document.user.and_then(|user| user.username);
    if other.is_some_and(|name| name != document.username) {
        return Err("the session names two users".into());
    }
    let ours = tenant.is_none_or(|tenant| document.tenant.as_str() == Some(tenant));
    let live = document.active && expires_at > now && ours;
    Ok(live.then(|| LiveSession {
        impersonator: impersonator(&document.parent),
        username: document.username,
        expires_at,
    }))
}

/// Who acts for a session's user. Any `parent` but null counts, also one without a usable name.
fn impersonator(parent: &Value) -> Option<String> {
    let name = match parent {
        Value::Null => return None,
        Value::String(name) => Some(name.as_str()),
        other => ["username", "name", "id"]
            .into_iter()
            .find_map(|key| other.get(key)?.as_str()),
    };
    Some(name.filter(|name| is_a_name(name)).unwrap_or(UNNAMED).to_owned())
}

/// Reads the user that was asked for by name; `None` when they are locked or disabled.
pub(crate) fn user(body: &[u8], username: &str, settings: &InformerSettings) -> Result<Option<User>, String> {
    let value: Value = read("user", body)?;
    let document: UserDocument = read_value("user", &value)?;
    if document.username != username {
        return Err("the user is another one than the one asked for".into());
    }
    let superuser = flag(&value, &settings.superuser_pointer)?;
    let token_api = match &settings.token_api_pointer {
        Some(pointer) => flag(&value, pointer)?,
        None => settings.token_api,
    };
    Ok((document.enabled && !document.locked).then(|| User {
        display_name: shown(document.display_name.as_deref().unwrap_or_default(), username),
        username: document.username,
        superuser,
        token_api,
    }))
}

/// Whether a text may be a user's name in a token, a log line and a path.
pub(crate) fn is_a_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME && fits_a_segment(text) && !text.chars().any(char::is_control)
}

/// What a pointer leads to: nothing means no.
fn flag(user: &Value, pointer: &str) -> Result<bool, String> {
    match user.pointer(pointer) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(format!("{pointer} of the user is neither true nor false")),
    }
}

fn shown(display_name: &str, username: &str) -> String {
    let printable = |text: &str| -> String {
        let kept = text.chars().filter(|character| !character.is_control());
        kept.take(LONGEST_DISPLAY_NAME).collect::<String>().trim().to_owned()
    };
    Some(printable(display_name))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| username.to_owned())
}

fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse(text).ok(),
        Value::Number(millis) => Some(Timestamp::from_micros(millis.as_i64()?.checked_mul(1000)?)),
        _ => None,
    }
}

fn read<T: for<'de> Deserialize<'de>>(what: &str, body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| wrong(what, &error))
}

fn read_value<T: for<'de> Deserialize<'de>>(what: &str, value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| wrong(what, &error))
}

/// The kind of mistake and its place, without what stood there: it may be anything.
fn wrong(what: &str, error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Data => "not of the expected form",
        _ => "no JSON",
    };
    match error.line() {
        0 => format!("the {what} is {kind}"),
        line => format!("the {what} is {kind} (line {line}, column {})", error.column()),
    }
}

#[cfg(test)]
mod tests;
