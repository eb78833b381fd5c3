//! Token records.

use async_trait::async_trait;
use diesel::{
    dsl::{AsSelect, SqlTypeOf, count_star, min},
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Text},
    sqlite::{Sqlite as Backend, SqliteConnection},
};
use informer_oauth_domain::{
    id::{ClientUid, TokenRecordId},
    timestamp::Timestamp,
    token_record::{Ending, Insertion, RevocationReason, Rotation, RotationRequest, TokenRecord},
};
use informer_oauth_ports::{Page, PageRequest, StoreError, TokenFilter, TokenStore};

use crate::{
    Sqlite,
    columns::{self, blob, bounds, time},
    failure::{Failure, corrupt},
    revocations::{is_revoked, note_revocation},
    schema::token_records::{self, dsl},
    token_rows::TokenRow,
};

/// Deletes expired records, revoked records without expiry, and old revocations.
pub(crate) const PURGE: &[&str] = &[
    "DELETE FROM token_records WHERE rowid IN (
         SELECT rowid FROM token_records WHERE expires_at IS NOT NULL AND expires_at < ?1 LIMIT ?2)",
    "DELETE FROM token_records WHERE rowid IN (
         SELECT rowid FROM token_records WHERE revoked_at IS NOT NULL AND expires_at IS NULL AND revoked_at < ?1 LIMIT ?2)",
    "DELETE FROM revocations WHERE rowid IN (SELECT rowid FROM revocations WHERE at < ?1 LIMIT ?2)",
];

#[async_trait]
impl TokenStore for Sqlite {
    async fn insert(&self, record: &TokenRecord) -> Result<Insertion, StoreError> {
        let (id, row) = (record.id, TokenRow::from(record));
        self.write(move |connection| {
            if is_revoked(connection, &row)? {
                return Ok(find(connection, id)?.map_or(Insertion::Revoked, |there| there.in_the_way()));
            }
            if insert(connection, row)? {
                return Ok(Insertion::Inserted);
            }
            let there =
                find(connection, id)?.ok_or_else(|| corrupt("token record", "an id that is there and is not"))?;
            Ok(there.in_the_way())
        })
        .await
    }

    async fn rotate(&self, request: &RotationRequest) -> Result<Rotation, StoreError> {
        let request = *request;
        self.write(move |connection| rotate(connection, &request)).await
    }

    async fn find(&self, id: TokenRecordId) -> Result<Option<TokenRecord>, StoreError> {
        self.read(move |connection| find(connection, id)).await
    }

    async fn revoke(
        &self,
        id: TokenRecordId,
        client: Option<ClientUid>,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<Ending, StoreError> {
        self.write(move |connection| revoke(connection, id, client, reason, now))
            .await
    }

    async fn bar(&self, record: &TokenRecord, reason: RevocationReason, now: Timestamp) -> Result<Ending, StoreError> {
        let id = record.id;
        let row = TokenRow::from(&record.clone().barred(now, reason));
        self.write(move |connection| {
            if insert(connection, row)? {
                Ok(Ending::Ended)
            } else {
                revoke(connection, id, None, reason, now)
            }
        })
        .await
    }

    async fn revoke_all(
        &self,
        filter: &TokenFilter,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let filter = filter.clone();
        self.write(move |connection| {
            note_revocation(connection, &filter, now)?;
            revoke_all(connection, &filter, reason, now)
        })
        .await
    }

    async fn list(
        &self,
        filter: &TokenFilter,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<TokenRecord>, StoreError> {
        let filter = filter.clone();
        self.read(move |connection| connection.transaction(|connection| list(connection, &filter, page, now)))
            .await
    }

    async fn touch(&self, id: TokenRecordId, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |connection| {
            let used = token_records::last_used_at;
            diesel::update(token_records::table.find(blob(id.uuid())))
                .filter(used.is_null().or(used.lt(at.as_micros())))
                .set(used.eq(at.as_micros()))
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    async fn oldest_unexpiring(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection| {
            let oldest: Option<i64> = token_records::table
                .filter(dsl::revoked_at.is_null())
                .filter(dsl::expires_at.is_null())
                .select(min(dsl::created_at))
                .first(connection)?;
            Ok(oldest.map(time))
        })
        .await
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.purge_rows(PURGE, before, limit).await
    }
}

fn find(connection: &mut SqliteConnection, id: TokenRecordId) -> Result<Option<TokenRecord>, Failure> {
    let row = token_records::table
        .find(blob(id.uuid()))
        .select(TokenRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(TokenRecord::try_from).transpose()?)
}

/// Inserts a record; false when its id is there already.
fn insert(connection: &mut SqliteConnection, row: TokenRow) -> Result<bool, Failure> {
    let rows = diesel::insert_into(token_records::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(rows == 1)
}

/// The first arm of [`TokenRecord::rotate`] as one conditional update. Only what it does not hit is read and judged.
fn rotate(connection: &mut SqliteConnection, request: &RotationRequest) -> Result<Rotation, Failure> {
    let rotated: Vec<TokenRow> = Rotate::of(request).load(connection)?;
    match rotated.into_iter().next() {
        Some(row) => Ok(Rotation::Rotated(row.try_into()?)),
        None => judge_unrotated(connection, request),
    }
}

/// The first arm of [`TokenRecord::rotate`](informer_oauth_domain::token_record::TokenRecord::rotate) as one conditional update.
/// It is written out because diesel keeps no updates prepared.
struct Rotate {
    record: Vec<u8>,
    presented: Vec<u8>,
    successor: Vec<u8>,
    now: i64,
    asked: String,
    returned: AsSelect<TokenRow, Backend>,
}

impl Rotate {
    fn of(request: &RotationRequest) -> Self {
        Self {
            record: blob(request.record.uuid()),
            presented: blob(request.presented.uuid()),
            successor: blob(request.successor.uuid()),
            now: request.now.as_micros(),
            asked: request.asked.to_string(),
            returned: TokenRow::as_returning(),
        }
    }
}

impl QueryFragment<Backend> for Rotate {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql(
            "UPDATE token_records SET generation = generation + 1, previous_jti = current_jti,
                 previous_issued_at = current_issued_at, previous_asked = ",
        );
        out.push_bind_param::<Text, _>(&self.asked)?;
        out.push_sql(", current_jti = ");
        out.push_bind_param::<Binary, _>(&self.successor)?;
        out.push_sql(", current_issued_at = ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(", last_used_at = ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<Binary, _>(&self.record)?;
        out.push_sql(" AND current_jti = ");
        out.push_bind_param::<Binary, _>(&self.presented)?;
        out.push_sql(" AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(") RETURNING ");
        self.returned.walk_ast(out.reborrow())
    }
}

impl QueryId for Rotate {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Rotate {
    type SqlType = SqlTypeOf<AsSelect<TokenRow, Backend>>;
}

impl RunQueryDsl<SqliteConnection> for Rotate {}

fn judge_unrotated(connection: &mut SqliteConnection, request: &RotationRequest) -> Result<Rotation, Failure> {
    let Some(record) = find(connection, request.record)? else {
        return Ok(Rotation::Unknown);
    };
    match record.rotate(request) {
        (_, Rotation::Rotated(_)) => Err(corrupt("token record", "a live refresh token that no update finds").into()),
        (after, Rotation::Reused { first: true }) => {
            if let Some(revoked) = after.revoked {
                revoke(connection, request.record, None, revoked.reason, revoked.at)?;
            }
            Ok(Rotation::Reused { first: true })
        }
        (_, outcome) => Ok(outcome),
    }
}

fn revoke(
    connection: &mut SqliteConnection,
    id: TokenRecordId,
    client: Option<ClientUid>,
    reason: RevocationReason,
    now: Timestamp,
) -> Result<Ending, Failure> {
    let mut update = diesel::update(token_records::table.find(blob(id.uuid())))
        .set((
            dsl::revoked_at.eq(now.as_micros()),
            dsl::revoked_reason.eq(reason.as_str()),
        ))
        .into_boxed()
        .filter(dsl::revoked_at.is_null());
    if let Some(client) = client {
        update = update.filter(dsl::client_uid.eq(blob(client.uuid())));
    }
    // An expired record is marked as well, for replicas whose clock is behind, though it had ended before.
    let ended: Option<Option<i64>> = update.returning(dsl::expires_at).get_result(connection).optional()?;
    if let Some(expires_at) = ended {
        let was_live = expires_at.is_none_or(|at| now.as_micros() < at);
        return Ok(if was_live { Ending::Ended } else { Ending::EndedBefore });
    }
    let record = find(connection, id)?;
    let is_meant = record.is_some_and(|record| client.is_none_or(|client| record.client == client));
    Ok(if is_meant { Ending::EndedBefore } else { Ending::Unknown })
}

/// Ends every live record that the filter means.
pub(crate) fn revoke_all(
    connection: &mut SqliteConnection,
    filter: &TokenFilter,
    reason: RevocationReason,
    now: Timestamp,
) -> Result<u64, Failure> {
    let mut update = diesel::update(token_records::table)
        .set((
            dsl::revoked_at.eq(now.as_micros()),
            dsl::revoked_reason.eq(reason.as_str()),
        ))
        .into_boxed()
        .filter(dsl::revoked_at.is_null())
        .filter(dsl::expires_at.is_null().or(dsl::expires_at.gt(now.as_micros())));
    if let Some(client) = filter.client {
        update = update.filter(dsl::client_uid.eq(blob(client.uuid())));
    }
    if let Some(username) = &filter.username {
        update = update.filter(dsl::username.eq(username.clone()));
    }
    Ok(update.execute(connection)? as u64)
}

fn live(filter: &TokenFilter, now: Timestamp) -> token_records::BoxedQuery<'static, Backend> {
    let mut live = token_records::table
        .filter(dsl::revoked_at.is_null())
        .filter(dsl::expires_at.is_null().or(dsl::expires_at.gt(now.as_micros())))
        .into_boxed();
    if let Some(client) = filter.client {
        live = live.filter(dsl::client_uid.eq(blob(client.uuid())));
    }
    if let Some(username) = &filter.username {
        live = live.filter(dsl::username.eq(username.clone()));
    }
    live
}

fn list(
    connection: &mut SqliteConnection,
    filter: &TokenFilter,
    page: PageRequest,
    now: Timestamp,
) -> Result<Page<TokenRecord>, Failure> {
    let total = live(filter, now).select(count_star()).first(connection)?;
    let (offset, limit) = bounds(page);
    let rows: Vec<TokenRow> = live(filter, now)
        .select(TokenRow::as_select())
        .order((dsl::created_at, dsl::id))
        .offset(offset)
        .limit(limit)
        .load(connection)?;
    Ok(columns::page(rows, total)?)
}

#[cfg(test)]
mod tests;
