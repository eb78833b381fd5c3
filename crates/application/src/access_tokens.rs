//! Whether an access token is good right now: what introspection, the gate and the management API share.

use std::time::Duration;

use informer_oauth_domain::{
    claims::AccessTokenClaims,
    id::{ClientRef, TokenRecordId},
    timestamp::Timestamp,
    token_record::TokenRecord,
};
use informer_oauth_ports::{ClientStore as _, TokenRefused, TokenSigner as _, TokenStore as _};

use crate::{
    cache::{RecentUses, TokenCaches},
    error::Fault,
};

/// How often the use of a token record is noted at most.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// Verifies access tokens against keys, their token record and their client.
#[derive(Clone)]
pub struct AccessTokens {
    pub(crate) caches: TokenCaches,
    pub(crate) uses: RecentUses,
}

/// What was found out about an access token. Its audience is the caller's to judge.
pub(crate) enum Inspection {
    Good(AccessTokenClaims, TokenRecord),
    /// It is no good, for a reason with a stable name. The claims, if the token is genuine.
    Refused {
        reason: &'static str,
        claims: Option<Box<AccessTokenClaims>>,
    },
}

impl AccessTokens {
    /// The claims and record of a good token; `None` when it is forged, expired, revoked or its client is gone or
    /// disabled. Its audience is the caller's to judge.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Option<(AccessTokenClaims, TokenRecord)>, Fault> {
        Ok(match self.inspect(token, now).await? {
            Inspection::Good(claims, record) => Some((claims, record)),
            Inspection::Refused { .. } => None,
        })
    }

    /// The same, with the reason of a refusal.
    pub(crate) async fn inspect(&self, token: &str, now: Timestamp) -> Result<Inspection, Fault> {
        let TokenCaches {
            signatures,
            tokens,
            clients,
        } = &self.caches;
        let claims = match signatures.verify_access(token, now) {
            Ok(claims) => claims,
            Err(refused) => {
                let reason = match refused {
                    TokenRefused::Malformed => "token_malformed",
                    TokenRefused::UnknownKey => "token_key_unknown",
                    TokenRefused::Signature => "token_signature_wrong",
                    TokenRefused::Issuer => "token_issuer_wrong",
                    TokenRefused::Expired => "token_expired",
                };
                return Ok(Inspection::Refused { reason, claims: None });
            }
        };
        let refused = |reason, claims| {
            Ok(Inspection::Refused {
                reason,
                claims: Some(Box::new(claims)),
            })
        };
        let record = tokens.find(claims.token_record).await?;
        let Some(record) = record.filter(|record| is_good(record, &claims, now)) else {
            return refused("grant_ended", claims);
        };
        let registration = clients.registration(ClientRef::ClientId(claims.client_id)).await?;
        let Some(known) = registration else {
            return refused("client_unknown", claims);
        };
        if !known.client.profile.enabled {
            return refused("client_disabled", claims);
        }
        Ok(Inspection::Good(claims, record))
    }

    /// Whether a use of this record at `now` is to be noted: at most once a minute, in this process also if noting fails.
    pub(crate) fn is_use_due(&self, record: &TokenRecord, now: Timestamp) -> bool {
        let is_due = |last: Timestamp| now.since(last) >= USE_NOTED_EVERY;
        record.last_used_at.is_none_or(is_due) && self.uses.begin(record.id, now, is_due)
    }

    /// Notes that a token of this record was used. A use that cannot be noted is only logged.
    pub(crate) async fn note_use(&self, record: TokenRecordId, now: Timestamp) {
        if let Err(error) = self.caches.tokens.touch(record, now).await {
            tracing::warn!(%error, "a token's last use could not be noted");
        }
    }
}

fn is_good(record: &TokenRecord, claims: &AccessTokenClaims, now: Timestamp) -> bool {
    record.is_live(now) && record.client_id == claims.client_id
}
