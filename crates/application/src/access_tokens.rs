//! Whether an access token is good right now: what introspection, the gate and the management API share.

use informer_oauth_domain::{
    claims::AccessTokenClaims,
    id::{ClientRef, TokenRecordId},
    timestamp::Timestamp,
    token_record::TokenRecord,
};
use informer_oauth_ports::{ClientStore as _, StoreError, TokenSigner as _, TokenStore as _};

use crate::{cache::TokenCaches, error::Fault, user_standing::UserStanding};

/// Verifies access tokens against keys, their token record, their client and their user.
#[derive(Clone)]
pub struct AccessTokens {
    pub(crate) caches: TokenCaches,
    pub(crate) users: UserStanding,
}

impl AccessTokens {
    /// The claims and record of a good token; `None` when it is forged, expired, revoked or its client is gone or
    /// disabled, or its user locked, disabled or deleted. Its audience is the caller's to judge.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Option<(AccessTokenClaims, TokenRecord)>, Fault> {
        let TokenCaches {
            signatures,
            tokens,
            clients,
        } = &self.caches;
        let Ok(claims) = signatures.verify_access(token, now) else {
            return Ok(None);
        };
        let Some(record) = tokens.find(claims.token_record).await? else {
            return Ok(None);
        };
        if !is_good(&record, &claims, now) {
            return Ok(None);
        }
        let registration = clients.registration(ClientRef::ClientId(claims.client_id)).await?;
        let enabled = registration.is_some_and(|known| known.client.profile.enabled);
        if !enabled {
            return Ok(None);
        }
        let expires = claims.expires_at.is_some();
        let permitted = self.users.permits_token(&claims.subject, expires, now).await?;
        Ok(permitted.then_some((claims, record)))
    }

    /// Notes that a token of this record was used.
    pub(crate) async fn touch(&self, record: TokenRecordId, now: Timestamp) -> Result<(), StoreError> {
        self.caches.tokens.touch(record, now).await
    }
}

fn is_good(record: &TokenRecord, claims: &AccessTokenClaims, now: Timestamp) -> bool {
    record.is_live(now) && record.client_id == claims.client_id
}
