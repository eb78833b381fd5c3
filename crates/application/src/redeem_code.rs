//! Redeeming an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6).

use std::sync::Arc;

use informer_oauth_domain::{
    audit::EventKind,
    code::{AuthorizationCode, CodeMismatch, CodePresentation, CodeRedemption},
    error::{ErrorCode, OAuthError, Reason},
    parameters::Parameters,
    pkce::CodeVerifier,
    secret::Digest,
    token_record::{Insertion, RevocationReason, TokenRecord},
};
use informer_oauth_ports::{Change, Changes, CodeStore, TokenStore};

use crate::{
    audit_trail::{About, AuditTrail, REPEATED},
    authenticate_client::AuthenticatedClient,
    context::RequestContext,
    error::ProtocolError,
    issue_tokens::{INACTIVE_USER, IssueTokens, REVOKED, TokenAnswer},
    user_standing::UserStanding,
};

/// The one sentence for a caller who has not shown that the code is its own.
const REFUSED: OAuthError = ErrorCode::InvalidGrant
    .because("The authorization code is unknown, expired, used, or was issued to another client.");
const MALFORMED_VERIFIER: OAuthError = ErrorCode::InvalidGrant
    .because("The code_verifier is malformed: it has 43 to 128 letters, digits, or characters of -._~ (RFC 7636).")
    .for_reason(Reason::PkceMalformed);
const REPLAYED: OAuthError = ErrorCode::InvalidGrant
    .because("The authorization code was used before.")
    .for_reason(Reason::CodeReplayed);

/// The `authorization_code` grant.
///
/// Order: what the request says is judged first, then the code is consumed by one conditional change in its store, then
/// the record is inserted, then tokens are minted. A crash after consuming loses the code and issues nothing.
pub struct RedeemCode {
    pub(crate) codes: Arc<dyn CodeStore>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) users: UserStanding,
    pub(crate) issue: IssueTokens,
    pub(crate) audit: AuditTrail,
    pub(crate) changes: Arc<dyn Changes>,
}

impl RedeemCode {
    /// Exchanges a code for tokens.
    pub async fn run(
        &self,
        client: &AuthenticatedClient,
        parameters: &Parameters,
        context: &RequestContext,
    ) -> Result<TokenAnswer, ProtocolError> {
        let code = parameters.get("code")?.ok_or(ProtocolError::refused(
            ErrorCode::InvalidRequest,
            "The code is missing.",
        ))?;
        let challenge = match parameters.get("code_verifier")? {
            Some(verifier) => Some(
                CodeVerifier::parse(verifier)
                    .map_err(|_| MALFORMED_VERIFIER)?
                    .challenge(),
            ),
            None => None,
        };
        if !client.client().profile.enabled {
            return Err(REFUSED.for_reason(Reason::ClientDisabled).into());
        }
        let presented = CodePresentation {
            client: client.client().uid,
            redirect_uri: parameters.get("redirect_uri")?.map(str::to_owned),
            challenge,
            resource: self.issue.resource(client.client(), parameters.get("resource")?)?,
        };
        // Only a code that is used up tells whose it is.
        self.users.is_ready().await?;
        match self.codes.redeem(&Digest::of(code), &presented, context.now).await? {
            CodeRedemption::Redeemed(code) => self.issue(client, &code, context).await,
            CodeRedemption::Replayed(code) => {
                if client.is_confidential() || code.is_proven_by(&presented) {
                    self.end_what_it_gave(client, &code, context).await?;
                } else {
                    self.note_replay(EventKind::CodeReplayUnproven, client, &code, context)
                        .await;
                }
                Err(REPLAYED.into())
            }
            CodeRedemption::Refused(mismatch) => {
                self.note_theft(client, mismatch, context).await;
                Err(refusal(mismatch, &presented).into())
            }
            CodeRedemption::Unknown => Err(REFUSED.for_reason(Reason::CodeUnknown).into()),
        }
    }

    async fn issue(
        &self,
        client: &AuthenticatedClient,
        code: &AuthorizationCode,
        context: &RequestContext,
    ) -> Result<TokenAnswer, ProtocolError> {
        self.issue.check(client.client(), code.scope, &code.audience)?;
        if !self.users.is_active(&code.username, context.now).await? {
            return Err(INACTIVE_USER.into());
        }
        let record = self.issue.begin(client.client(), record_of(code), context.now);
        match self.tokens.insert(&record).await? {
            // Barred: a replay of the code was faster than this insertion. The one presentation that consumed the code
            // is answered all the same, so that of any number exactly one is (RFC 6749 §4.1.2); its tokens belong to a
            // revoked record, as they would if the replay had come a moment later.
            Insertion::Inserted | Insertion::Barred => Ok(self.issue.run(&record, record.scope, context.now)?),
            Insertion::Revoked => Err(REVOKED.into()),
            // It was redeemed before, and its store has lost the mark of that, as one may that takes over from another.
            Insertion::Exists => {
                self.end_what_it_gave(client, code, context).await?;
                Err(REPLAYED.into())
            }
        }
    }

    async fn end_what_it_gave(
        &self,
        client: &AuthenticatedClient,
        code: &AuthorizationCode,
        context: &RequestContext,
    ) -> Result<(), ProtocolError> {
        self.tokens
            .bar(&record_of(code), RevocationReason::CodeReplay, context.now)
            .await?;
        self.changes.publish(Change::TokenRecord(code.token_record)).await;
        self.note_replay(EventKind::CodeReplayed, client, code, context).await;
        Ok(())
    }

    async fn note_replay(
        &self,
        kind: EventKind,
        client: &AuthenticatedClient,
        code: &AuthorizationCode,
        context: &RequestContext,
    ) {
        let key = code.token_record.to_string();
        let about = About {
            actor: Some(code.username.clone()),
            client: Some(client.client().uid),
            target: Some(key.clone()),
        };
        self.audit.record_once(kind, &key, REPEATED, about, context).await;
    }

    /// Somebody else's code in the hands of a client that proved who it is means that the code leaked.
    async fn note_theft(&self, client: &AuthenticatedClient, mismatch: CodeMismatch, context: &RequestContext) {
        if mismatch == CodeMismatch::Client && client.is_confidential() {
            let about = About {
                client: Some(client.client().uid),
                ..About::default()
            };
            let key = client.client().uid.to_string();
            self.audit
                .record_once(EventKind::CodeStolen, &key, REPEATED, about, context)
                .await;
        }
    }
}

/// The answer to a code that does not fit. Only its own client is told which check failed; a code of another client is
/// answered like an unknown one.
const fn refusal(mismatch: CodeMismatch, presented: &CodePresentation) -> OAuthError {
    let grant = ErrorCode::InvalidGrant;
    match mismatch {
        CodeMismatch::Client => REFUSED.for_reason(Reason::CodeOfAnotherClient),
        CodeMismatch::Expired => grant
            .because("The authorization code has expired.")
            .for_reason(Reason::CodeExpired),
        CodeMismatch::RedirectUri if presented.redirect_uri.is_none() => grant
            .because("Missing redirect_uri: send the one of the authorization request.")
            .for_reason(Reason::RedirectUriMismatch),
        CodeMismatch::RedirectUri => grant
            .because("The redirect_uri differs from that of the authorization request.")
            .for_reason(Reason::RedirectUriMismatch),
        CodeMismatch::Verifier if presented.challenge.is_none() => grant
            .because("Missing code_verifier: the authorization request had a code_challenge.")
            .for_reason(Reason::PkceMissing),
        CodeMismatch::Verifier => grant
            .because("The code_verifier does not match the code_challenge of the authorization request.")
            .for_reason(Reason::PkceMismatch),
        CodeMismatch::Resource => ErrorCode::InvalidTarget
            .because("The resource differs from that of the authorization request.")
            .for_reason(Reason::ResourceMismatch),
    }
}

fn record_of(code: &AuthorizationCode) -> TokenRecord {
    TokenRecord {
        id: code.token_record,
        client: code.client,
        client_id: code.client_id,
        username: code.username.clone(),
        scope: code.scope,
        audience: code.audience.clone(),
        created_at: code.issued_at,
        expires_at: None,
        refresh: None,
        last_used_at: None,
        revoked: None,
    }
}

#[cfg(test)]
mod tests;
