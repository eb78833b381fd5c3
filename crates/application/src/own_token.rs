//! Whether a bearer token claims to be one of this service's, before anything about it is verified.
//!
//! The gate passes other services' tokens on untouched, and never one of ours that has failed. So the question must not depend on
//! a signature: an expired token of ours, or one with `alg: none`, claims to be ours as well.

use std::fmt;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess, Visitor},
};

/// The types of access tokens (RFC 9068 §2.1) and of refresh tokens.
const TYPES: [&str; 2] = ["at+jwt", "rt+jwt"];

/// Tolerant, so that no other reading of a token than this one finds it to be ours.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether any part of a credential is a compact JWS (RFC 7515 §7.1) whose `typ` is one of ours and whose `iss` is the issuer.
/// Letter case and a leading `application/` do not matter in `typ` (RFC 7515 §4.1.9). Of members that come twice, either counts.
///
/// A bearer token is one part. One that holds other characters than RFC 6750 §2.1 allows has several, and somebody might read
/// only the first.
pub(crate) fn claims_to_be_ours(credential: &str, issuer: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
    credential.split(|c| !is_part(c)).any(|part| is_own_jws(part, issuer))
}

fn is_own_jws(token: &str, issuer: &str) -> bool {
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [header, payload, _] = parts.as_slice() else {
        return false;
    };
    has(header, "typ", is_own_type) && has(payload, "iss", |iss| iss == issuer)
}

fn is_own_type(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    TYPES.contains(&typ.strip_prefix("application/").unwrap_or(&typ))
}

/// Whether a part is a JSON object with a member of this name, a string that is as it should be.
fn has(part: &str, name: &str, is_right: impl Fn(&str) -> bool) -> bool {
    let Ok(json) = BASE64URL.decode(part) else {
        return false;
    };
    let Ok(Members(members)) = serde_json::from_slice(&json) else {
        return false;
    };
    members
        .iter()
        .any(|(known, value)| known == name && value.as_deref().is_some_and(&is_right))
}

/// The members of an object, in order, also those that come twice; `None` for values that are not strings.
struct Members(Vec<(String, Option<String>)>);

/// A string, or anything else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Other(IgnoredAny),
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry()? {
                    let text = match value {
                        Value::Text(text) => Some(text),
                        Value::Other(IgnoredAny) => None,
                    };
                    members.push((name, text));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests;
