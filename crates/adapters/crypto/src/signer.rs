//! What tokens say, written and read.

use std::{borrow::Cow, str::FromStr, sync::Arc};

use informer_oauth_domain::{
    claims::{AccessTokenClaims, RefreshTokenClaims},
    resource::Resource,
    secret::Secret,
    timestamp::Timestamp,
};
use informer_oauth_ports::{KeyPurpose, PublicKeySet, SigningError, TokenRefused, TokenSigner};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    jwt::{open, sign},
    keys::Keys,
    kind::{ACCESS, Kind, REFRESH},
};

/// A token's claims on the wire, in the order in which they are written. Texts may hold JSON escapes, hence `Cow`.
#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    #[serde(borrow)]
    sub: Cow<'a, str>,
    #[serde(borrow)]
    client_id: Cow<'a, str>,
    #[serde(borrow)]
    scope: Cow<'a, str>,
    iat: i64,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(borrow)]
    jti: Cow<'a, str>,
    #[serde(borrow)]
    tid: Cow<'a, str>,
    /// Refresh tokens: `iat` in microseconds, so that a token says exactly what its record says.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    iat_us: Option<i64>,
    /// Refresh tokens: the generation.
    #[serde(
        rename = "gen",
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    generation: Option<u32>,
}

/// A claim that may be absent, but is not `null` when it is there: a token with `"exp":null` is not one without expiry.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn parse<T: FromStr>(text: &str) -> Result<T, TokenRefused> {
    text.parse().map_err(|_| TokenRefused::Malformed)
}

impl Keys {
    /// Opens a token, then checks its issuer and its time; `read` makes the claims of what it says.
    fn verify<T>(
        &self,
        kind: &Kind,
        token: &str,
        now: Timestamp,
        read: impl FnOnce(&Claims<'_>) -> Result<T, TokenRefused>,
    ) -> Result<T, TokenRefused> {
        let opened = open(kind, token, &self.ring());
        if opened == Err(TokenRefused::UnknownKey) {
            self.note_unknown_key();
        }
        let payload = opened?;
        let claims: Claims<'_> = serde_json::from_slice(&payload).map_err(|_| TokenRefused::Malformed)?;
        if claims.iss != self.issuer() {
            return Err(TokenRefused::Issuer);
        }
        // RFC 7519 §4.1.4: not on or after the expiry.
        if claims.exp.is_some_and(|exp| now >= Timestamp::from_seconds(exp)) {
            return Err(TokenRefused::Expired);
        }
        read(&claims)
    }
}

impl TokenSigner for Keys {
    fn sign_access(&self, claims: &AccessTokenClaims) -> Result<Secret, SigningError> {
        let wire = Claims {
            iss: self.issuer().into(),
            aud: claims.audience.as_str().into(),
            sub: claims.subject.as_str().into(),
            client_id: claims.client_id.to_string().into(),
            scope: claims.scope.to_string().into(),
            iat: claims.issued_at.as_seconds(),
            exp: claims.expires_at.map(Timestamp::as_seconds),
            jti: claims.token_id.to_string().into(),
            tid: claims.token_record.to_string().into(),
            iat_us: None,
            generation: None,
        };
        sign(self.ring().current(KeyPurpose::Access), &wire)
    }

    fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessTokenClaims, TokenRefused> {
        self.verify(&ACCESS, token, now, |claims| {
            Ok(AccessTokenClaims {
                audience: Resource::parse(&claims.aud).map_err(|_| TokenRefused::Malformed)?,
                subject: claims.sub.as_ref().to_owned(),
                client_id: parse(&claims.client_id)?,
                scope: parse(&claims.scope)?,
                issued_at: Timestamp::from_seconds(claims.iat),
                expires_at: claims.exp.map(Timestamp::from_seconds),
                token_id: parse(&claims.jti)?,
                token_record: parse(&claims.tid)?,
            })
        })
    }

    fn sign_refresh(&self, claims: &RefreshTokenClaims) -> Result<Secret, SigningError> {
        let wire = Claims {
            iss: self.issuer().into(),
            aud: claims.audience.as_str().into(),
            sub: claims.subject.as_str().into(),
            client_id: claims.client_id.to_string().into(),
            scope: claims.scope.to_string().into(),
            iat: claims.issued_at.as_seconds(),
            exp: Some(claims.expires_at.as_seconds()),
            jti: claims.token_id.to_string().into(),
            tid: claims.token_record.to_string().into(),
            iat_us: Some(claims.issued_at.as_micros()),
            generation: Some(claims.generation),
        };
        sign(self.ring().current(KeyPurpose::Refresh), &wire)
    }

    fn verify_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshTokenClaims, TokenRefused> {
        self.verify(&REFRESH, token, now, |claims| {
            let issued_at = claims
                .iat_us
                .map(Timestamp::from_micros)
                .ok_or(TokenRefused::Malformed)?;
            if issued_at.as_seconds() != claims.iat {
                return Err(TokenRefused::Malformed);
            }
            Ok(RefreshTokenClaims {
                audience: Resource::parse(&claims.aud).map_err(|_| TokenRefused::Malformed)?,
                subject: claims.sub.as_ref().to_owned(),
                client_id: parse(&claims.client_id)?,
                scope: parse(&claims.scope)?,
                issued_at,
                expires_at: claims.exp.map(Timestamp::from_seconds).ok_or(TokenRefused::Malformed)?,
                token_id: parse(&claims.jti)?,
                token_record: parse(&claims.tid)?,
                generation: claims.generation.ok_or(TokenRefused::Malformed)?,
            })
        })
    }

    fn public_keys(&self) -> Arc<PublicKeySet> {
        Arc::clone(self.ring().public())
    }
}

#[cfg(test)]
mod tests;
