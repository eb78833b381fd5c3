//! What users have allowed clients.

use async_trait::async_trait;
use diesel::{prelude::*, sqlite::Sqlite as Backend, sqlite::SqliteConnection};
use informer_oauth_domain::{consent::Consent, id::ClientUid, scope::ScopeSet, timestamp::Timestamp};
use informer_oauth_ports::{ConsentStore, StoreError};

use crate::{
    Sqlite,
    clients::is_known,
    columns::{blob, scope, time, uuid},
    failure::Failure,
    schema::consents,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consents, check_for_backend(Backend))]
struct ConsentRow {
    username: String,
    client_uid: Vec<u8>,
    scope: String,
    created_at: i64,
    updated_at: i64,
}

const CONSENT: &str = "consent";

impl TryFrom<ConsentRow> for Consent {
    type Error = StoreError;

    fn try_from(row: ConsentRow) -> Result<Self, StoreError> {
        Ok(Self {
            username: row.username,
            client: ClientUid::new(uuid(CONSENT, &row.client_uid)?),
            scope: scope(CONSENT, &row.scope)?,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}

#[async_trait]
impl ConsentStore for Sqlite {
    async fn find(&self, username: &str, client: ClientUid) -> Result<Option<Consent>, StoreError> {
        let username = username.to_owned();
        self.read(move |connection| find(connection, &username, client)).await
    }

    async fn list(&self, username: &str) -> Result<Vec<Consent>, StoreError> {
        let username = username.to_owned();
        self.read(move |connection| list(connection, &username)).await
    }

    async fn remember(
        &self,
        username: &str,
        client: ClientUid,
        scope: ScopeSet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let username = username.to_owned();
        self.write(move |connection| remember(connection, username, client, scope, now))
            .await
    }

    async fn forget(&self, username: &str, client: ClientUid) -> Result<bool, StoreError> {
        let key = (username.to_owned(), blob(client.uuid()));
        self.write(move |connection| Ok(diesel::delete(consents::table.find(key)).execute(connection)? == 1))
            .await
    }
}

fn find(connection: &mut SqliteConnection, username: &str, client: ClientUid) -> Result<Option<Consent>, Failure> {
    let row = consents::table
        .find((username, blob(client.uuid())))
        .select(ConsentRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(Consent::try_from).transpose()?)
}

fn list(connection: &mut SqliteConnection, username: &str) -> Result<Vec<Consent>, Failure> {
    let rows: Vec<ConsentRow> = consents::table
        .filter(consents::username.eq(username))
        .order((consents::created_at, consents::client_uid))
        .select(ConsentRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(Consent::try_from).collect::<Result<_, _>>()?)
}

/// Reads before it writes, in the writer's transaction: nobody else writes in between.
fn remember(
    connection: &mut SqliteConnection,
    username: String,
    client: ClientUid,
    scope: ScopeSet,
    now: Timestamp,
) -> Result<(), Failure> {
    let now = now.as_micros();
    match find(connection, &username, client)? {
        None if !is_known(connection, client)? => {}
        None => {
            let row = ConsentRow {
                username,
                client_uid: blob(client.uuid()),
                scope: scope.to_string(),
                created_at: now,
                updated_at: now,
            };
            diesel::insert_into(consents::table).values(row).execute(connection)?;
        }
        Some(known) if known.covers(scope) => {}
        Some(known) => {
            let scope = known.scope.union(scope).to_string();
            diesel::update(consents::table.find((username, blob(client.uuid()))))
                .set((consents::scope.eq(scope), consents::updated_at.eq(now)))
                .execute(connection)?;
        }
    }
    Ok(())
}
