//! The audit log.

use async_trait::async_trait;
use diesel::{dsl::count_star, pg::Pg as Backend, prelude::*};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use informer_oauth_domain::{
    audit::{AuditEvent, EventKind},
    id::{ClientUid, EventId},
    timestamp::Timestamp,
};
use informer_oauth_ports::{AuditLog, EventFilter, Page, PageRequest, StoreError};
use uuid::Uuid;

use crate::{
    Postgres,
    columns::{self, bounds, time},
    failure::{Failure, corrupt},
    schema::audit_events,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_events, check_for_backend(Backend), treat_none_as_default_value = false)]
struct EventRow {
    id: Uuid,
    at: i64,
    kind: String,
    actor: Option<String>,
    client_uid: Option<Uuid>,
    target: Option<String>,
    address: Option<String>,
    request_id: Option<String>,
}

const EVENT: &str = "audit event";

impl From<&AuditEvent> for EventRow {
    fn from(event: &AuditEvent) -> Self {
        // What somebody typed may hold NUL, which Postgres cannot store; the event must not be lost for that.
        let text = |text: &String| text.replace('\0', "\u{fffd}");
        Self {
            id: event.id.uuid(),
            at: event.at.as_micros(),
            kind: event.kind.as_str().to_owned(),
            actor: event.actor.as_ref().map(text),
            client_uid: event.client.map(ClientUid::uuid),
            target: event.target.as_ref().map(text),
            address: event.address.map(|address| address.to_string()),
            request_id: event.request_id.clone(),
        }
    }
}

impl TryFrom<EventRow> for AuditEvent {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let address = row
            .address
            .map(|text| text.parse().map_err(|error| corrupt(EVENT, error)))
            .transpose()?;
        Ok(Self {
            id: EventId::new(row.id),
            at: time(row.at),
            kind: EventKind::from_stored(&row.kind).ok_or_else(|| corrupt(EVENT, "unknown kind"))?,
            actor: row.actor,
            client: row.client_uid.map(ClientUid::new),
            target: row.target,
            address,
            request_id: row.request_id,
        })
    }
}

/// Deletes old events. Skips rows that another replica is deleting.
pub(crate) const PURGE: &[&str] = &["WITH over AS MATERIALIZED (
         SELECT id FROM audit_events WHERE at < $1 ORDER BY at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
     DELETE FROM audit_events USING over WHERE audit_events.id = over.id"];

#[async_trait]
impl AuditLog for Postgres {
    async fn append(&self, event: &AuditEvent) -> Result<(), StoreError> {
        let row = EventRow::from(event);
        self.call(|connection| append(connection, row).boxed()).await
    }

    async fn list(&self, filter: &EventFilter, page: PageRequest) -> Result<Page<AuditEvent>, StoreError> {
        let filter = *filter;
        self.call(move |connection| list(connection, filter, page).boxed())
            .await
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.purge_rows(PURGE, before, limit).await
    }
}

async fn append(connection: &mut AsyncPgConnection, row: EventRow) -> Result<(), Failure> {
    diesel::insert_into(audit_events::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    Ok(())
}

fn meant(filter: EventFilter) -> audit_events::BoxedQuery<'static, Backend> {
    let mut events = audit_events::table.into_boxed();
    if let Some(client) = filter.client {
        events = events.filter(audit_events::client_uid.eq(client.uuid()));
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

async fn list(
    connection: &mut AsyncPgConnection,
    filter: EventFilter,
    page: PageRequest,
) -> Result<Page<AuditEvent>, Failure> {
    let (offset, limit) = bounds(page);
    connection
        .build_transaction()
        .repeatable_read()
        .read_only()
        .run(async |connection| {
            let total = meant(filter).select(count_star()).first(connection).await?;
            let rows: Vec<EventRow> = meant(filter)
                .select(EventRow::as_select())
                .order((audit_events::at.desc(), audit_events::id.desc()))
                .offset(offset)
                .limit(limit)
                .load(connection)
                .await?;
            Ok(columns::page(rows, total)?)
        })
        .await
}
