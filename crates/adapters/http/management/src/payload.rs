//! JSON bodies that describe clients and secrets. An error names the field that is wrong.

use std::time::Duration;

use informer_oauth_application::manage::{ClientPatch, InvalidPatch, LONGEST_DEADLINE, NewClient, NewSecret, ReadOnly};
use informer_oauth_domain::{client::ClientDraft, client_secret::SecretLabel, timestamp::Timestamp};
use informer_oauth_web::api_error::{ApiError, ApiResult};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The members of a JSON object. Repeated members and NUL characters are refused before.
pub(crate) type Payload = Map<String, Value>;

/// A client to register. What is left out has the template's value, or its default.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only for the OpenAPI document: `new_client` reads it")]
pub(crate) struct NewClientPayload {
    /// The name of the template to start from.
    template: Option<String>,
    #[schema(inline)]
    #[serde(flatten)]
    fields: ClientDraft,
}

/// A new secret. All of it may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewSecretPayload {
    /// Its name, to tell it from the others: 1 to 100 characters and no secret; none by default.
    label: Option<String>,
    /// The time from which it is refused; never by default.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
    /// Seconds for which every older secret goes on working, at most 315360000; left alone by default.
    expire_others_in: Option<u64>,
}

fn invalid(key: &str, must: &str) -> ApiError {
    ApiError::payload(key, format!("\"{key}\" {must}"))
}

/// Reads the fields of a client: those to set, and the read-only ones.
///
/// `null` is the field's default, as in a merge patch (RFC 7396) and in what this service itself writes; only a name has none,
/// and `confidential` stays as it is.
pub(crate) fn client(mut payload: Payload) -> ApiResult<(ClientPatch, ReadOnly)> {
    let mut read_only = ReadOnly::default();
    for (key, claim) in [
        ("id", &mut read_only.id),
        ("client_id", &mut read_only.client_id),
        ("createdAt", &mut read_only.created_at),
        ("updatedAt", &mut read_only.updated_at),
        ("createdBy", &mut read_only.created_by),
        ("source", &mut read_only.source),
    ] {
        *claim = payload.remove(key).map(|value| text(key, value)).transpose()?;
    }
    // Links say where a client is, not what it is: a caller may send back what it read.
    if payload.remove("_links").is_some_and(|links| !links.is_object()) {
        return Err(invalid("_links", "must be an object"));
    }
    let fields = ClientPatch::parse(payload).map_err(|InvalidPatch { field, reason }| {
        let key = field.split('[').next().unwrap_or_default();
        if reason.starts_with("unknown field") {
            invalid(key, "is not allowed")
        } else {
            ApiError::payload(key, format!("\"{field}\": {reason}"))
        }
    })?;
    Ok((fields, read_only))
}

/// Reads a client to register: the same, and the template to start from.
pub(crate) fn new_client(mut payload: Payload) -> ApiResult<NewClient> {
    let template = payload.remove("template").filter(|template| !template.is_null());
    let template = template.map(|template| text("template", template)).transpose()?;
    let (fields, read_only) = client(payload)?;
    // A template brings its own name.
    if fields.name().is_none() && template.is_none() {
        return Err(invalid("name", "is required"));
    }
    Ok(NewClient {
        template,
        fields,
        read_only,
    })
}

/// Reads a client to put in the place of another: what is left out gets its default, except the name.
pub(crate) fn whole_client(payload: Payload) -> ApiResult<(ClientPatch, ReadOnly)> {
    let (fields, read_only) = client(payload)?;
    if fields.name().is_none() {
        return Err(invalid("name", "is required"));
    }
    Ok((fields, read_only))
}

/// Checks a new secret.
pub(crate) fn new_secret(payload: NewSecretPayload) -> ApiResult<NewSecret> {
    let label = payload.label.map(|label| SecretLabel::parse(&label)).transpose();
    let expires_at = payload.expires_at.map(|at| Timestamp::parse(&at)).transpose();
    let expire_others_in = payload.expire_others_in.map(Duration::from_secs);
    if expire_others_in.is_some_and(|deadline| deadline > LONGEST_DEADLINE) {
        return Err(invalid(
            "expireOthersIn",
            "must be a whole number of seconds from 0 to 315360000",
        ));
    }
    Ok(NewSecret {
        label: label.map_err(|error| ApiError::payload("label", error.to_string()))?,
        expires_at: expires_at.map_err(|_| invalid("expiresAt", "must be a time as in RFC 3339"))?,
        expire_others_in,
    })
}

fn text(key: &str, value: Value) -> ApiResult<String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(invalid(key, "must be a string")),
    }
}

#[cfg(test)]
mod tests;
