use std::cmp::Reverse;

use async_trait::async_trait;
use informer_oauth_domain::{audit::AuditEvent, id::EventId, timestamp::Timestamp};
use informer_oauth_ports::{AuditLog, EventFilter, Page, PageRequest, StoreError};

use crate::{Memory, state::page_of};

#[async_trait]
impl AuditLog for Memory {
    async fn append(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.lock().events.entry(event.id).or_insert_with(|| event.clone());
        Ok(())
    }

    async fn list(&self, filter: &EventFilter, page: PageRequest) -> Result<Page<AuditEvent>, StoreError> {
        let meant = |event: &&AuditEvent| {
            filter.client.is_none_or(|client| event.client == Some(client))
                && filter.kind.is_none_or(|kind| event.kind == kind)
                && filter.from.is_none_or(|from| from <= event.at)
                && filter.until.is_none_or(|until| event.at < until)
        };
        let mut events: Vec<AuditEvent> = self.lock().events.values().filter(meant).cloned().collect();
        events.sort_by_key(|event| Reverse((event.at, event.id)));
        Ok(page_of(events, page))
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let events = &mut self.lock().events;
        let mut over: Vec<(Timestamp, EventId)> = events
            .values()
            .filter(|event| event.at < before)
            .map(|event| (event.at, event.id))
            .collect();
        over.sort_unstable();
        over.truncate(limit as usize);
        for (_, id) in &over {
            events.remove(id);
        }
        Ok(over.len() as u64)
    }
}
