use informer_oauth_domain::{audit::AuditEvent, id::ClientRef, user::ClientAdministrator};
use informer_oauth_ports::{Page, PageRequest};

use super::Manage;
use crate::error::ManagementError;

impl Manage {
    /// A page of the audit events about a client, newest first. They outlive it: by its id, a deleted client's can still
    /// be read.
    pub async fn list_events(
        &self,
        _admin: &ClientAdministrator,
        client: ClientRef,
        page: PageRequest,
    ) -> Result<Page<AuditEvent>, ManagementError> {
        let registration = self.0.clients.registration(client).await?;
        let uid = match (&registration, client) {
            (Some(registration), _) => registration.client.uid,
            (None, ClientRef::Uid(uid)) => uid,
            (None, ClientRef::ClientId(_)) => return Err(ManagementError::NotFound("Client")),
        };
        let events = self.0.log.list(Some(uid), page).await?;
        if registration.is_none() && events.total == 0 {
            return Err(ManagementError::NotFound("Client"));
        }
        Ok(events)
    }
}
