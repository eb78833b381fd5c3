//! Whether an access token is good right now: what introspection, the gate and the management API share.

use std::sync::Arc;

use informer_oauth_domain::{
    claims::AccessTokenClaims, id::ClientRef, timestamp::Timestamp, token_record::TokenRecord,
};
use informer_oauth_ports::{ClientStore, TokenSigner, TokenStore};

use crate::error::Fault;

/// Verifies access tokens against keys, their token record and their client.
#[derive(Clone)]
pub struct AccessTokens {
    pub(crate) signer: Arc<dyn TokenSigner>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) clients: Arc<dyn ClientStore>,
}

impl AccessTokens {
    /// The claims and record of a good token; `None` when it is forged, expired, revoked or its client is gone or
    /// disabled. Its audience is the caller's to judge.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Option<(AccessTokenClaims, TokenRecord)>, Fault> {
        let Ok(claims) = self.signer.verify_access(token, now) else {
            return Ok(None);
        };
        let Some(record) = self.tokens.find(claims.token_record).await? else {
            return Ok(None);
        };
        if !record.is_live(now) || record.client_id != claims.client_id {
            return Ok(None);
        }
        let registration = self.clients.registration(ClientRef::ClientId(claims.client_id)).await?;
        let enabled = registration.is_some_and(|known| known.client.profile.enabled);
        Ok(enabled.then_some((claims, record)))
    }
}
