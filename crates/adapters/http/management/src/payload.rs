//! Reading the JSON that describes clients and secrets, naming the field that is wrong.

use std::time::Duration;

use informer_oauth_application::manage::{ClientPatch, LONGEST_DEADLINE, NewClient, NewSecret, ReadOnly};
use informer_oauth_domain::{client::ClientDraft, client_secret::SecretLabel, timestamp::Timestamp};
use informer_oauth_web::api_error::{ApiError, ApiResult};
use serde_json::{Map, Value};

/// The members of a JSON object; repeated ones and NUL characters were refused before.
pub(crate) type Payload = Map<String, Value>;

fn invalid(key: &str, must: &str) -> ApiError {
    ApiError::payload(key, format!("\"{key}\" {must}"))
}

/// A client as a payload describes it: the fields to set and those that only say what is so.
///
/// `null` means the field's default, as in a merge patch (RFC 7396) and in what this service itself writes; only a name
/// has none, and `confidential` stays as it is.
pub(crate) fn client(payload: Payload) -> ApiResult<(ClientPatch, ReadOnly)> {
    let mut fields = ClientPatch::default();
    let mut read_only = ReadOnly::default();
    for (key, value) in payload {
        if !known_field(&mut fields, &mut read_only, &key, value)? {
            return Err(unknown(&key));
        }
    }
    Ok((fields, read_only))
}

/// A client to register: the same, and the template to start from.
pub(crate) fn new_client(payload: Payload) -> ApiResult<NewClient> {
    let mut new = NewClient::default();
    for (key, value) in payload {
        if key == "template" {
            new.template = if value.is_null() {
                None
            } else {
                Some(text("template", value)?)
            };
        } else if !known_field(&mut new.fields, &mut new.read_only, &key, value)? {
            return Err(unknown(&key));
        }
    }
    // A template brings its own name.
    if new.fields.name.is_none() && new.template.is_none() {
        return Err(invalid("name", "is required"));
    }
    Ok(new)
}

/// A client to put in the place of another: everything that is left out gets its default, but the name.
pub(crate) fn whole_client(payload: Payload) -> ApiResult<(ClientPatch, ReadOnly)> {
    let (fields, read_only) = client(payload)?;
    if fields.name.is_none() {
        return Err(invalid("name", "is required"));
    }
    Ok((fields, read_only))
}

/// A new secret: all of it optional.
pub(crate) fn new_secret(payload: Payload) -> ApiResult<NewSecret> {
    let mut new = NewSecret::default();
    for (key, value) in payload {
        match key.as_str() {
            "label" if value.is_null() => new.label = None,
            "label" => {
                let label = SecretLabel::parse(&text("label", value)?);
                new.label = Some(label.map_err(|error| ApiError::payload("label", error.to_string()))?);
            }
            "expiresAt" if value.is_null() => new.expires_at = None,
            "expiresAt" => {
                let at = Timestamp::parse(&text("expiresAt", value)?);
                new.expires_at = Some(at.map_err(|_| invalid("expiresAt", "must be a time as in RFC 3339"))?);
            }
            "expireOthersIn" if value.is_null() => new.expire_others_in = None,
            "expireOthersIn" => {
                let seconds = value
                    .as_u64()
                    .map(Duration::from_secs)
                    .filter(|deadline| *deadline <= LONGEST_DEADLINE);
                new.expire_others_in = Some(seconds.ok_or_else(|| {
                    invalid(
                        "expireOthersIn",
                        "must be a whole number of seconds from 0 to 315360000",
                    )
                })?);
            }
            _ => return Err(unknown(&key)),
        }
    }
    Ok(new)
}

/// Sets the field that `key` names; false when a client has none of that name.
fn known_field(fields: &mut ClientPatch, read_only: &mut ReadOnly, key: &str, value: Value) -> ApiResult<bool> {
    match key {
        "name" => fields.name = Some(text(key, value)?),
        "description" => fields.description = Some(or_default(key, value, |default| default.description, text)?),
        "url" => fields.url = Some(or_default(key, value, |default| default.url.unwrap_or_default(), text)?),
        "redirect_uri" => fields.redirect_uris = Some(or_default(key, value, |default| default.redirect_uris, texts)?),
        "pkce" => fields.pkce = Some(or_default(key, value, |default| default.pkce, flag)?),
        "enableRefreshTokens" => {
            fields.refresh_tokens = Some(or_default(key, value, |default| default.refresh_tokens, flag)?);
        }
        "scope" => fields.scope = Some(or_default(key, value, |default| default.scope, scope)?),
        "enabled" => fields.enabled = Some(or_default(key, value, |default| default.enabled, flag)?),
        "introspect" => fields.introspect = Some(or_default(key, value, |default| default.introspect, flag)?),
        "resources" => fields.resources = Some(or_default(key, value, |default| default.resources, texts)?),
        // Its default depends on the client's secrets: `null` leaves it as it is.
        "confidential" => fields.confidential = if value.is_null() { None } else { Some(flag(key, value)?) },
        "id" => read_only.id = Some(text(key, value)?),
        "client_id" => read_only.client_id = Some(text(key, value)?),
        "createdAt" => read_only.created_at = Some(text(key, value)?),
        "updatedAt" => read_only.updated_at = Some(text(key, value)?),
        "createdBy" => read_only.created_by = Some(text(key, value)?),
        "source" => read_only.source = Some(text(key, value)?),
        // Links say where a client is, not what it is: whoever sends back what it read may leave them in.
        "_links" if value.is_object() => {}
        "_links" => return Err(invalid(key, "must be an object")),
        _ => return Ok(false),
    }
    Ok(true)
}

fn unknown(key: &str) -> ApiError {
    invalid(key, "is not allowed")
}

fn or_default<T>(
    key: &str,
    value: Value,
    default: impl FnOnce(ClientDraft) -> T,
    read: impl FnOnce(&str, Value) -> ApiResult<T>,
) -> ApiResult<T> {
    if value.is_null() {
        Ok(default(ClientDraft::default()))
    } else {
        read(key, value)
    }
}

fn text(key: &str, value: Value) -> ApiResult<String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(invalid(key, "must be a string")),
    }
}

fn flag(key: &str, value: Value) -> ApiResult<bool> {
    value.as_bool().ok_or_else(|| invalid(key, "must be a boolean"))
}

fn texts(key: &str, value: Value) -> ApiResult<Vec<String>> {
    let Value::Array(entries) = value else {
        return Err(invalid(key, "must be an array of strings"));
    };
    entries
        .into_iter()
        .map(|entry| match entry {
            Value::String(text) => Ok(text),
            _ => Err(invalid(key, "must be an array of strings")),
        })
        .collect()
}

/// A list, or names with spaces between them as everywhere else in OAuth (RFC 6749 §3.3, RFC 7591 §2).
fn scope(key: &str, value: Value) -> ApiResult<Vec<String>> {
    match value {
        Value::String(names) => Ok(names
            .split(' ')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()),
        other => texts(key, other),
    }
}

#[cfg(test)]
mod tests;
