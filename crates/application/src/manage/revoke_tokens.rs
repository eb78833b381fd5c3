use informer_oauth_domain::{
    audit::EventKind,
    id::{ClientRef, TokenRecordId},
    token_record::{Ending, RevocationReason},
    user::ClientAdministrator,
};
use informer_oauth_ports::{Change, TokenFilter};

use super::{Act, Manage};
use crate::{context::RequestContext, error::ManagementError};

impl Manage {
    /// Ends every live token record of a client or, with `username`, those of that user; how many it was.
    pub async fn revoke_tokens(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        username: Option<String>,
        context: &RequestContext,
    ) -> Result<u64, ManagementError> {
        let client = self.known(client).await?.client.uid;
        let filter = TokenFilter {
            client: Some(client),
            username,
        };
        let revoked = self
            .0
            .tokens
            .revoke_all(&filter, RevocationReason::Administrator, context.now)
            .await?;
        if revoked > 0 {
            self.0.changes.publish(Change::TokenRecords).await;
        }
        let target = match filter.username {
            Some(username) => format!("{revoked} of {username}"),
            None => revoked.to_string(),
        };
        self.record(
            EventKind::TokensRevoked,
            client,
            Some(target),
            Act {
                actor: admin.username(),
                context,
            },
        )
        .await;
        Ok(revoked)
    }

    /// Ends one live token record of this client; another client's, or one that has ended, is not found.
    pub async fn revoke_token(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        token: TokenRecordId,
        context: &RequestContext,
    ) -> Result<(), ManagementError> {
        let client = self.known(client).await?.client.uid;
        match self
            .0
            .tokens
            .revoke(token, Some(client), RevocationReason::Administrator, context.now)
            .await?
        {
            Ending::Ended => {
                self.0.changes.publish(Change::TokenRecord(token)).await;
                let act = Act {
                    actor: admin.username(),
                    context,
                };
                self.record(EventKind::TokenRevoked, client, Some(token.to_string()), act)
                    .await;
                Ok(())
            }
            Ending::EndedBefore | Ending::Unknown => Err(ManagementError::NotFound("Token")),
        }
    }
}
