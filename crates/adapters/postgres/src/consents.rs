//! What users have allowed clients.

use async_trait::async_trait;
use diesel::{pg::Pg as Backend, prelude::*};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use informer_oauth_domain::{consent::Consent, id::ClientUid, scope::ScopeSet, timestamp::Timestamp};
use informer_oauth_ports::{ConsentStore, StoreError};
use uuid::Uuid;

use crate::{
    Postgres,
    columns::{can_be_stored, scope, time},
    failure::Failure,
    schema::{clients, consents},
};

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = consents, check_for_backend(Backend))]
struct ConsentRow {
    username: String,
    client_uid: Uuid,
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
            client: ClientUid::new(row.client_uid),
            scope: scope(CONSENT, &row.scope)?,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}

#[async_trait]
impl ConsentStore for Postgres {
    async fn find(&self, username: &str, client: ClientUid) -> Result<Option<Consent>, StoreError> {
        if !can_be_stored(username) {
            return Ok(None);
        }
        let key = (username.to_owned(), client.uuid());
        self.call(|connection| find(connection, key).boxed()).await
    }

    async fn list(&self, username: &str) -> Result<Vec<Consent>, StoreError> {
        if !can_be_stored(username) {
            return Ok(Vec::new());
        }
        let username = username.to_owned();
        self.call(|connection| list(connection, username).boxed()).await
    }

    async fn remember(
        &self,
        username: &str,
        client: ClientUid,
        scope: ScopeSet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let new = ConsentRow {
            username: username.to_owned(),
            client_uid: client.uuid(),
            scope: scope.to_string(),
            created_at: now.as_micros(),
            updated_at: now.as_micros(),
        };
        self.call(move |connection| remember(connection, new, scope).boxed())
            .await
    }

    async fn forget(&self, username: &str, client: ClientUid) -> Result<bool, StoreError> {
        if !can_be_stored(username) {
            return Ok(false);
        }
        let key = (username.to_owned(), client.uuid());
        self.call(|connection| forget(connection, key).boxed()).await
    }
}

async fn find(connection: &mut AsyncPgConnection, key: (String, Uuid)) -> Result<Option<Consent>, Failure> {
    let row: Option<ConsentRow> = consents::table
        .find(key)
        .select(ConsentRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(Consent::try_from).transpose()?)
}

async fn list(connection: &mut AsyncPgConnection, username: String) -> Result<Vec<Consent>, Failure> {
    let rows: Vec<ConsentRow> = consents::table
        .filter(consents::username.eq(username))
        .order((consents::created_at, consents::client_uid))
        .select(ConsentRow::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(Consent::try_from).collect::<Result<_, _>>()?)
}

/// Under a lock on the client, against its deletion, and on the consent. A consent that was there when it could not be
/// inserted may be forgotten before it is locked: then it is inserted after all.
async fn remember(connection: &mut AsyncPgConnection, new: ConsentRow, scope: ScopeSet) -> Result<(), Failure> {
    connection
        .transaction(async |connection| {
            let client: Option<Uuid> = clients::table
                .find(new.client_uid)
                .select(clients::uid)
                .for_key_share()
                .first(connection)
                .await
                .optional()?;
            if client.is_none() {
                return Ok(());
            }
            loop {
                let inserted = diesel::insert_into(consents::table)
                    .values(&new)
                    .on_conflict_do_nothing()
                    .execute(connection)
                    .await?;
                if inserted == 1 {
                    return Ok(());
                }
                let key = (new.username.clone(), new.client_uid);
                let known: Option<ConsentRow> = consents::table
                    .find(key.clone())
                    .select(ConsentRow::as_select())
                    .for_update()
                    .first(connection)
                    .await
                    .optional()?;
                let Some(known) = known else { continue };
                let known = Consent::try_from(known)?;
                if !known.covers(scope) {
                    let scope = known.scope.union(scope).to_string();
                    diesel::update(consents::table.find(key))
                        .set((consents::scope.eq(scope), consents::updated_at.eq(new.updated_at)))
                        .execute(connection)
                        .await?;
                }
                return Ok(());
            }
        })
        .await
}

async fn forget(connection: &mut AsyncPgConnection, key: (String, Uuid)) -> Result<bool, Failure> {
    Ok(diesel::delete(consents::table.find(key)).execute(connection).await? == 1)
}
