use informer_oauth_domain::{audit::EventKind, client::Client, id::ClientRef, user::Superuser};
use informer_oauth_ports::{Change, ClientDeletion};

use super::{Act, Manage, Precondition};
use crate::{context::RequestContext, error::ManagementError};

impl Manage {
    /// One client, for a superuser who is about to delete it: the rank alone suffices for that.
    pub async fn read_for_deletion(
        &self,
        _superuser: &Superuser,
        client: ClientRef,
    ) -> Result<Client, ManagementError> {
        Ok(self.known(client).await?.client.clone())
    }

    /// Deletes a client with its secrets, icon and consents and ends its token records. The rank alone suffices: what
    /// was made while the feature was on can be removed after it was turned off.
    pub async fn delete_client(
        &self,
        superuser: &Superuser,
        client: ClientRef,
        precondition: &Precondition,
        context: &RequestContext,
    ) -> Result<(), ManagementError> {
        let registration = self.known(client).await?;
        let client = &registration.client;
        precondition.check(client)?;
        match self.0.clients.delete(client.uid, context.now).await? {
            ClientDeletion::Unknown => Err(ManagementError::NotFound("Client")),
            ClientDeletion::Deleted { revoked } => {
                for secret in &registration.secrets {
                    self.0.hasher.forget(secret.uid);
                }
                if revoked > 0 {
                    self.0.changes.publish(Change::TokenRecords).await;
                }
                let act = Act {
                    actor: superuser.username(),
                    context,
                };
                self.client_changed(
                    EventKind::ClientDeleted,
                    client.uid,
                    Some(client.client_id.to_string()),
                    act,
                )
                .await;
                Ok(())
            }
        }
    }
}
