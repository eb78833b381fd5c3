//! Revocations by user, client or both. A grant that is older than its revocation becomes no token record.

use diesel::{dsl::exists, prelude::*, query_dsl::methods, sqlite::SqliteConnection};
use informer_oauth_domain::{secret::Digest, timestamp::Timestamp};
use informer_oauth_ports::TokenFilter;

use crate::{columns::blob, failure::Failure, schema::revocations, token_rows::TokenRow};

/// Column value that stands for every client or user.
const ANY: &[u8] = &[];

fn digest(username: &str) -> Vec<u8> {
    Digest::of(username).as_bytes().to_vec()
}

/// Returns true if the record's grant was revoked at `created_at` or later.
pub(crate) fn is_revoked(connection: &mut SqliteConnection, row: &TokenRow) -> Result<bool, Failure> {
    let user = digest(&row.username);
    let revocation = revocations::table
        .filter(revocations::client_uid.eq_any([&row.client_uid, ANY]))
        .filter(revocations::user_digest.eq_any([&user, ANY]))
        .filter(revocations::at.ge(row.created_at));
    Ok(diesel::select(exists(revocation)).get_result(connection)?)
}

/// Stores a revocation.
pub(crate) fn note_revocation(
    connection: &mut SqliteConnection,
    filter: &TokenFilter,
    now: Timestamp,
) -> Result<(), Failure> {
    let client = filter.client.map_or(ANY.to_vec(), |client| blob(client.uuid()));
    let user = filter.username.as_deref().map_or(ANY.to_vec(), digest);
    let at = now.as_micros();
    let upsert = diesel::insert_into(revocations::table)
        .values((
            revocations::client_uid.eq(client),
            revocations::user_digest.eq(user),
            revocations::at.eq(at),
        ))
        .on_conflict((revocations::client_uid, revocations::user_digest))
        .do_update()
        .set(revocations::at.eq(at));
    methods::FilterDsl::filter(upsert, revocations::at.lt(at)).execute(connection)?;
    Ok(())
}
