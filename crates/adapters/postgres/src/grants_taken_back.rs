//! What users and administrators have taken back: grants from before then become no token record.

use diesel::{dsl::exists, prelude::*, query_dsl::methods};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use informer_oauth_domain::{id::ClientUid, secret::Digest, timestamp::Timestamp};
use informer_oauth_ports::TokenFilter;
use uuid::Uuid;

use crate::{failure::Failure, schema::grants_taken_back, token_rows::TokenRow};

/// Waits for insertions that have looked for what is taken back and are not committed; those that come later wait for this
/// transaction, and see what it notes. See the trigger `token_records_refuse_grants_taken_back`.
const ALONE: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/informer-oauth/grants_taken_back', 0))";

/// The row of `grants_taken_back` that stands for every client, or for every user.
fn meant(client: Option<ClientUid>, username: Option<&str>) -> (Uuid, Vec<u8>) {
    let client = client.map_or(Uuid::nil(), ClientUid::uuid);
    let digest = username.map(|username| Digest::of(username).as_bytes().to_vec());
    (client, digest.unwrap_or_default())
}

/// Whether what the record grants was taken back at its time or after, as the trigger has it.
pub(crate) async fn is_taken_back(connection: &mut AsyncPgConnection, row: &TokenRow) -> Result<bool, Failure> {
    let (client, user) = meant(Some(ClientUid::new(row.client_uid)), Some(&row.username));
    let (every_client, every_user) = meant(None, None);
    let taken_back = grants_taken_back::table
        .filter(grants_taken_back::client_uid.eq_any([client, every_client]))
        .filter(grants_taken_back::user_digest.eq_any([user, every_user]))
        .filter(grants_taken_back::at.ge(row.created_at));
    Ok(diesel::select(exists(taken_back)).get_result(connection).await?)
}

/// Notes that what the filter means is taken back. When it returns, whatever of it is inserted at this moment is there to
/// be ended, and nothing of it comes later.
pub(crate) async fn take_back(
    connection: &mut AsyncPgConnection,
    filter: &TokenFilter,
    now: Timestamp,
) -> Result<(), Failure> {
    let (client, user) = meant(filter.client, filter.username.as_deref());
    let at = now.as_micros();
    connection
        .transaction(async |connection| {
            connection.batch_execute(ALONE).await?;
            let noted = diesel::insert_into(grants_taken_back::table)
                .values((
                    grants_taken_back::client_uid.eq(client),
                    grants_taken_back::user_digest.eq(user),
                    grants_taken_back::at.eq(at),
                ))
                .on_conflict((grants_taken_back::client_uid, grants_taken_back::user_digest))
                .do_update()
                .set(grants_taken_back::at.eq(at));
            methods::FilterDsl::filter(noted, grants_taken_back::at.lt(at))
                .execute(connection)
                .await?;
            Ok(())
        })
        .await
}
