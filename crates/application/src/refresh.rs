//! Refreshing (RFC 6749 §6) with rotation and replay detection (RFC 9700 §4.14.2).

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::{
    audit::EventKind,
    claims::RefreshTokenClaims,
    error::{ErrorCode, OAuthError, Reason},
    parameters::Parameters,
    resource::Resource,
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
    issue_tokens::{INACTIVE_USER, IssueTokens, TokenAnswer},
    user_standing::UserStanding,
};

/// The one sentence for a caller who has not shown that the refresh token is its own.
const REFUSED: OAuthError = ErrorCode::InvalidGrant
    .because("The refresh token is unknown, expired, revoked, used, or belongs to another client.");
const EXPIRED: OAuthError = ErrorCode::InvalidGrant
    .because("The refresh token has expired.")
    .for_reason(Reason::RefreshTokenExpired);
const SUPERSEDED: OAuthError = ErrorCode::InvalidGrant
    .because("The refresh token was used before: only the newest one works.")
    .for_reason(Reason::RefreshTokenReplayed);
const REPLAYED: OAuthError = ErrorCode::InvalidGrant
    .because("The refresh token was used before, so its grant is revoked.")
    .for_reason(Reason::RefreshTokenReplayed);
const ENDED: OAuthError = ErrorCode::InvalidGrant
    .because("The grant of this refresh token is revoked.")
    .for_reason(Reason::GrantEnded);

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
        let claims = self.claims(parameters)?;
        if claims.client_id != client.client().client_id {
            self.note(EventKind::RefreshStolen, client, &claims, context).await;
            return Err(REFUSED.for_reason(Reason::RefreshTokenOfAnotherClient).into());
        }
        if context.now >= claims.expires_at {
            return Err(EXPIRED.into());
        }
        let profile = &client.client().profile;
        if !profile.refresh_tokens {
            return Err(ProtocolError::refused(
                ErrorCode::UnauthorizedClient,
                "Refresh tokens are not enabled for this client.",
            ));
        }
        self.issue.check(client.client(), claims.scope, &claims.audience)?;
        let asked = parameters.get("resource")?;
        if asked.is_some_and(|asked| !Resource::parse(asked).is_ok_and(|asked| asked.is_same(&claims.audience))) {
            return Err(ErrorCode::InvalidTarget
                .because("The resource differs from that of the authorization request.")
                .for_reason(Reason::ResourceMismatch)
                .into());
        }
        let scope = narrowed(parameters.get("scope")?, claims.scope)?;
        if !self.users.is_active(&claims.subject, context.now).await? {
            return Err(INACTIVE_USER.into());
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
                Err(SUPERSEDED.into())
            }
            Rotation::Reused { first } => {
                if first {
                    self.changes.publish(Change::TokenRecord(claims.token_record)).await;
                }
                self.note(EventKind::RefreshReplayed, client, &claims, context).await;
                Err(REPLAYED.into())
            }
            Rotation::Ended | Rotation::Unknown => Err(ENDED.into()),
        }
    }

    /// What the token says, also after its expiry: only its owner is told that it has expired.
    fn claims(&self, parameters: &Parameters) -> Result<RefreshTokenClaims, OAuthError> {
        let token = parameters
            .get("refresh_token")?
            .ok_or(ErrorCode::InvalidRequest.because("The refresh_token is missing."))?;
        self.signer.verify_refresh(token, Timestamp::EPOCH).map_err(|why| {
            tracing::debug!(%why, "a refresh token was refused");
            REFUSED.for_reason(Reason::RefreshTokenInvalid)
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
    let scope = ScopeSet::requested(asked)?;
    match scope.beyond(granted) {
        Some(beyond) => Err(ErrorCode::InvalidScope.naming("This grant does not include the scope", beyond.as_str())),
        None => Ok(scope),
    }
}
