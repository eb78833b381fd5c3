//! Refreshing (RFC 6749 §6) with rotation and replay detection (RFC 9700 §4.14.2).

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::{
    audit::EventKind,
    claims::RefreshTokenClaims,
    error::{ErrorCode, OAuthError},
    parameters::Parameters,
    scope::ScopeSet,
    timestamp::Timestamp,
    token_record::{Rotation, RotationRequest},
};
use informer_oauth_ports::{Change, Changes, Entropy, TokenSigner, TokenStore};

use crate::{
    audit_trail::{About, AuditTrail, REPEATED},
    authenticate_client::AuthenticatedClient,
    context::RequestContext,
    error::ProtocolError,
    ids,
    issue_tokens::{IssueTokens, TokenAnswer},
    user_standing::UserStanding,
};

const REFUSED: OAuthError = ErrorCode::InvalidGrant
    .because("The refresh token is unknown, expired, revoked, used, or belongs to another client.");
const WIDER: OAuthError = ErrorCode::InvalidScope.because("The scope goes beyond what was granted.");

/// The `refresh_token` grant.
///
/// The token is a JWT that carries every immutable fact of its grant, so all checks come before the one conditional
/// change in the store. If that fails, nothing happened and the same token still works.
pub struct Refresh {
    pub(crate) signer: Arc<dyn TokenSigner>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) users: UserStanding,
    pub(crate) issue: IssueTokens,
    pub(crate) audit: AuditTrail,
    pub(crate) changes: Arc<dyn Changes>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) retry_window: Duration,
}

impl Refresh {
    /// Exchanges a refresh token for new tokens.
    pub async fn run(
        &self,
        client: &AuthenticatedClient,
        parameters: &Parameters,
        context: &RequestContext,
    ) -> Result<TokenAnswer, ProtocolError> {
        let claims = self.claims(parameters, context.now)?;
        if claims.client_id != client.client().client_id {
            self.note(EventKind::RefreshStolen, client, &claims, context).await;
            return Err(REFUSED.into());
        }
        let profile = &client.client().profile;
        if !profile.refresh_tokens {
            return Err(ProtocolError::refused(
                ErrorCode::UnauthorizedClient,
                "Refresh tokens are not enabled for this client.",
            ));
        }
        if !profile.enabled || !claims.scope.is_within(profile.allowed_scope()) {
            return Err(REFUSED.into());
        }
        if parameters
            .get("resource")?
            .is_some_and(|asked| asked != claims.audience.as_str())
        {
            return Err(ProtocolError::refused(
                ErrorCode::InvalidTarget,
                "The resource is not the one that was granted.",
            ));
        }
        let scope = narrowed(parameters.get("scope")?, claims.scope)?;
        if !self.users.is_active(&claims.subject, context.now).await? {
            return Err(REFUSED.into());
        }
        let rotation = self
            .tokens
            .rotate(&RotationRequest {
                record: claims.token_record,
                presented: claims.token_id,
                presented_issued_at: claims.issued_at,
                presented_generation: claims.generation,
                successor: ids::token_id(&*self.entropy, context.now),
                asked: scope,
                now: context.now,
                retry_window: self.retry_window,
            })
            .await?;
        match rotation {
            Rotation::Rotated(record) | Rotation::Retried(record) => Ok(self.issue.run(&record, scope, context.now)?),
            Rotation::Superseded => {
                self.note(EventKind::RefreshSuperseded, client, &claims, context).await;
                Err(REFUSED.into())
            }
            Rotation::Reused { first } => {
                if first {
                    self.changes.publish(Change::TokenRecord(claims.token_record)).await;
                }
                self.note(EventKind::RefreshReplayed, client, &claims, context).await;
                Err(REFUSED.into())
            }
            Rotation::Ended | Rotation::Unknown => Err(REFUSED.into()),
        }
    }

    /// Whether the request holds a good refresh token of the client that it names. A client that was deleted cannot
    /// authenticate any more; its tokens are then what is wrong, not its credentials.
    pub fn belonged_to(&self, client_id: &str, parameters: &Parameters, now: Timestamp) -> bool {
        self.claims(parameters, now)
            .is_ok_and(|claims| claims.client_id.to_string() == client_id)
    }

    /// The refusal for such a client.
    pub const fn refusal() -> ProtocolError {
        ProtocolError::OAuth(REFUSED)
    }

    fn claims(&self, parameters: &Parameters, now: Timestamp) -> Result<RefreshTokenClaims, OAuthError> {
        let token = parameters
            .get("refresh_token")?
            .ok_or(ErrorCode::InvalidRequest.because("The refresh_token is missing."))?;
        self.signer.verify_refresh(token, now).map_err(|why| {
            tracing::debug!(%why, "a refresh token was refused");
            REFUSED
        })
    }

    async fn note(
        &self,
        kind: EventKind,
        client: &AuthenticatedClient,
        claims: &RefreshTokenClaims,
        context: &RequestContext,
    ) {
        let about = About {
            actor: Some(claims.subject.clone()),
            client: Some(client.client().uid),
            target: Some(claims.token_record.to_string()),
        };
        let key = format!("{}:{}", client.client().uid, claims.token_record);
        self.audit.record_once(kind, &key, REPEATED, about, context).await;
    }
}

fn narrowed(asked: Option<&str>, granted: ScopeSet) -> Result<ScopeSet, OAuthError> {
    let Some(asked) = asked else {
        return Ok(granted);
    };
    let scope: ScopeSet = asked.parse().map_err(|_| WIDER)?;
    if scope.is_empty() || !scope.is_subset_of(granted) {
        return Err(WIDER);
    }
    Ok(scope)
}
