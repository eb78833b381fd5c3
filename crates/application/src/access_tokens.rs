//! Whether an access token is good right now: what introspection, the gate and the management API share.

use std::time::Duration;

use informer_oauth_domain::{
    authorization::{OwnResources, TakenAway},
    claims::AccessTokenClaims,
    error::Reason,
    id::{ClientId, ClientRef, TokenRecordId},
    resource::Resource,
    scope::ScopeSet,
    timestamp::Timestamp,
    token_record::TokenRecord,
};
use informer_oauth_ports::{ClientStore as _, StoreError, TokenRefused, TokenSigner as _, TokenStore as _};

use crate::{
    cache::{RecentUses, TokenCaches},
    error::Fault,
    user_standing::UserStanding,
};

/// How often the use of a token record is noted at most.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// Verifies access tokens against keys, their token record, their client with what it is registered for, and
/// their user.
#[derive(Clone)]
pub struct AccessTokens {
    pub(crate) caches: TokenCaches,
    pub(crate) resources: OwnResources,
    pub(crate) users: UserStanding,
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
    /// The claims and record of a good token; `None` when it is forged, expired, revoked, or its client is gone, disabled
    /// or no longer registered for its scope and resource, or its user locked, disabled or deleted. Whether its audience is the caller's is for the caller to judge.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Option<(AccessTokenClaims, TokenRecord)>, Fault> {
        Ok(match self.inspect(token, now).await? {
            Inspection::Good(claims, record) => Some((claims, record)),
            Inspection::Refused { .. } => None,
        })
    }

    /// The same, with the reason of a refusal.
    pub(crate) async fn inspect(&self, token: &str, now: Timestamp) -> Result<Inspection, Fault> {
        let TokenCaches { signatures, tokens, .. } = &self.caches;
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
        let refused = |reason: Reason, claims| {
            Ok(Inspection::Refused {
                reason: reason.as_str(),
                claims: Some(Box::new(claims)),
            })
        };
        let record = tokens.find(claims.token_record).await?;
        let Some(record) = record.filter(|record| is_good(record, &claims, now)) else {
            return refused(Reason::GrantEnded, claims);
        };
        let problem = self
            .grant_problem(claims.client_id, claims.scope, &claims.audience)
            .await?;
        if let Some(reason) = problem {
            return refused(reason, claims);
        }
        let expires = claims.expires_at.is_some();
        if !self.users.permits_token(&claims.subject, expires, now).await? {
            return refused(Reason::UserInactive, claims);
        }
        Ok(Inspection::Good(claims, record))
    }

    /// Why a client may not have a grant of `scope` for `audience` any more; `None` if it may.
    pub(crate) async fn grant_problem(
        &self,
        client: ClientId,
        scope: ScopeSet,
        audience: &Resource,
    ) -> Result<Option<Reason>, StoreError> {
        let registration = self.caches.clients.registration(ClientRef::ClientId(client)).await?;
        let Some(known) = registration else {
            return Ok(Some(Reason::ClientUnknown));
        };
        let checked = self.resources.check_grant(&known.client.profile, scope, audience);
        Ok(checked.err().map(TakenAway::reason))
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
