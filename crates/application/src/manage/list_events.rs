use informer_oauth_domain::{
    audit::{AuditEvent, EventKind},
    id::{ClientRef, ClientUid},
    timestamp::Timestamp,
    user::ClientAdministrator,
};
use informer_oauth_ports::{EventFilter, Page, PageRequest};

use super::Manage;
use crate::error::ManagementError;

/// Which audit events are wanted; `None` is any.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EventQuery {
    /// About this client. By its id, also a deleted one.
    pub client: Option<ClientRef>,
    /// Of this kind.
    pub kind: Option<EventKind>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

impl Manage {
    /// A page of the audit events that a query means, newest first. They outlive their client: by its id, a deleted one's
    /// can still be read. A client that nothing is known of is not found.
    pub async fn list_events(
        &self,
        _admin: &ClientAdministrator,
        query: &EventQuery,
        page: PageRequest,
    ) -> Result<Page<AuditEvent>, ManagementError> {
        let client = match query.client {
            Some(named) => Some(self.client_of_events(named).await?),
            None => None,
        };
        let filter = EventFilter {
            client,
            kind: query.kind,
            from: query.from,
            until: query.until,
        };
        Ok(self.0.log.list(&filter, page).await?)
    }

    async fn client_of_events(&self, named: ClientRef) -> Result<ClientUid, ManagementError> {
        if let Some(registration) = self.0.clients.registration(named).await? {
            return Ok(registration.client.uid);
        }
        let ClientRef::Uid(uid) = named else {
            return Err(ManagementError::NotFound("Client"));
        };
        let filter = EventFilter {
            client: Some(uid),
            ..EventFilter::default()
        };
        match self
            .0
            .log
            .list(&filter, PageRequest { start: 0, limit: 1 })
            .await?
            .total
        {
            0 => Err(ManagementError::NotFound("Client")),
            _ => Ok(uid),
        }
    }
}
