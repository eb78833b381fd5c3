//! The form of tokens: JWS compact serialisation (RFC 7515 §7.1), one header per kind, read strictly.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use informer_oauth_domain::secret::Secret;
use informer_oauth_ports::{SigningError, TokenRefused};
use josekit::{JoseError, jws};
use serde::{Deserialize, Serialize};

use crate::{
    kind::Kind,
    ring::{Ring, SigningKey},
};

/// The longest token in bytes, made or accepted.
pub(crate) const LONGEST: usize = 8 * 1024;

/// The whole of a header. Anything else in one, `crit` (RFC 7515 §4.1.11) and keys included, is none of ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    typ: Cow<'a, str>,
    #[serde(borrow)]
    kid: Cow<'a, str>,
}

/// Checks form, header and signature; the claims as JSON. Nothing in a token is believed before its signature.
pub(crate) fn open(kind: &Kind, token: &str, ring: &Ring) -> Result<Vec<u8>, TokenRefused> {
    if token.len() > LONGEST {
        return Err(TokenRefused::Malformed);
    }
    let (header, _) = token.split_once('.').ok_or(TokenRefused::Malformed)?;
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenRefused::Malformed)?;
    let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| TokenRefused::Malformed)?;
    if header.alg != kind.algorithm {
        return Err(TokenRefused::Signature);
    }
    if !kind.is_typ(&header.typ) {
        return Err(TokenRefused::Malformed);
    }
    let key = ring.find(kind.purpose, &header.kid).ok_or(TokenRefused::UnknownKey)?;
    // josekit's base64url is strict as well: no padding and no spare bits, so that a token has one spelling.
    match jws::deserialize_compact(token, &*key.verifier) {
        Ok((payload, _)) => Ok(payload),
        Err(JoseError::InvalidSignature(_)) => Err(TokenRefused::Signature),
        Err(_) => Err(TokenRefused::Malformed),
    }
}

/// Signs claims.
pub(crate) fn sign(key: &SigningKey, claims: &impl Serialize) -> Result<Secret, SigningError> {
    let payload = serde_json::to_vec(claims).map_err(|error| SigningError(error.to_string()))?;
    let token = jws::serialize_compact(&payload, &key.header, &*key.signer);
    let token = token.map_err(|error| SigningError(error.to_string()))?;
    if token.len() > LONGEST {
        return Err(SigningError(format!("the token would have {} bytes", token.len())));
    }
    Ok(Secret::new(token))
}
