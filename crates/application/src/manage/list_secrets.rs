use informer_oauth_domain::{
    client_secret::ClientSecret,
    id::{ClientRef, SecretUid},
    user::ClientAdministrator,
};

use super::Manage;
use crate::error::ManagementError;

impl Manage {
    /// A client's secrets, oldest first, live and expired.
    pub async fn list_secrets(
        &self,
        _admin: &ClientAdministrator,
        client: ClientRef,
    ) -> Result<Vec<ClientSecret>, ManagementError> {
        Ok(self.known(client).await?.secrets.clone())
    }

    /// One secret of this client; another client's is not found.
    pub async fn read_secret(
        &self,
        _admin: &ClientAdministrator,
        client: ClientRef,
        secret: SecretUid,
    ) -> Result<ClientSecret, ManagementError> {
        let registration = self.known(client).await?;
        registration
            .secrets
            .iter()
            .find(|known| known.uid == secret)
            .cloned()
            .ok_or(ManagementError::NotFound("Secret"))
    }
}
