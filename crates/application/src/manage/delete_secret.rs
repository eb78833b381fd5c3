use std::net::IpAddr;

use informer_oauth_domain::{
    audit::EventKind,
    id::{ClientRef, SecretUid},
    timestamp::Timestamp,
    user::ClientAdministrator,
};

use super::{Act, Manage};
use crate::error::ManagementError;

impl Manage {
    /// Deletes a secret of this client: it stops working at once here, and within a second everywhere.
    pub async fn delete_secret(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        secret: SecretUid,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), ManagementError> {
        let client = self.known(client).await?.client.uid;
        if !self.0.clients.delete_secret(client, secret).await? {
            return Err(ManagementError::NotFound("Secret"));
        }
        self.0.hasher.forget(secret);
        let act = Act {
            actor: admin.username(),
            address,
            now,
        };
        self.client_changed(EventKind::SecretDeleted, client, Some(secret.to_string()), act)
            .await;
        Ok(())
    }
}
