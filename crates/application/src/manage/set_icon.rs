use informer_oauth_domain::{
    audit::EventKind, icon::IconImage, id::ClientRef, secret::Digest, user::ClientAdministrator,
};
use informer_oauth_ports::Icon;

use super::{Act, Manage};
use crate::{context::RequestContext, error::ManagementError};

impl Manage {
    /// Sets a client's icon. What the bytes are is told by the bytes.
    pub async fn set_icon(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        bytes: Vec<u8>,
        context: &RequestContext,
    ) -> Result<(), ManagementError> {
        let client = self.known(client).await?.client.uid;
        let image = IconImage::new(bytes)?;
        let (kind, digest) = (image.image_type(), Digest::of_bytes(image.bytes()));
        if !self
            .0
            .clients
            .set_icon(
                client,
                Some(&Icon {
                    kind,
                    bytes: image.into_bytes(),
                    digest,
                }),
            )
            .await?
        {
            return Err(ManagementError::NotFound("Client"));
        }
        let act = Act {
            actor: admin.username(),
            context,
        };
        self.client_changed(EventKind::ClientIconChanged, client, Some(kind.mime().to_owned()), act)
            .await;
        Ok(())
    }

    /// Removes a client's icon, so that it has its monogram again. Removing none is fine.
    pub async fn delete_icon(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        context: &RequestContext,
    ) -> Result<(), ManagementError> {
        let client = self.known(client).await?.client.uid;
        if !self.0.clients.set_icon(client, None).await? {
            return Err(ManagementError::NotFound("Client"));
        }
        let act = Act {
            actor: admin.username(),
            context,
        };
        self.client_changed(EventKind::ClientIconChanged, client, Some("none".to_owned()), act)
            .await;
        Ok(())
    }
}
