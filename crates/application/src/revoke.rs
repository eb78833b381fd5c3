//! Token revocation (RFC 7009).

use std::sync::Arc;

use informer_oauth_domain::{
    audit::EventKind,
    error::ErrorCode,
    id::TokenRecordId,
    parameters::Parameters,
    timestamp::Timestamp,
    token_record::{Ending, RevocationReason},
};
use informer_oauth_ports::{Change, Changes, TokenSigner, TokenStore};

use crate::{
    audit_trail::{About, AuditTrail},
    authenticate_client::AuthenticateClient,
    client_credentials::{BasicCredentials, ClientCredentials},
    context::RequestContext,
    error::ProtocolError,
};

/// Ends the token record of either kind of token. A token that is unknown or another client's changes nothing and is
/// answered alike, so that nothing is learnt from asking (§2.2).
pub struct Revoke {
    pub(crate) authenticate: Arc<AuthenticateClient>,
    pub(crate) signer: Arc<dyn TokenSigner>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) changes: Arc<dyn Changes>,
    pub(crate) audit: AuditTrail,
}

impl Revoke {
    /// Answers one revocation request.
    pub async fn run(
        &self,
        parameters: &Parameters,
        basic: Option<BasicCredentials>,
        context: &RequestContext,
    ) -> Result<(), ProtocolError> {
        parameters.check_not_repeated()?;
        let credentials = ClientCredentials::read(basic, parameters)?;
        let client = self.authenticate.run(&credentials, context).await?;
        let client = client.client();
        let token = parameters.get("token")?.ok_or(ProtocolError::refused(
            ErrorCode::InvalidRequest,
            "The token is missing.",
        ))?;
        let Some(record) = self.record_of(token) else {
            return Ok(());
        };
        let ending = self
            .tokens
            .revoke(record, Some(client.uid), RevocationReason::Client, context.now)
            .await?;
        if ending == Ending::Ended {
            self.changes.publish(Change::TokenRecord(record)).await;
            let about = About {
                client: Some(client.uid),
                target: Some(record.to_string()),
                ..About::default()
            };
            self.audit.record(EventKind::TokenRevoked, about, context).await;
        }
        Ok(())
    }

    /// The record of a token, also of one that has expired: a client that signs its user out may have nothing fresher.
    /// The hint is not needed: the two kinds cannot be taken for each other.
    fn record_of(&self, token: &str) -> Option<TokenRecordId> {
        // No token had expired by then.
        let now = Timestamp::EPOCH;
        let refresh = self.signer.verify_refresh(token, now).map(|claims| claims.token_record);
        refresh
            .or_else(|_| self.signer.verify_access(token, now).map(|claims| claims.token_record))
            .ok()
    }
}
