use std::cmp::Reverse;

use async_trait::async_trait;
use informer_oauth_domain::{audit::AuditEvent, id::ClientUid};
use informer_oauth_ports::{AuditLog, Page, PageRequest, StoreError};

use crate::{Memory, state::page_of};

#[async_trait]
impl AuditLog for Memory {
    async fn append(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.lock().events.entry(event.id).or_insert_with(|| event.clone());
        Ok(())
    }

    async fn list(&self, client: Option<ClientUid>, page: PageRequest) -> Result<Page<AuditEvent>, StoreError> {
        let concerned = |event: &&AuditEvent| client.is_none() || event.client == client;
        let mut events: Vec<AuditEvent> = self.lock().events.values().filter(concerned).cloned().collect();
        events.sort_by_key(|event| Reverse((event.at, event.id)));
        Ok(page_of(events, page))
    }
}
