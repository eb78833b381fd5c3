//! What users have allowed clients: at the service's own audience in `consents`, elsewhere in `consent_resources`.

use async_trait::async_trait;
use diesel::{pg::Pg as Backend, prelude::*};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use informer_oauth_domain::{
    consent::Consent, id::ClientUid, resource::Resource, scope::ScopeSet, secret::Digest, timestamp::Timestamp,
};
use informer_oauth_ports::{ConsentStore, StoreError};
use uuid::Uuid;

use crate::{
    Postgres,
    client_rows::clients,
    columns::{can_be_stored, resource, scope, time},
    failure::Failure,
    schema::{consent_resources, consents},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consents, check_for_backend(Backend))]
struct ConsentRow {
    username: String,
    client_uid: Uuid,
    scope: String,
    created_at: i64,
    updated_at: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consent_resources, check_for_backend(Backend))]
struct ResourceRow {
    #[diesel(embed)]
    consent: ResourceConsent,
    digest: Vec<u8>,
    resource: String,
}

/// The columns of [`ConsentRow`] in the other table.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consent_resources, check_for_backend(Backend))]
struct ResourceConsent {
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
            resource: None,
            scope: scope(CONSENT, &row.scope)?,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}

impl TryFrom<ResourceRow> for Consent {
    type Error = StoreError;

    fn try_from(row: ResourceRow) -> Result<Self, StoreError> {
        let consent = row.consent;
        Ok(Self {
            username: consent.username,
            client: ClientUid::new(consent.client_uid),
            resource: Some(resource(CONSENT, &row.resource)?),
            scope: scope(CONSENT, &consent.scope)?,
            created_at: time(consent.created_at),
            updated_at: time(consent.updated_at),
        })
    }
}

#[async_trait]
impl ConsentStore for Postgres {
    async fn find(
        &self,
        username: &str,
        client: ClientUid,
        resource: Option<&Resource>,
    ) -> Result<Option<Consent>, StoreError> {
        if !can_be_stored(username) {
            return Ok(None);
        }
        let key = Key::new(username, client, resource);
        self.call(|connection| find(connection, key, false).boxed()).await
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
        resource: Option<&Resource>,
        scope: ScopeSet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let new = Consent {
            username: username.to_owned(),
            client,
            resource: resource.cloned(),
            scope,
            created_at: now,
            updated_at: now,
        };
        self.call(move |connection| remember(connection, new).boxed()).await
    }

    async fn forget(&self, username: &str, client: ClientUid) -> Result<bool, StoreError> {
        if !can_be_stored(username) {
            return Ok(false);
        }
        let key = (username.to_owned(), client.uuid());
        self.call(|connection| forget(connection, key).boxed()).await
    }
}

/// The primary key of a consent in one of the two tables.
#[derive(Clone)]
struct Key {
    username: String,
    client: Uuid,
    digest: Option<Vec<u8>>,
}

impl Key {
    fn new(username: &str, client: ClientUid, resource: Option<&Resource>) -> Self {
        Self {
            username: username.to_owned(),
            client: client.uuid(),
            digest: resource.map(|resource| Digest::of(resource.as_str()).as_bytes().to_vec()),
        }
    }
}

/// Reads one consent, and locks its row if it is to be changed.
async fn find(connection: &mut AsyncPgConnection, key: Key, to_change: bool) -> Result<Option<Consent>, Failure> {
    let found = match key.digest {
        None => {
            let query = consents::table
                .find((key.username, key.client))
                .select(ConsentRow::as_select());
            let row: Option<ConsentRow> = if to_change {
                query.for_update().first(connection).await
            } else {
                query.first(connection).await
            }
            .optional()?;
            row.map(Consent::try_from)
        }
        Some(digest) => {
            let query = consent_resources::table
                .find((key.username, key.client, digest))
                .select(ResourceRow::as_select());
            let row: Option<ResourceRow> = if to_change {
                query.for_update().first(connection).await
            } else {
                query.first(connection).await
            }
            .optional()?;
            row.map(Consent::try_from)
        }
    };
    Ok(found.transpose()?)
}

async fn list(connection: &mut AsyncPgConnection, username: String) -> Result<Vec<Consent>, Failure> {
    let own: Vec<ConsentRow> = consents::table
        .filter(consents::username.eq(&username))
        .select(ConsentRow::as_select())
        .load(connection)
        .await?;
    let elsewhere: Vec<ResourceRow> = consent_resources::table
        .filter(consent_resources::username.eq(&username))
        .select(ResourceRow::as_select())
        .load(connection)
        .await?;
    let own = own.into_iter().map(Consent::try_from);
    let elsewhere = elsewhere.into_iter().map(Consent::try_from);
    let mut all: Vec<Consent> = own.chain(elsewhere).collect::<Result<_, _>>()?;
    all.sort_by(|one, other| one.age().cmp(&other.age()));
    Ok(all)
}

/// Under a lock on the client, against its deletion, and on the consent. A consent that was there when it could not be
/// inserted may be forgotten before it is locked: then it is inserted after all.
async fn remember(connection: &mut AsyncPgConnection, new: Consent) -> Result<(), Failure> {
    connection
        .transaction(async |connection| {
            let client: Option<Uuid> = clients::table
                .find(new.client.uuid())
                .select(clients::uid)
                .for_key_share()
                .first(connection)
                .await
                .optional()?;
            if client.is_none() {
                return Ok(());
            }
            let key = Key::new(&new.username, new.client, new.resource.as_ref());
            loop {
                if insert(connection, &new, &key).await? {
                    return Ok(());
                }
                let Some(known) = find(connection, key.clone(), true).await? else {
                    continue;
                };
                if !known.covers(new.scope) {
                    extend(connection, &known, &new, key).await?;
                }
                return Ok(());
            }
        })
        .await
}

/// False if there is one already.
async fn insert(connection: &mut AsyncPgConnection, new: &Consent, key: &Key) -> Result<bool, Failure> {
    let (username, client_uid) = (key.username.clone(), key.client);
    let scope = new.scope.to_string();
    let (created_at, updated_at) = (new.created_at.as_micros(), new.updated_at.as_micros());
    let inserted = if let (Some(resource), Some(digest)) = (&new.resource, &key.digest) {
        let row = ResourceRow {
            consent: ResourceConsent {
                username,
                client_uid,
                scope,
                created_at,
                updated_at,
            },
            digest: digest.clone(),
            resource: resource.as_str().to_owned(),
        };
        diesel::insert_into(consent_resources::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(connection)
            .await?
    } else {
        let row = ConsentRow {
            username,
            client_uid,
            scope,
            created_at,
            updated_at,
        };
        diesel::insert_into(consents::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(connection)
            .await?
    };
    Ok(inserted == 1)
}

async fn extend(connection: &mut AsyncPgConnection, known: &Consent, new: &Consent, key: Key) -> Result<(), Failure> {
    let scope = known.scope.union(new.scope).to_string();
    let now = new.updated_at.as_micros();
    match key.digest {
        None => {
            diesel::update(consents::table.find((key.username, key.client)))
                .set((consents::scope.eq(scope), consents::updated_at.eq(now)))
                .execute(connection)
                .await?
        }
        Some(digest) => {
            diesel::update(consent_resources::table.find((key.username, key.client, digest)))
                .set((
                    consent_resources::scope.eq(scope),
                    consent_resources::updated_at.eq(now),
                ))
                .execute(connection)
                .await?
        }
    };
    Ok(())
}

async fn forget(connection: &mut AsyncPgConnection, (username, client): (String, Uuid)) -> Result<bool, Failure> {
    connection
        .transaction(async |connection| {
            let elsewhere = consent_resources::table
                .filter(consent_resources::username.eq(&username))
                .filter(consent_resources::client_uid.eq(client));
            let elsewhere = diesel::delete(elsewhere).execute(connection).await?;
            let own = diesel::delete(consents::table.find((&username, client)))
                .execute(connection)
                .await?;
            Ok(own + elsewhere > 0)
        })
        .await
}
