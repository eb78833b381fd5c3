//! Whether an access token is good right now: what introspection, the gate and the management API share.

use informer_oauth_domain::{
    authorization::OwnResources,
    claims::AccessTokenClaims,
    id::{ClientId, ClientRef, TokenRecordId},
    resource::Resource,
    scope::ScopeSet,
    timestamp::Timestamp,
    token_record::TokenRecord,
};
use informer_oauth_ports::{ClientStore as _, StoreError, TokenSigner as _, TokenStore as _};

use crate::{cache::TokenCaches, error::Fault};

/// Verifies access tokens against keys, their token record and their client.
#[derive(Clone)]
pub struct AccessTokens {
    pub(crate) caches: TokenCaches,
    pub(crate) resources: OwnResources,
}

impl AccessTokens {
    /// The claims and record of a good token; `None` when it is forged, expired, revoked, or its client is gone, disabled
    /// or no longer registered for its scope and resource. Whether its audience is the caller's is for the caller to judge.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Option<(AccessTokenClaims, TokenRecord)>, Fault> {
        let TokenCaches { signatures, tokens, .. } = &self.caches;
        let Ok(claims) = signatures.verify_access(token, now) else {
            return Ok(None);
        };
        let Some(record) = tokens.find(claims.token_record).await? else {
            return Ok(None);
        };
        if !is_good(&record, &claims, now) {
            return Ok(None);
        }
        let allowed = self
            .is_allowed(claims.client_id, claims.scope, &claims.audience)
            .await?;
        Ok(allowed.then_some((claims, record)))
    }

    /// Whether a client may still have a grant of `scope` for `audience`.
    pub(crate) async fn is_allowed(
        &self,
        client: ClientId,
        scope: ScopeSet,
        audience: &Resource,
    ) -> Result<bool, StoreError> {
        let registration = self.caches.clients.registration(ClientRef::ClientId(client)).await?;
        Ok(registration.is_some_and(|known| {
            self.resources
                .check_grant(&known.client.profile, scope, audience)
                .is_ok()
        }))
    }

    /// Notes that a token of this record was used.
    pub(crate) async fn touch(&self, record: TokenRecordId, now: Timestamp) -> Result<(), StoreError> {
        self.caches.tokens.touch(record, now).await
    }
}

fn is_good(record: &TokenRecord, claims: &AccessTokenClaims, now: Timestamp) -> bool {
    record.is_live(now) && record.client_id == claims.client_id
}
