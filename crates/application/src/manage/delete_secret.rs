use informer_oauth_domain::{
    audit::EventKind,
    id::{ClientRef, SecretUid},
    user::ClientAdministrator,
};

use super::{Act, Manage};
use crate::{context::RequestContext, error::ManagementError};

impl Manage {
    /// Deletes a secret of this client: it stops working at once here, and within a second everywhere.
    pub async fn delete_secret(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        secret: SecretUid,
        context: &RequestContext,
    ) -> Result<(), ManagementError> {
        let client = self.known(client).await?.client.uid;
        if !self.0.clients.delete_secret(client, secret).await? {
            return Err(ManagementError::NotFound("Secret"));
        }
        self.0.hasher.forget(secret);
        let act = Act {
            actor: admin.username(),
            context,
        };
        self.client_changed(EventKind::SecretDeleted, client, Some(secret.to_string()), act)
            .await;
        Ok(())
    }
}
