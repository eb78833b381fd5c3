//! Revocations by user, client or both. A grant that is older than its revocation becomes no token record.

use diesel::{dsl::exists, prelude::*, query_dsl::methods};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use informer_oauth_domain::{id::ClientUid, secret::Digest, timestamp::Timestamp};
use informer_oauth_ports::TokenFilter;
use uuid::Uuid;

use crate::{failure::Failure, schema::revocations, token_rows::TokenRow};

/// Takes the lock exclusively that insertions of token records share, until the end of the transaction. Insertions that
/// hold it are committed first. Later ones wait, and then read the new revocation: see the trigger
/// `token_records_refuse_revoked_grants`.
const LOCK: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/informer-oauth/revocations', 0))";

/// Returns the key of a row. `None` stands for every client or user.
fn key(client: Option<ClientUid>, username: Option<&str>) -> (Uuid, Vec<u8>) {
    let client = client.map_or(Uuid::nil(), ClientUid::uuid);
    let digest = username.map(|username| Digest::of(username).as_bytes().to_vec());
    (client, digest.unwrap_or_default())
}

/// Returns true if the record's grant was revoked at `created_at` or later. Same condition as in the trigger.
pub(crate) async fn is_revoked(connection: &mut AsyncPgConnection, row: &TokenRow) -> Result<bool, Failure> {
    let (client, user) = key(Some(ClientUid::new(row.client_uid)), Some(&row.username));
    let (every_client, every_user) = key(None, None);
    let revocation = revocations::table
        .filter(revocations::client_uid.eq_any([client, every_client]))
        .filter(revocations::user_digest.eq_any([user, every_user]))
        .filter(revocations::at.ge(row.created_at));
    Ok(diesel::select(exists(revocation)).get_result(connection).await?)
}

/// Stores a revocation. Afterwards every matching record is either committed, so that the caller can end it, or will be
/// refused.
pub(crate) async fn note_revocation(
    connection: &mut AsyncPgConnection,
    filter: &TokenFilter,
    now: Timestamp,
) -> Result<(), Failure> {
    let (client, user) = key(filter.client, filter.username.as_deref());
    let at = now.as_micros();
    connection
        .transaction(async |connection| {
            connection.batch_execute(LOCK).await?;
            let upsert = diesel::insert_into(revocations::table)
                .values((
                    revocations::client_uid.eq(client),
                    revocations::user_digest.eq(user),
                    revocations::at.eq(at),
                ))
                .on_conflict((revocations::client_uid, revocations::user_digest))
                .do_update()
                .set(revocations::at.eq(at));
            methods::FilterDsl::filter(upsert, revocations::at.lt(at))
                .execute(connection)
                .await?;
            Ok(())
        })
        .await
}
