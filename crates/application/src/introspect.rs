//! Token introspection (RFC 7662).

use std::sync::Arc;

use informer_oauth_domain::{
    claims::AccessTokenClaims, error::ErrorCode, id::ClientId, parameters::Parameters, scope::ScopeSet,
    timestamp::Timestamp,
};
use informer_oauth_ports::{TokenSigner, TokenStore};

use crate::{
    access_tokens::AccessTokens,
    authenticate_client::AuthenticateClient,
    client_credentials::{BasicCredentials, ClientCredentials},
    context::RequestContext,
    error::{Fault, ProtocolError},
    user_standing::UserStanding,
};

/// What introspection says of a token (§2.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Introspection {
    /// Not good, or not the caller's to know: exactly `{"active":false}`.
    Inactive,
    /// Good at this moment.
    Active(Box<ActiveToken>),
}

/// A token that is good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActiveToken {
    /// `scope`
    pub scope: ScopeSet,
    /// `client_id`
    pub client_id: ClientId,
    /// `username` and `sub`
    pub username: String,
    /// `token_type`: `Bearer` for an access token, `None` for a refresh token.
    pub token_type: Option<&'static str>,
    /// `exp`
    pub expires_at: Option<Timestamp>,
    /// `iat`
    pub issued_at: Timestamp,
    /// `aud`
    pub audience: String,
    /// `jti`
    pub token_id: String,
    /// `tid`
    pub token_record: String,
}

/// Answers resource servers and clients about tokens.
pub struct Introspect {
    pub(crate) authenticate: Arc<AuthenticateClient>,
    pub(crate) access: AccessTokens,
    pub(crate) signer: Arc<dyn TokenSigner>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) users: UserStanding,
}

impl Introspect {
    /// Answers one introspection request. Only confidential clients may ask (§2.1), about their own tokens; those flagged
    /// `introspect` about anybody's.
    pub async fn run(
        &self,
        parameters: &Parameters,
        basic: Option<BasicCredentials>,
        context: &RequestContext,
    ) -> Result<Introspection, ProtocolError> {
        parameters.check_not_repeated()?;
        let credentials = ClientCredentials::read(basic, parameters)?;
        let client = self.authenticate.run(&credentials, context).await?;
        if !client.is_confidential() {
            return Err(ProtocolError::refused(
                ErrorCode::InvalidClient,
                "Introspection needs a client secret.",
            ));
        }
        let client = client.client();
        if !client.profile.enabled {
            return Err(ProtocolError::refused(
                ErrorCode::UnauthorizedClient,
                "This client is disabled.",
            ));
        }
        let token = parameters.get("token")?.ok_or(ProtocolError::refused(
            ErrorCode::InvalidRequest,
            "The token is missing.",
        ))?;
        let Some(active) = self.describe(token, context.now).await? else {
            return Ok(Introspection::Inactive);
        };
        let may_know = client.profile.introspect || active.client_id == client.client_id;
        Ok(if may_know {
            Introspection::Active(Box::new(active))
        } else {
            Introspection::Inactive
        })
    }

    async fn describe(&self, token: &str, now: Timestamp) -> Result<Option<ActiveToken>, Fault> {
        if let Some((claims, _)) = self.access.verify(token, now).await? {
            return Ok(Some(describe_access(claims)));
        }
        let Ok(claims) = self.signer.verify_refresh(token, now) else {
            return Ok(None);
        };
        let record = self.tokens.find(claims.token_record).await?;
        let is_current = record
            .filter(|record| record.is_live(now))
            .and_then(|record| record.refresh)
            .is_some_and(|refresh| refresh.current == claims.token_id);
        if !is_current
            || self
                .access
                .grant_problem(claims.client_id, claims.scope, &claims.audience)
                .await?
                .is_some()
            || !self.users.is_active(&claims.subject, now).await?
        {
            return Ok(None);
        }
        Ok(Some(ActiveToken {
            scope: claims.scope,
            client_id: claims.client_id,
            username: claims.subject,
            token_type: None,
            expires_at: Some(claims.expires_at),
            issued_at: claims.issued_at,
            audience: claims.audience.as_str().to_owned(),
            token_id: claims.token_id.to_string(),
            token_record: claims.token_record.to_string(),
        }))
    }
}

fn describe_access(claims: AccessTokenClaims) -> ActiveToken {
    ActiveToken {
        scope: claims.scope,
        client_id: claims.client_id,
        username: claims.subject,
        token_type: Some("Bearer"),
        expires_at: claims.expires_at,
        issued_at: claims.issued_at,
        audience: claims.audience.as_str().to_owned(),
        token_id: claims.token_id.to_string(),
        token_record: claims.token_record.to_string(),
    }
}
