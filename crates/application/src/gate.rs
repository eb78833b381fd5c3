//! The gate: whether a bearer token lets a request through to Informer (RFC 6750, http-api.md §6).

use std::time::Duration;

use informer_oauth_domain::{
    authorization::OwnResources,
    claims::AccessTokenClaims,
    id::{ClientId, TokenRecordId},
    path::NormalPath,
    route::{RouteTable, Verdict},
    scope::{Scope, ScopeSet},
    timestamp::Timestamp,
};

use crate::{access_tokens::AccessTokens, error::Fault};

/// How often the use of a token without expiry is written down at most.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// What the gate answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GateAnswer {
    /// The request may pass.
    Allowed {
        /// Whose request it is.
        username: String,
        /// Through which client.
        client_id: ClientId,
        /// The token's scope.
        scope: ScopeSet,
        /// The token's record.
        token_record: TokenRecordId,
    },
    /// There is no bearer token: Informer's own session rules apply.
    NoToken,
    /// The token is no good.
    InvalidToken,
    /// The token does not reach that far.
    Insufficient {
        /// The least scope that would.
        needed: Scope,
    },
    /// The path cannot be judged safely.
    BadPath,
}

/// Judges requests on their way to Informer.
pub struct Gate {
    pub(crate) access: AccessTokens,
    pub(crate) routes: RouteTable,
    pub(crate) resources: OwnResources,
}

impl Gate {
    /// Judges one request. `uri` is the original one, as the client wrote it.
    pub async fn judge(
        &self,
        bearer: Option<&str>,
        method: &str,
        uri: &str,
        now: Timestamp,
    ) -> Result<GateAnswer, Fault> {
        let Ok(path) = NormalPath::parse(uri) else {
            return Ok(GateAnswer::BadPath);
        };
        let Some(token) = bearer else {
            return Ok(GateAnswer::NoToken);
        };
        let Some((claims, record)) = self.access.verify(token, now).await? else {
            return Ok(GateAnswer::InvalidToken);
        };
        if !self.is_for_us(&claims) {
            return Ok(GateAnswer::InvalidToken);
        }
        if claims.expires_at.is_none() {
            let due = record
                .last_used_at
                .is_none_or(|last| now.since(last) >= USE_NOTED_EVERY);
            if due && let Err(error) = self.access.touch(record.id, now).await {
                tracing::warn!(%error, "a token's last use could not be noted");
            }
        }
        Ok(match self.routes.judge(method, &path, &claims.subject, claims.scope) {
            Verdict::Allowed { .. } => GateAnswer::Allowed {
                username: claims.subject,
                client_id: claims.client_id,
                scope: claims.scope,
                token_record: claims.token_record,
            },
            Verdict::Insufficient { needed, .. } => GateAnswer::Insufficient { needed },
        })
    }

    fn is_for_us(&self, claims: &AccessTokenClaims) -> bool {
        claims.audience == self.resources.audience || claims.audience == self.resources.issuer
    }

    /// The table that requests are judged by.
    pub const fn routes(&self) -> &RouteTable {
        &self.routes
    }
}
