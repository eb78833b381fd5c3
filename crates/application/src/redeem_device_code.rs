//! A device comes for its tokens (RFC 8628 §3.4–3.5).

use std::sync::Arc;

use informer_oauth_domain::{
    audit::EventKind,
    device::{DeviceGrant, DevicePoll, DevicePresentation},
    error::{ErrorCode, OAuthError, Reason},
    parameters::Parameters,
    secret::Digest,
    timestamp::Timestamp,
    token_record::{Insertion, TokenRecord},
};
use informer_oauth_ports::{DeviceStore, TokenStore};

use crate::{
    audit_trail::{About, AuditTrail, REPEATED},
    authenticate_client::AuthenticatedClient,
    context::RequestContext,
    error::ProtocolError,
    issue_tokens::{INACTIVE_USER, IssueTokens, REVOKED, TokenAnswer},
    user_standing::UserStanding,
};

/// The one sentence for a caller who has not shown that the device code is its own.
const REFUSED: OAuthError =
    ErrorCode::InvalidGrant.because("The device code is unknown, used, or was issued to another client.");
const REPLAYED: OAuthError = ErrorCode::InvalidGrant.because("The device code was used before.");

/// The `urn:ietf:params:oauth:grant-type:device_code` grant. A poll is one call to its store, which also redeems what was
/// approved; what fails after that issues nothing, and the device starts anew.
pub struct RedeemDeviceCode {
    pub(crate) devices: Arc<dyn DeviceStore>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) users: UserStanding,
    pub(crate) issue: IssueTokens,
    pub(crate) audit: AuditTrail,
}

impl RedeemDeviceCode {
    /// Answers a poll.
    pub async fn run(
        &self,
        client: &AuthenticatedClient,
        parameters: &Parameters,
        context: &RequestContext,
    ) -> Result<TokenAnswer, ProtocolError> {
        let device_code = parameters.get("device_code")?.ok_or(ProtocolError::refused(
            ErrorCode::InvalidRequest,
            "The device_code is missing.",
        ))?;
        if !client.client().profile.enabled {
            return Err(REFUSED.for_reason(Reason::ClientDisabled).into());
        }
        let presented = DevicePresentation {
            client: client.client().uid,
            resource: self.issue.resource(client.client(), parameters.get("resource")?)?,
        };
        // Only a grant that is used up tells whose it is.
        self.users.is_ready().await?;
        let refused = match self
            .devices
            .poll(&Digest::of(device_code), &presented, context.now)
            .await?
        {
            DevicePoll::Granted(grant) => return self.issue(client, &grant, context.now).await,
            DevicePoll::Pending => ProtocolError::refused(
                ErrorCode::AuthorizationPending,
                "Nobody has decided yet. Ask again after the interval.",
            ),
            DevicePoll::SlowDown(_) => ProtocolError::refused(
                ErrorCode::SlowDown,
                "Too fast. From now on wait five seconds longer between requests.",
            ),
            DevicePoll::Denied => ProtocolError::refused(ErrorCode::AccessDenied, "The user denied the request."),
            DevicePoll::Expired => ProtocolError::refused(ErrorCode::ExpiredToken, "The device code has expired."),
            DevicePoll::OtherResource => ProtocolError::refused(
                ErrorCode::InvalidTarget,
                "The resource is not the one that was asked for.",
            ),
            DevicePoll::OtherClient => {
                self.note_theft(client, context).await;
                REFUSED.for_reason(Reason::DeviceCodeOfAnotherClient).into()
            }
            DevicePoll::Redeemed => REPLAYED.into(),
            DevicePoll::Unknown => REFUSED.for_reason(Reason::DeviceCodeUnknown).into(),
        };
        Err(refused)
    }

    async fn issue(
        &self,
        client: &AuthenticatedClient,
        grant: &DeviceGrant,
        now: Timestamp,
    ) -> Result<TokenAnswer, ProtocolError> {
        // The client may have lost some of it since it asked, half an hour ago at most.
        self.issue
            .check(client.client(), grant.scope, &grant.request.audience)?;
        if !self.users.is_active(&grant.username, now).await? {
            return Err(INACTIVE_USER.into());
        }
        let record = self.issue.begin(client.client(), record_of(grant), now);
        match self.tokens.insert(&record).await? {
            Insertion::Inserted => Ok(self.issue.run(&record, record.scope, now)?),
            Insertion::Revoked => Err(REVOKED.into()),
            // The store of devices forgot that this was redeemed.
            _ => Err(REPLAYED.into()),
        }
    }

    /// Somebody else's code in the hands of a client that proved who it is means that the code leaked.
    async fn note_theft(&self, client: &AuthenticatedClient, context: &RequestContext) {
        if client.is_confidential() {
            let about = About {
                client: Some(client.client().uid),
                ..About::default()
            };
            let key = client.client().uid.to_string();
            self.audit
                .record_once(EventKind::DeviceCodeStolen, &key, REPEATED, about, context)
                .await;
        }
    }
}

fn record_of(grant: &DeviceGrant) -> TokenRecord {
    TokenRecord {
        id: grant.request.token_record,
        client: grant.request.client,
        client_id: grant.request.client_id,
        username: grant.username.clone(),
        scope: grant.scope,
        audience: grant.request.audience.clone(),
        created_at: grant.granted_at,
        expires_at: None,
        refresh: None,
        last_used_at: None,
        revoked: None,
    }
}
