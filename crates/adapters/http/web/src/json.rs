//! Reading JSON bodies of the Informer API, and saying which field is wrong.

use std::collections::HashSet;

use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{ACCEPT, HeaderMap},
    },
    web::Payload,
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::Value;

use crate::{
    api_error::{ApiError, ApiResult},
    body::{self, BodyError},
    parameters::JSON,
    state::HttpState,
};

/// `application/hal+json`
pub const HAL: &str = "application/hal+json";
/// `application/merge-patch+json` (RFC 7396)
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// Reads the body as a JSON object into `T`, which should be marked `deny_unknown_fields`. Whatever is wrong with a field
/// is a 400 that names it; so is a field given twice.
pub async fn read<T: DeserializeOwned>(request: &HttpRequest, payload: Payload) -> ApiResult<T> {
    read_optional(request, payload)
        .await?
        .ok_or_else(|| BodyError::Empty.into())
}

/// As [`read`], for endpoints whose body may be left out.
pub async fn read_optional<T: DeserializeOwned>(request: &HttpRequest, payload: Payload) -> ApiResult<Option<T>> {
    let limit = HttpState::of(request).settings.max_body_bytes;
    let body = body::read(request, payload, limit).await?;
    let media_type = body::media_type(request.headers())?;
    if body.is_empty() && media_type.as_deref().is_none_or(is_json) {
        return Ok(None);
    }
    match media_type.as_deref() {
        Some(MERGE_PATCH) if request.method() == Method::PATCH => {}
        Some(other) if is_json(other) => {}
        _ => return Err(BodyError::UnsupportedType.into()),
    }
    parse(&body).map(Some)
}

fn is_json(media_type: &str) -> bool {
    media_type == JSON || media_type == HAL
}

/// Reads the text of a JSON object.
pub fn parse<T: DeserializeOwned>(text: &[u8]) -> ApiResult<T> {
    let Members(members) = serde_json::from_slice(body::without_mark(text))
        .map_err(|_| ApiError::malformed("The body is not a JSON object"))?;
    let mut seen = HashSet::new();
    for (name, value) in &members {
        if !seen.insert(name.as_str()) {
            return Err(ApiError::payload(name, format!("\"{name}\" is given more than once")));
        }
        if name.contains('\0') || contains_nul(value) {
            return Err(ApiError::payload(
                name,
                format!("\"{name}\" must not contain NUL characters"),
            ));
        }
    }
    let members = Value::Object(members.into_iter().collect());
    serde_path_to_error::deserialize(members).map_err(|error| {
        let path = error.path().to_string();
        let field = path.split(['[', '.']).next().unwrap_or_default().to_owned();
        let reason = error.into_inner().to_string();
        if reason.starts_with("unknown field") {
            ApiError::payload(&path, format!("\"{path}\" is not allowed"))
        } else if let Some(missing) = missing_field(&reason) {
            ApiError::payload(missing, format!("\"{missing}\" is required"))
        } else {
            ApiError::payload(&field, format!("\"{path}\": {reason}"))
        }
    })
}

/// Returns the name of a missing field: serde says it in words only.
fn missing_field(reason: &str) -> Option<&str> {
    reason.strip_prefix("missing field `")?.strip_suffix('`')
}

fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(contains_nul),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains('\0') || contains_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The members of an object in their order, repeated ones included.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// Whether the client asks for HAL: it names it, and does not like plain JSON better.
pub fn accepts_hal(headers: &HeaderMap) -> bool {
    let mut hal = None;
    let mut json = 0.0_f32;
    for line in headers.get_all(ACCEPT) {
        // What is not ASCII spoils its own range only.
        for range in String::from_utf8_lossy(line.as_bytes()).split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let quality = parts
                .filter_map(|parameter| parameter.split_once('='))
                .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
                .map_or(1.0, |(_, quality)| quality.trim().parse().unwrap_or(0.0));
            if name.eq_ignore_ascii_case(HAL) {
                hal = Some(quality);
            } else if name.eq_ignore_ascii_case(JSON) {
                json = quality;
            }
        }
    }
    hal.is_some_and(|quality| quality > 0.0 && quality >= json)
}

#[cfg(test)]
mod tests;
