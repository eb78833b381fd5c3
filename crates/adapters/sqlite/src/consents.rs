//! What users have allowed clients: at the service's own audience in `consents`, elsewhere in `consent_resources`.

use async_trait::async_trait;
use diesel::{prelude::*, sqlite::Sqlite as Backend, sqlite::SqliteConnection};
use informer_oauth_domain::{
    consent::Consent, id::ClientUid, resource::Resource, scope::ScopeSet, secret::Digest, timestamp::Timestamp,
};
use informer_oauth_ports::{ConsentStore, StoreError};

use crate::{
    Sqlite,
    clients::is_known,
    columns::{blob, resource, scope, time, uuid},
    failure::Failure,
    schema::{consent_resources, consents},
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
            client: ClientUid::new(uuid(CONSENT, &consent.client_uid)?),
            resource: Some(resource(CONSENT, &row.resource)?),
            scope: scope(CONSENT, &consent.scope)?,
            created_at: time(consent.created_at),
            updated_at: time(consent.updated_at),
        })
    }
}

#[async_trait]
impl ConsentStore for Sqlite {
    async fn find(
        &self,
        username: &str,
        client: ClientUid,
        resource: Option<&Resource>,
    ) -> Result<Option<Consent>, StoreError> {
        let (username, resource) = (username.to_owned(), resource.cloned());
        self.read(move |connection| find(connection, &username, client, resource.as_ref()))
            .await
    }

    async fn list(&self, username: &str) -> Result<Vec<Consent>, StoreError> {
        let username = username.to_owned();
        self.read(move |connection| list(connection, &username)).await
    }

    async fn remember(
        &self,
        username: &str,
        client: ClientUid,
        resource: Option<&Resource>,
        scope: ScopeSet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let consent = Consent {
            username: username.to_owned(),
            client,
            resource: resource.cloned(),
            scope,
            created_at: now,
            updated_at: now,
        };
        self.write(move |connection| remember(connection, &consent)).await
    }

    async fn forget(&self, username: &str, client: ClientUid) -> Result<bool, StoreError> {
        let username = username.to_owned();
        self.write(move |connection| forget(connection, &username, client))
            .await
    }
}

fn key_digest(resource: &Resource) -> Vec<u8> {
    Digest::of(resource.as_str()).as_bytes().to_vec()
}

fn find(
    connection: &mut SqliteConnection,
    username: &str,
    client: ClientUid,
    resource: Option<&Resource>,
) -> Result<Option<Consent>, Failure> {
    let client = blob(client.uuid());
    let found = match resource {
        None => consents::table
            .find((username, client))
            .select(ConsentRow::as_select())
            .first(connection)
            .optional()?
            .map(Consent::try_from),
        Some(resource) => consent_resources::table
            .find((username, client, key_digest(resource)))
            .select(ResourceRow::as_select())
            .first(connection)
            .optional()?
            .map(Consent::try_from),
    };
    Ok(found.transpose()?)
}

fn list(connection: &mut SqliteConnection, username: &str) -> Result<Vec<Consent>, Failure> {
    let own: Vec<ConsentRow> = consents::table
        .filter(consents::username.eq(username))
        .select(ConsentRow::as_select())
        .load(connection)?;
    let elsewhere: Vec<ResourceRow> = consent_resources::table
        .filter(consent_resources::username.eq(username))
        .select(ResourceRow::as_select())
        .load(connection)?;
    let own = own.into_iter().map(Consent::try_from);
    let elsewhere = elsewhere.into_iter().map(Consent::try_from);
    let mut all: Vec<Consent> = own.chain(elsewhere).collect::<Result<_, _>>()?;
    all.sort_by(|one, other| one.age().cmp(&other.age()));
    Ok(all)
}

/// Reads before it writes, in the writer's transaction: nobody else writes in between.
fn remember(connection: &mut SqliteConnection, new: &Consent) -> Result<(), Failure> {
    match find(connection, &new.username, new.client, new.resource.as_ref())? {
        None if !is_known(connection, new.client)? => Ok(()),
        None => insert(connection, new),
        Some(known) if known.covers(new.scope) => Ok(()),
        Some(known) => extend(connection, &known, new),
    }
}

fn insert(connection: &mut SqliteConnection, new: &Consent) -> Result<(), Failure> {
    let username = new.username.clone();
    let client_uid = blob(new.client.uuid());
    let scope = new.scope.to_string();
    let (created_at, updated_at) = (new.created_at.as_micros(), new.updated_at.as_micros());
    match &new.resource {
        None => diesel::insert_into(consents::table)
            .values(ConsentRow {
                username,
                client_uid,
                scope,
                created_at,
                updated_at,
            })
            .execute(connection)?,
        Some(resource) => diesel::insert_into(consent_resources::table)
            .values(ResourceRow {
                consent: ResourceConsent {
                    username,
                    client_uid,
                    scope,
                    created_at,
                    updated_at,
                },
                digest: key_digest(resource),
                resource: resource.as_str().to_owned(),
            })
            .execute(connection)?,
    };
    Ok(())
}

fn extend(connection: &mut SqliteConnection, known: &Consent, new: &Consent) -> Result<(), Failure> {
    let client = blob(new.client.uuid());
    let scope = known.scope.union(new.scope).to_string();
    let now = new.updated_at.as_micros();
    match &new.resource {
        None => diesel::update(consents::table.find((&new.username, client)))
            .set((consents::scope.eq(scope), consents::updated_at.eq(now)))
            .execute(connection)?,
        Some(resource) => diesel::update(consent_resources::table.find((&new.username, client, key_digest(resource))))
            .set((
                consent_resources::scope.eq(scope),
                consent_resources::updated_at.eq(now),
            ))
            .execute(connection)?,
    };
    Ok(())
}

fn forget(connection: &mut SqliteConnection, username: &str, client: ClientUid) -> Result<bool, Failure> {
    let client = blob(client.uuid());
    let own = diesel::delete(consents::table.find((username, &client))).execute(connection)?;
    let elsewhere = consent_resources::table
        .filter(consent_resources::username.eq(username))
        .filter(consent_resources::client_uid.eq(&client));
    Ok(own + diesel::delete(elsewhere).execute(connection)? > 0)
}
