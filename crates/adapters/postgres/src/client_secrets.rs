//! Clients' secrets.

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use informer_oauth_domain::{
    client_secret::{ClientSecret, SECRETS_PER_CLIENT},
    id::{ClientUid, SecretUid},
    timestamp::Timestamp,
};
use informer_oauth_ports::SecretInsertion;
use uuid::Uuid;

use crate::{
    client_rows::{SecretRow, client_secrets, clients},
    failure::Failure,
};

/// Under a lock on the client: insertions for one client take turns, and none meets its deletion.
pub(crate) async fn insert_secret(
    connection: &mut AsyncPgConnection,
    secret: ClientSecret,
    others_expire_at: Option<Timestamp>,
) -> Result<SecretInsertion, Failure> {
    let client = secret.client.uuid();
    connection
        .transaction(async |connection| {
            let locked: Option<Uuid> = clients::table
                .find(client)
                .select(clients::uid)
                .for_no_key_update()
                .first(connection)
                .await
                .optional()?;
            if locked.is_none() {
                return Ok(SecretInsertion::Unknown);
            }
            let lookups: Vec<String> = client_secrets::table
                .filter(client_secrets::client_uid.eq(client))
                .select(client_secrets::lookup)
                .load(connection)
                .await?;
            if lookups.len() >= SECRETS_PER_CLIENT {
                return Ok(SecretInsertion::Full);
            }
            if lookups.iter().any(|lookup| lookup == secret.lookup.as_str()) {
                return Ok(SecretInsertion::LookupTaken);
            }
            if let Some(deadline) = others_expire_at {
                shorten(connection, client, deadline, secret.created_at).await?;
            }
            diesel::insert_into(client_secrets::table)
                .values(SecretRow::from(&secret))
                .execute(connection)
                .await?;
            Ok(SecretInsertion::Inserted)
        })
        .await
}

/// Gives the deadline to every secret of the client that would live longer.
async fn shorten(
    connection: &mut AsyncPgConnection,
    client: Uuid,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<(), Failure> {
    let deadline = deadline.as_micros();
    let expires_at = client_secrets::expires_at;
    diesel::update(client_secrets::table)
        .filter(client_secrets::client_uid.eq(client))
        .filter(expires_at.is_null().or(expires_at.gt(deadline)))
        .set((expires_at.eq(deadline), client_secrets::updated_at.eq(now.as_micros())))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn delete_secret(
    connection: &mut AsyncPgConnection,
    client: ClientUid,
    secret: SecretUid,
) -> Result<bool, Failure> {
    let row = client_secrets::table
        .find(secret.uuid())
        .filter(client_secrets::client_uid.eq(client.uuid()));
    Ok(diesel::delete(row).execute(connection).await? == 1)
}

pub(crate) async fn touch_secret(
    connection: &mut AsyncPgConnection,
    secret: SecretUid,
    at: Timestamp,
) -> Result<(), Failure> {
    let used = client_secrets::last_used_at;
    diesel::update(client_secrets::table.find(secret.uuid()))
        .filter(used.is_null().or(used.lt(at.as_micros())))
        .set(used.eq(at.as_micros()))
        .execute(connection)
        .await?;
    Ok(())
}
