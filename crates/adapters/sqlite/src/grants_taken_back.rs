//! What users and administrators have taken back: grants from before then become no token record.

use diesel::{dsl::exists, prelude::*, query_dsl::methods, sqlite::SqliteConnection};
use informer_oauth_domain::{secret::Digest, timestamp::Timestamp};
use informer_oauth_ports::TokenFilter;

use crate::{columns::blob, failure::Failure, schema::grants_taken_back, token_rows::TokenRow};

/// Stands in a row for every client, or for every user.
const ANY: &[u8] = &[];

fn digest(username: &str) -> Vec<u8> {
    Digest::of(username).as_bytes().to_vec()
}

/// Whether what the record grants was taken back at its time or after.
pub(crate) fn is_taken_back(connection: &mut SqliteConnection, row: &TokenRow) -> Result<bool, Failure> {
    let user = digest(&row.username);
    let taken_back = grants_taken_back::table
        .filter(grants_taken_back::client_uid.eq_any([&row.client_uid, ANY]))
        .filter(grants_taken_back::user_digest.eq_any([&user, ANY]))
        .filter(grants_taken_back::at.ge(row.created_at));
    Ok(diesel::select(exists(taken_back)).get_result(connection)?)
}

/// Notes that what the filter means is taken back.
pub(crate) fn take_back(
    connection: &mut SqliteConnection,
    filter: &TokenFilter,
    now: Timestamp,
) -> Result<(), Failure> {
    let client = filter.client.map_or(ANY.to_vec(), |client| blob(client.uuid()));
    let user = filter.username.as_deref().map_or(ANY.to_vec(), digest);
    let at = now.as_micros();
    let noted = diesel::insert_into(grants_taken_back::table)
        .values((
            grants_taken_back::client_uid.eq(client),
            grants_taken_back::user_digest.eq(user),
            grants_taken_back::at.eq(at),
        ))
        .on_conflict((grants_taken_back::client_uid, grants_taken_back::user_digest))
        .do_update()
        .set(grants_taken_back::at.eq(at));
    methods::FilterDsl::filter(noted, grants_taken_back::at.lt(at)).execute(connection)?;
    Ok(())
}
