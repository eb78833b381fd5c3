//! The form of tokens: JWS compact serialisation (RFC 7515 §7.1), one header per kind, read strictly.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use informer_oauth_domain::secret::Secret;
use informer_oauth_ports::{KeyPurpose, SigningError, TokenRefused};
use josekit::{
    JoseError,
    jws::{self, JwsHeader},
};
use serde::{Deserialize, Serialize};

use crate::ring::{Ring, SigningKey};

/// The longest token in bytes, made or accepted.
pub(crate) const LONGEST: usize = 8 * 1024;

/// What a kind of token has in its header.
pub(crate) struct Kind {
    purpose: KeyPurpose,
    algorithm: &'static str,
    /// The media type without `application/`.
    media_type: &'static str,
}

/// Access tokens (RFC 9068 §2.1).
pub(crate) const ACCESS: Kind = Kind {
    purpose: KeyPurpose::Access,
    algorithm: "ES256",
    media_type: "at+jwt",
};

/// Refresh tokens: a type of this service's own, since nobody else reads them (RFC 8725 §3.11).
pub(crate) const REFRESH: Kind = Kind {
    purpose: KeyPurpose::Refresh,
    algorithm: "HS256",
    media_type: "rt+jwt",
};

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

impl Kind {
    pub(crate) const fn of(purpose: KeyPurpose) -> &'static Self {
        match purpose {
            KeyPurpose::Access => &ACCESS,
            KeyPurpose::Refresh => &REFRESH,
        }
    }

    /// Returns the header of a key's tokens.
    pub(crate) fn header(&self, kid: &str) -> JwsHeader {
        let mut header = JwsHeader::new();
        header.set_token_type(self.media_type);
        header.set_key_id(kid);
        header
    }

    /// Whether `typ` says this kind: media types are case-insensitive, `application/` may be left out (RFC 7515 §4.1.9).
    fn is_typ(&self, typ: &str) -> bool {
        const PREFIX: &str = "application/";
        let bare = match typ.split_at_checked(PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
            _ => typ,
        };
        bare.eq_ignore_ascii_case(self.media_type)
    }

    /// Checks form, header and signature; the claims as JSON. Nothing in a token is believed before its signature.
    pub(crate) fn open(&self, token: &str, ring: &Ring) -> Result<Vec<u8>, TokenRefused> {
        if token.len() > LONGEST {
            return Err(TokenRefused::Malformed);
        }
        let (header, _) = token.split_once('.').ok_or(TokenRefused::Malformed)?;
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenRefused::Malformed)?;
        let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| TokenRefused::Malformed)?;
        if header.alg != self.algorithm {
            return Err(TokenRefused::Signature);
        }
        if !self.is_typ(&header.typ) {
            return Err(TokenRefused::Malformed);
        }
        let key = ring.find(self.purpose, &header.kid).ok_or(TokenRefused::UnknownKey)?;
        // josekit's base64url is strict as well: no padding and no spare bits, so that a token has one spelling.
        match jws::deserialize_compact(token, &*key.verifier) {
            Ok((payload, _)) => Ok(payload),
            Err(JoseError::InvalidSignature(_)) => Err(TokenRefused::Signature),
            Err(_) => Err(TokenRefused::Malformed),
        }
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
