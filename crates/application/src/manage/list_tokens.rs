use informer_oauth_domain::{
    id::ClientRef, timestamp::Timestamp, token_record::TokenRecord, user::ClientAdministrator,
};
use informer_oauth_ports::{Page, PageRequest, TokenFilter};

use super::Manage;
use crate::error::ManagementError;

impl Manage {
    /// A page of a client's live token records, oldest first; with `username`, only those of that user.
    pub async fn list_tokens(
        &self,
        _admin: &ClientAdministrator,
        client: ClientRef,
        username: Option<String>,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<TokenRecord>, ManagementError> {
        let client = self.known(client).await?.client.uid;
        Ok(self
            .0
            .tokens
            .list(
                &TokenFilter {
                    client: Some(client),
                    username,
                },
                page,
                now,
            )
            .await?)
    }
}
