//! The audit log.

use async_trait::async_trait;
use diesel::{
    dsl::count_star,
    prelude::*,
    sqlite::{Sqlite as Backend, SqliteConnection},
};
use informer_oauth_domain::{
    audit::{AuditEvent, EventKind},
    id::{ClientUid, EventId},
    timestamp::Timestamp,
};
use informer_oauth_ports::{AuditLog, EventFilter, Page, PageRequest, StoreError};

use crate::{
    Sqlite,
    columns::{self, blob, bounds, time, uuid},
    failure::{Failure, corrupt},
    schema::audit_events,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_events, check_for_backend(Backend), treat_none_as_default_value = false)]
struct EventRow {
    id: Vec<u8>,
    at: i64,
    kind: String,
    actor: Option<String>,
    client_uid: Option<Vec<u8>>,
    target: Option<String>,
    address: Option<String>,
    request_id: Option<String>,
}

const EVENT: &str = "audit event";

impl From<&AuditEvent> for EventRow {
    fn from(event: &AuditEvent) -> Self {
        Self {
            id: blob(event.id.uuid()),
            at: event.at.as_micros(),
            kind: event.kind.as_str().to_owned(),
            actor: event.actor.clone(),
            client_uid: event.client.map(|client| blob(client.uuid())),
            target: event.target.clone(),
            address: event.address.map(|address| address.to_string()),
            request_id: event.request_id.clone(),
        }
    }
}

impl TryFrom<EventRow> for AuditEvent {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let client = row.client_uid.map(|bytes| uuid(EVENT, &bytes)).transpose()?;
        let address = row
            .address
            .map(|text| text.parse().map_err(|error| corrupt(EVENT, error)))
            .transpose()?;
        Ok(Self {
            id: EventId::new(uuid(EVENT, &row.id)?),
            at: time(row.at),
            kind: EventKind::from_stored(&row.kind).ok_or_else(|| corrupt(EVENT, "unknown kind"))?,
            actor: row.actor,
            client: client.map(ClientUid::new),
            target: row.target,
            address,
            request_id: row.request_id,
        })
    }
}

pub(crate) const PURGE: &[&str] = &["DELETE FROM audit_events WHERE rowid IN (
         SELECT rowid FROM audit_events WHERE at < ?1 ORDER BY at, id LIMIT ?2)"];

#[async_trait]
impl AuditLog for Sqlite {
    async fn append(&self, event: &AuditEvent) -> Result<(), StoreError> {
        let row = EventRow::from(event);
        self.write(move |connection| {
            diesel::insert_into(audit_events::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    async fn list(&self, filter: &EventFilter, page: PageRequest) -> Result<Page<AuditEvent>, StoreError> {
        let filter = *filter;
        self.read(move |connection| connection.transaction(|connection| list(connection, filter, page)))
            .await
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.purge_rows(PURGE, before, limit).await
    }
}

fn meant(filter: EventFilter) -> audit_events::BoxedQuery<'static, Backend> {
    let mut events = audit_events::table.into_boxed();
    if let Some(client) = filter.client {
        events = events.filter(audit_events::client_uid.eq(blob(client.uuid())));
    }
    if let Some(kind) = filter.kind {
        events = events.filter(audit_events::kind.eq(kind.as_str()));
    }
    if let Some(from) = filter.from {
        events = events.filter(audit_events::at.ge(from.as_micros()));
    }
    if let Some(until) = filter.until {
        events = events.filter(audit_events::at.lt(until.as_micros()));
    }
    events
}

fn list(
    connection: &mut SqliteConnection,
    filter: EventFilter,
    page: PageRequest,
) -> Result<Page<AuditEvent>, Failure> {
    let total = meant(filter).select(count_star()).first(connection)?;
    let (offset, limit) = bounds(page);
    let rows: Vec<EventRow> = meant(filter)
        .select(EventRow::as_select())
        .order((audit_events::at.desc(), audit_events::id.desc()))
        .offset(offset)
        .limit(limit)
        .load(connection)?;
    Ok(columns::page(rows, total)?)
}
