use informer_oauth_domain::{
    audit::EventKind,
    timestamp::Timestamp,
    token_record::{RevocationReason, TokenRecord},
    user::ClientAdministrator,
};
use informer_oauth_ports::{Change, Page, PageRequest, TokenFilter};

use super::Manage;
use crate::{audit_trail::About, context::RequestContext, error::ManagementError};

fn granted_by(username: String) -> TokenFilter {
    TokenFilter {
        client: None,
        username: Some(username),
    }
}

impl Manage {
    /// A page of the live token records that a user granted, to whichever client, oldest first.
    pub async fn list_user_tokens(
        &self,
        _admin: &ClientAdministrator,
        username: String,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<TokenRecord>, ManagementError> {
        Ok(self.0.tokens.list(&granted_by(username), page, now).await?)
    }

    /// Ends every live token record that a user granted, to whichever client; how many it was.
    pub async fn revoke_user_tokens(
        &self,
        admin: &ClientAdministrator,
        username: String,
        context: &RequestContext,
    ) -> Result<u64, ManagementError> {
        let filter = granted_by(username.clone());
        let revoked = self
            .0
            .tokens
            .revoke_all(&filter, RevocationReason::Administrator, context.now)
            .await?;
        if revoked > 0 {
            self.0.changes.publish(Change::TokenRecords).await;
        }
        let about = About {
            actor: Some(admin.username().to_owned()),
            target: Some(format!("{revoked} of {username}")),
            client: None,
        };
        self.0.audit.record(EventKind::TokensRevoked, about, context).await;
        Ok(revoked)
    }
}
