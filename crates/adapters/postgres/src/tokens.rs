//! Token records.

use async_trait::async_trait;
use diesel::{
    dsl::{count_star, min},
    pg::Pg as Backend,
    prelude::*,
    sql_types::{BigInt, Nullable, Text, Uuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use informer_oauth_domain::{
    id::{ClientUid, TokenRecordId},
    timestamp::Timestamp,
    token_record::{Ending, Insertion, RevocationReason, Rotation, RotationRequest, TokenRecord},
};
use informer_oauth_ports::{Page, PageRequest, StoreError, TokenFilter, TokenStore, traced};

use crate::{
    Postgres,
    columns::{self, bounds, can_be_stored, time},
    failure::{Failure, STORE},
    pool::PATIENCE_FOR_MANY,
    revocations::{is_revoked, note_revocation},
    schema::token_records::{self, dsl},
    token_rows::TokenRow,
};

/// Deletes expired records, revoked records without expiry, and old revocations. Skips rows that another replica is
/// deleting.
pub(crate) const PURGE: &[&str] = &[
    "WITH over AS MATERIALIZED (
         SELECT id FROM token_records WHERE expires_at IS NOT NULL AND expires_at < $1
         ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
     DELETE FROM token_records USING over WHERE token_records.id = over.id",
    "WITH over AS MATERIALIZED (
         SELECT id FROM token_records WHERE revoked_at IS NOT NULL AND expires_at IS NULL AND revoked_at < $1
         ORDER BY revoked_at LIMIT $2 FOR UPDATE SKIP LOCKED)
     DELETE FROM token_records USING over WHERE token_records.id = over.id",
    "WITH over AS MATERIALIZED (
         SELECT client_uid, user_digest FROM revocations WHERE at < $1
         ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
     DELETE FROM revocations AS kept USING over
     WHERE kept.client_uid = over.client_uid AND kept.user_digest = over.user_digest",
];

const REVOKE_LIVE: &str = "WITH meant AS MATERIALIZED (
         SELECT id FROM token_records
         WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1)
           AND ($3 IS NULL OR client_uid = $3) AND ($4 IS NULL OR username = $4)
         ORDER BY id FOR NO KEY UPDATE)
     UPDATE token_records SET revoked_at = $1, revoked_reason = $2 FROM meant WHERE token_records.id = meant.id";

fn names_nobody(filter: &TokenFilter) -> bool {
    !filter.username.as_deref().is_none_or(can_be_stored)
}

#[async_trait]
impl TokenStore for Postgres {
    async fn insert(&self, record: &TokenRecord) -> Result<Insertion, StoreError> {
        let insertion = self.insertions.ask(&self.pool, TokenRow::from(record));
        traced(STORE, "TokenStore.insert", insertion).await
    }

    async fn rotate(&self, request: &RotationRequest) -> Result<Rotation, StoreError> {
        let rotation = self.rotations.ask(&self.pool, *request);
        traced(STORE, "TokenStore.rotate", rotation).await
    }

    async fn find(&self, id: TokenRecordId) -> Result<Option<TokenRecord>, StoreError> {
        self.call(move |connection| find(connection, id).boxed()).await
    }

    async fn revoke(
        &self,
        id: TokenRecordId,
        client: Option<ClientUid>,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<Ending, StoreError> {
        self.call(move |connection| revoke(connection, id, client, reason, now).boxed())
            .await
    }

    async fn bar(&self, record: &TokenRecord, reason: RevocationReason, now: Timestamp) -> Result<Ending, StoreError> {
        let id = record.id;
        let row = TokenRow::from(&record.clone().barred(now, reason));
        self.call(move |connection| bar(connection, id, row, reason, now).boxed())
            .await
    }

    async fn revoke_all(
        &self,
        filter: &TokenFilter,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        if names_nobody(filter) {
            return Ok(0);
        }
        let filter = filter.clone();
        self.call_patiently(move |connection| revoke_all(connection, filter, reason, now).boxed())
            .await
    }

    async fn list(
        &self,
        filter: &TokenFilter,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<TokenRecord>, StoreError> {
        if names_nobody(filter) {
            return Ok(columns::nothing());
        }
        let filter = filter.clone();
        self.call(move |connection| list(connection, filter, page, now).boxed())
            .await
    }

    async fn touch(&self, id: TokenRecordId, at: Timestamp) -> Result<(), StoreError> {
        self.call(move |connection| touch(connection, id, at).boxed()).await
    }

    async fn oldest_unexpiring(&self) -> Result<Option<Timestamp>, StoreError> {
        self.call(|connection| oldest_unexpiring(connection).boxed()).await
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.purge_rows(PURGE, before, limit).await
    }
}

async fn find(connection: &mut AsyncPgConnection, id: TokenRecordId) -> Result<Option<TokenRecord>, Failure> {
    let row: Option<TokenRow> = token_records::table
        .find(id.uuid())
        .select(TokenRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(TokenRecord::try_from).transpose()?)
}

/// One statement, and a look at what is in the way when something is.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, row: TokenRow) -> Result<Insertion, Failure> {
    let id = TokenRecordId::new(row.id);
    loop {
        let rows = diesel::insert_into(token_records::table)
            .values(&row)
            .on_conflict_do_nothing()
            .execute(connection)
            .await?;
        if rows == 1 {
            return Ok(Insertion::Inserted);
        }
        if let Some(there) = find(connection, id).await? {
            return Ok(there.in_the_way());
        }
        if is_revoked(connection, &row).await? {
            return Ok(Insertion::Revoked);
        }
        // It was purged after the insertion had met it.
    }
}

/// The first arm of [`TokenRecord::rotate`] as one conditional update, which waits for others that change the record and
/// then looks again. Only what it does not hit is locked, read and judged.
pub(crate) async fn rotate(connection: &mut AsyncPgConnection, request: RotationRequest) -> Result<Rotation, Failure> {
    let now = request.now.as_micros();
    // All that it returns, here and below: see the crate's "acknowledged when it is committed".
    let rotated: Vec<TokenRow> = diesel::update(token_records::table.find(request.record.uuid()))
        .filter(dsl::current_jti.eq(request.presented.uuid()))
        .filter(dsl::revoked_at.is_null())
        .filter(dsl::expires_at.is_null().or(dsl::expires_at.gt(now)))
        .set((
            dsl::generation.eq(dsl::generation + 1),
            dsl::previous_jti.eq(dsl::current_jti),
            dsl::previous_issued_at.eq(dsl::current_issued_at),
            dsl::previous_asked.eq(request.asked.to_string()),
            dsl::current_jti.eq(request.successor.uuid()),
            dsl::current_issued_at.eq(now),
            dsl::last_used_at.eq(now),
        ))
        .returning(TokenRow::as_returning())
        .get_results(connection)
        .await?;
    match rotated.into_iter().next() {
        Some(row) => Ok(Rotation::Rotated(row.try_into()?)),
        None => judge_unrotated(connection, request).await,
    }
}

async fn judge_unrotated(connection: &mut AsyncPgConnection, request: RotationRequest) -> Result<Rotation, Failure> {
    connection
        .transaction(async |connection| {
            let row: Option<TokenRow> = token_records::table
                .find(request.record.uuid())
                .select(TokenRow::as_select())
                .for_no_key_update()
                .first(connection)
                .await
                .optional()?;
            let Some(row) = row else {
                return Ok(Rotation::Unknown);
            };
            let before = TokenRecord::try_from(row)?;
            let (after, outcome) = before.clone().rotate(&request);
            if after != before {
                diesel::update(token_records::table.find(request.record.uuid()))
                    .set(TokenRow::from(&after))
                    .execute(connection)
                    .await?;
            }
            Ok(outcome)
        })
        .await
}

async fn revoke(
    connection: &mut AsyncPgConnection,
    id: TokenRecordId,
    client: Option<ClientUid>,
    reason: RevocationReason,
    now: Timestamp,
) -> Result<Ending, Failure> {
    loop {
        let mut update = diesel::update(token_records::table.find(id.uuid()))
            .set((
                dsl::revoked_at.eq(now.as_micros()),
                dsl::revoked_reason.eq(reason.as_str()),
            ))
            .into_boxed()
            .filter(dsl::revoked_at.is_null());
        if let Some(client) = client {
            update = update.filter(dsl::client_uid.eq(client.uuid()));
        }
        // An expired record is marked as well, for replicas whose clock is behind, though it had ended before.
        let ended: Vec<Option<i64>> = update.returning(dsl::expires_at).get_results(connection).await?;
        if let Some(expires_at) = ended.into_iter().next() {
            let was_live = expires_at.is_none_or(|at| now.as_micros() < at);
            return Ok(if was_live { Ending::Ended } else { Ending::EndedBefore });
        }
        match find(connection, id).await? {
            Some(record) if client.is_some_and(|client| record.client != client) => return Ok(Ending::Unknown),
            Some(record) if record.revoked.is_some() => return Ok(Ending::EndedBefore),
            // It was inserted after the update had looked for it.
            Some(_) => {}
            None => return Ok(Ending::Unknown),
        }
    }
}

async fn bar(
    connection: &mut AsyncPgConnection,
    id: TokenRecordId,
    row: TokenRow,
    reason: RevocationReason,
    now: Timestamp,
) -> Result<Ending, Failure> {
    loop {
        let inserted = diesel::insert_into(token_records::table)
            .values(&row)
            .on_conflict_do_nothing()
            .execute(connection)
            .await?;
        if inserted == 1 {
            return Ok(Ending::Ended);
        }
        match revoke(connection, id, None, reason, now).await? {
            // It was purged after the insertion had met it.
            Ending::Unknown => {}
            ending => return Ok(ending),
        }
    }
}

/// Gives the rest of a transaction the time that a change of very many rows takes.
pub(crate) async fn allow_time(connection: &mut AsyncPgConnection) -> Result<(), Failure> {
    let time = format!("SET LOCAL statement_timeout = {}", PATIENCE_FOR_MANY.as_millis());
    Ok(connection.batch_execute(&time).await?)
}

async fn revoke_all(
    connection: &mut AsyncPgConnection,
    filter: TokenFilter,
    reason: RevocationReason,
    now: Timestamp,
) -> Result<u64, Failure> {
    note_revocation(connection, &filter, now).await?;
    connection
        .transaction(async |connection| {
            allow_time(connection).await?;
            revoke_live(connection, &filter, reason, now).await
        })
        .await
}

/// Ends every live record that the filter means. Rows are locked in the order of their ids, so that calls that mean some
/// of the same records wait for each other instead of deadlocking; what another ended meanwhile is passed over.
pub(crate) async fn revoke_live(
    connection: &mut AsyncPgConnection,
    filter: &TokenFilter,
    reason: RevocationReason,
    now: Timestamp,
) -> Result<u64, Failure> {
    let rows = diesel::sql_query(REVOKE_LIVE)
        .bind::<BigInt, _>(now.as_micros())
        .bind::<Text, _>(reason.as_str())
        .bind::<Nullable<Uuid>, _>(filter.client.map(ClientUid::uuid))
        .bind::<Nullable<Text>, _>(filter.username.as_deref())
        .execute(connection)
        .await?;
    Ok(rows as u64)
}

fn live(filter: &TokenFilter, now: Timestamp) -> token_records::BoxedQuery<'static, Backend> {
    let mut live = token_records::table
        .filter(dsl::revoked_at.is_null())
        .filter(dsl::expires_at.is_null().or(dsl::expires_at.gt(now.as_micros())))
        .into_boxed();
    if let Some(client) = filter.client {
        live = live.filter(dsl::client_uid.eq(client.uuid()));
    }
    if let Some(username) = &filter.username {
        live = live.filter(dsl::username.eq(username.clone()));
    }
    live
}

async fn list(
    connection: &mut AsyncPgConnection,
    filter: TokenFilter,
    page: PageRequest,
    now: Timestamp,
) -> Result<Page<TokenRecord>, Failure> {
    let (offset, limit) = bounds(page);
    connection
        .build_transaction()
        .repeatable_read()
        .read_only()
        .run(async |connection| {
            let total = live(&filter, now).select(count_star()).first(connection).await?;
            let rows: Vec<TokenRow> = live(&filter, now)
                .select(TokenRow::as_select())
                .order((dsl::created_at, dsl::id))
                .offset(offset)
                .limit(limit)
                .load(connection)
                .await?;
            Ok(columns::page(rows, total)?)
        })
        .await
}

async fn touch(connection: &mut AsyncPgConnection, id: TokenRecordId, at: Timestamp) -> Result<(), Failure> {
    let used = token_records::last_used_at;
    diesel::update(token_records::table.find(id.uuid()))
        .filter(used.is_null().or(used.lt(at.as_micros())))
        .set(used.eq(at.as_micros()))
        .execute(connection)
        .await?;
    Ok(())
}

async fn oldest_unexpiring(connection: &mut AsyncPgConnection) -> Result<Option<Timestamp>, Failure> {
    let oldest: Option<i64> = token_records::table
        .filter(dsl::revoked_at.is_null())
        .filter(dsl::expires_at.is_null())
        .select(min(dsl::created_at))
        .first(connection)
        .await?;
    Ok(oldest.map(time))
}
