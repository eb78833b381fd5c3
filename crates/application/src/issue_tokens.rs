//! Minting the tokens of a grant (RFC 6749 §5.1, RFC 9068): shared by the grants.

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::{
    authorization::{OwnResources, TakenAway},
    claims::{AccessTokenClaims, RefreshTokenClaims},
    client::Client,
    error::{ErrorCode, OAuthError, Reason},
    resource::Resource,
    scope::ScopeSet,
    secret::Secret,
    timestamp::Timestamp,
    token_record::{RefreshState, TokenRecord},
};
use informer_oauth_ports::{Entropy, TokenSigner};

use crate::{error::Fault, ids};

/// The refusal of a grant whose user has been locked, disabled or deleted since.
pub(crate) const INACTIVE_USER: OAuthError = ErrorCode::InvalidGrant
    .because("The account of the user who granted this is not active.")
    .for_reason(Reason::UserInactive);

/// Refusal of a code or device code whose grant was revoked before it was redeemed.
pub(crate) const REVOKED: OAuthError = ErrorCode::InvalidGrant
    .because("The user or an administrator has revoked this access since it was granted.")
    .for_reason(Reason::GrantRevoked);

/// The answer of the token endpoint.
#[derive(Debug)]
pub struct TokenAnswer {
    /// `access_token`
    pub access_token: Secret,
    /// `scope`: what the access token really has.
    pub scope: ScopeSet,
    /// `expires_in`, seconds; `None` for a token that lives until revoked.
    pub expires_in: Option<u64>,
    /// `refresh_token`, where the grant has one.
    pub refresh_token: Option<Secret>,
}

/// Turns a token record as the store has just written it into tokens.
#[derive(Clone)]
pub struct IssueTokens {
    pub(crate) signer: Arc<dyn TokenSigner>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) access_lifetime: Duration,
    pub(crate) refresh_lifetime: Duration,
    pub(crate) resources: OwnResources,
}

impl IssueTokens {
    /// Refuses a grant that goes beyond what its client is registered for by now.
    pub(crate) fn check(&self, client: &Client, scope: ScopeSet, audience: &Resource) -> Result<(), OAuthError> {
        self.resources
            .check_grant(&client.profile, scope, audience)
            .map_err(|taken| match taken {
                TakenAway::Client => ErrorCode::InvalidGrant
                    .because("This client is disabled.")
                    .for_reason(Reason::ClientDisabled),
                TakenAway::Scope => ErrorCode::InvalidGrant
                    .because("The scope of this grant goes beyond what this client is registered for now.")
                    .for_reason(Reason::ScopeTakenAway),
                TakenAway::Resource => ErrorCode::InvalidTarget
                    .because("This client is not registered for the resource of this grant any more.")
                    .for_reason(Reason::ResourceMismatch),
            })
    }

    /// The `resource` of a token request, in the spelling that grants have (RFC 8707 §2.2).
    pub(crate) fn resource(&self, client: &Client, asked: Option<&str>) -> Result<Option<String>, OAuthError> {
        asked
            .map(|asked| self.resources.resolve(client, Some(asked)))
            .transpose()
            .map(|known| known.map(|known| known.as_str().to_owned()))
            .map_err(|error| error.for_reason(Reason::ResourceMismatch))
    }

    /// The record of a new grant, with its first refresh token if the client has them enabled.
    pub fn begin(&self, client: &Client, record: TokenRecord, now: Timestamp) -> TokenRecord {
        if !client.profile.refresh_tokens {
            return record;
        }
        TokenRecord {
            expires_at: Some(now + self.refresh_lifetime),
            refresh: Some(RefreshState {
                generation: 0,
                current: ids::token_id(&*self.entropy, now),
                current_issued_at: now,
                previous: None,
            }),
            ..record
        }
    }

    /// An access token with `scope` and, where the record has a live refresh token, that token's text. It follows from
    /// the record, so a retry gets the same.
    pub fn run(&self, record: &TokenRecord, scope: ScopeSet, now: Timestamp) -> Result<TokenAnswer, Fault> {
        let refreshable = record.refresh.as_ref().zip(record.expires_at);
        // Never past the grant itself, and none at all for a grant that cannot be refreshed (http-api.md §3).
        let expires_at = refreshable.map(|(_, grant_ends)| (now + self.access_lifetime).min(grant_ends));
        let access_token = self.signer.sign_access(&AccessTokenClaims {
            audience: record.audience.clone(),
            subject: record.username.clone(),
            client_id: record.client_id,
            scope,
            issued_at: now,
            expires_at,
            token_id: ids::token_id(&*self.entropy, now),
            token_record: record.id,
        })?;
        let refresh_token = refreshable
            .map(|(refresh, grant_ends)| {
                self.signer.sign_refresh(&RefreshTokenClaims {
                    audience: record.audience.clone(),
                    subject: record.username.clone(),
                    client_id: record.client_id,
                    scope: record.scope,
                    issued_at: refresh.current_issued_at,
                    expires_at: grant_ends,
                    token_id: refresh.current,
                    token_record: record.id,
                    generation: refresh.generation,
                })
            })
            .transpose()?;
        Ok(TokenAnswer {
            access_token,
            scope,
            expires_in: expires_at.map(|at| at.since(now).as_secs()),
            refresh_token,
        })
    }
}
