//! Whether an access token is good right now: what introspection, the gate and the management API share.

use std::{sync::Arc, time::Instant};

use informer_oauth_domain::{
    claims::AccessTokenClaims,
    client::Registration,
    id::{ClientRef, TokenRecordId},
    timestamp::Timestamp,
    token_record::TokenRecord,
};
use informer_oauth_ports::{ClientStore as _, StoreError, TokenSigner as _, TokenStore as _};

use crate::{
    cache::{Kept, TokenCaches},
    error::Fault,
};

/// Verifies access tokens against keys, their token record and their client.
#[derive(Clone)]
pub struct AccessTokens {
    pub(crate) caches: TokenCaches,
}

impl AccessTokens {
    /// The claims and record of a good token; `None` when it is forged, expired, revoked or its client is gone or
    /// disabled. Its audience is the caller's to judge.
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
        Ok(enabled.then_some((claims, record)))
    }

    /// A good token that expires, if all that says so is remembered: then there is nothing to wait for. `None` says nothing of a
    /// token but that it has to be verified.
    pub(crate) fn recall(&self, token: &str, now: Timestamp) -> Option<GoodToken> {
        // Before anything is looked at: what is forgotten meanwhile makes what was seen count no more.
        let forgotten = self.caches.forgotten();
        let claims = self.caches.signatures.recall(token)?;
        let record = self.caches.tokens.recall(claims.token_record)?;
        let registration = self.caches.clients.recall(claims.client_id)?;
        let is_good = is_good(&record, &claims, now) && registration.client.profile.enabled;
        let good = GoodToken {
            claims,
            record,
            registration,
            forgotten,
        };
        (is_good && !good.is_over(now)).then_some(good)
    }

    /// Whether nothing of what made a token good was forgotten since, is over by now or is to be read again.
    pub(crate) fn still_holds(&self, good: &GoodToken, now: Timestamp) -> bool {
        let moment = Instant::now();
        good.forgotten == self.caches.forgotten()
            && !good.record.is_old(moment)
            && !good.registration.is_old(moment)
            && !good.is_over(now)
    }

    /// Notes that a token of this record was used.
    pub(crate) async fn touch(&self, record: TokenRecordId, now: Timestamp) -> Result<(), StoreError> {
        self.caches.tokens.touch(record, now).await
    }
}

/// A token that was good, and all that said so.
pub(crate) struct GoodToken {
    pub(crate) claims: Arc<AccessTokenClaims>,
    pub(crate) record: Arc<Kept<TokenRecord>>,
    pub(crate) registration: Arc<Kept<Arc<Registration>>>,
    pub(crate) forgotten: u64,
}

impl GoodToken {
    /// A token without expiry counts as over: its user's standing is asked for at every use.
    fn is_over(&self, now: Timestamp) -> bool {
        self.claims.expires_at.is_none_or(|at| at <= now) || !self.record.is_live(now)
    }
}

fn is_good(record: &TokenRecord, claims: &AccessTokenClaims, now: Timestamp) -> bool {
    record.is_live(now) && record.client_id == claims.client_id
}
