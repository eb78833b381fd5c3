//! Clients, their secrets and their icons.

use std::sync::Arc;

use async_trait::async_trait;
use diesel::{
    dsl::{count_star, exists, select},
    prelude::*,
    sql_types::Text,
    sqlite::{Sqlite as Backend, SqliteConnection},
};
use informer_oauth_domain::{
    client::{Client, ClientProfile, Registration},
    client_secret::{ClientSecret, SECRETS_PER_CLIENT},
    id::{ClientRef, ClientUid, SecretUid},
    text::fold,
    timestamp::Timestamp,
    token_record::RevocationReason,
};
use informer_oauth_ports::{
    ClientDeletion, ClientInsertion, ClientReplacement, ClientSort, ClientStore, Icon, Page, PageRequest,
    SecretInsertion, StoreError, TokenFilter,
};

use crate::{
    Sqlite,
    client_rows::{ClientRow, IconRow, ProfileRow, SecretRow, client_icons, client_secrets, clients},
    columns::{self, blob, bounds},
    failure::Failure,
    tokens,
};

diesel::define_sql_function! {
    /// Where `needle` begins in `text`, from 1; 0 when it is not there. Neither has metacharacters.
    fn instr(text: Text, needle: Text) -> Integer;
}
diesel::define_sql_function! {
    /// [`fold`], which every connection knows.
    fn folded(text: Text) -> Text;
}

/// Makes the functions that statements of this module use known to a connection.
pub(crate) fn register_functions(connection: &mut SqliteConnection) -> QueryResult<()> {
    folded_utils::register_impl(connection, |text: String| fold(&text))
}

#[async_trait]
impl ClientStore for Sqlite {
    async fn registration(&self, client: ClientRef) -> Result<Option<Arc<Registration>>, StoreError> {
        self.read(move |connection| connection.transaction(|connection| registration(connection, client)))
            .await
    }

    async fn list(
        &self,
        text: Option<&str>,
        sort: ClientSort,
        descending: bool,
        page: PageRequest,
    ) -> Result<Page<Client>, StoreError> {
        let text = text.map(fold);
        self.read(move |connection| {
            connection.transaction(|connection| list(connection, text.as_deref(), sort, descending, page))
        })
        .await
    }

    async fn insert(&self, client: &Client) -> Result<ClientInsertion, StoreError> {
        let row = ClientRow::from(client);
        self.write(move |connection| {
            let rows = diesel::insert_into(clients::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(connection)?;
            Ok(if rows == 1 {
                ClientInsertion::Inserted
            } else {
                ClientInsertion::Taken
            })
        })
        .await
    }

    async fn replace(
        &self,
        client: ClientUid,
        profile: &ClientProfile,
        expected: Option<i64>,
        now: Timestamp,
    ) -> Result<ClientReplacement, StoreError> {
        let profile = ProfileRow::from(profile);
        self.write(move |connection| replace(connection, client, profile, expected, now))
            .await
    }

    async fn delete(&self, client: ClientUid, now: Timestamp) -> Result<ClientDeletion, StoreError> {
        self.write(move |connection| delete(connection, client, now)).await
    }

    async fn insert_secret(
        &self,
        secret: &ClientSecret,
        others_expire_at: Option<Timestamp>,
    ) -> Result<SecretInsertion, StoreError> {
        let secret = secret.clone();
        self.write(move |connection| insert_secret(connection, &secret, others_expire_at))
            .await
    }

    async fn delete_secret(&self, client: ClientUid, secret: SecretUid) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let row = client_secrets::table
                .find(blob(secret.uuid()))
                .filter(client_secrets::client_uid.eq(blob(client.uuid())));
            Ok(diesel::delete(row).execute(connection)? == 1)
        })
        .await
    }

    async fn touch_secret(&self, secret: SecretUid, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |connection| {
            let used = client_secrets::last_used_at;
            diesel::update(client_secrets::table.find(blob(secret.uuid())))
                .filter(used.is_null().or(used.lt(at.as_micros())))
                .set(used.eq(at.as_micros()))
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    async fn icon(&self, client: ClientUid) -> Result<Option<Icon>, StoreError> {
        self.read(move |connection| {
            let row = client_icons::table
                .find(blob(client.uuid()))
                .select(IconRow::as_select())
                .first(connection)
                .optional()?;
            Ok(row.map(Icon::try_from).transpose()?)
        })
        .await
    }

    async fn set_icon(&self, client: ClientUid, icon: Option<&Icon>) -> Result<bool, StoreError> {
        let row = icon.map(|icon| IconRow::new(client, icon));
        self.write(move |connection| set_icon(connection, client, row)).await
    }
}

/// Whether there is such a client.
pub(crate) fn is_known(connection: &mut SqliteConnection, client: ClientUid) -> Result<bool, Failure> {
    Ok(select(exists(clients::table.find(blob(client.uuid())))).get_result(connection)?)
}

fn registration(connection: &mut SqliteConnection, client: ClientRef) -> Result<Option<Arc<Registration>>, Failure> {
    let columns = ClientRow::as_select();
    let row = match client {
        ClientRef::Uid(uid) => clients::table.find(blob(uid.uuid())).select(columns).first(connection),
        ClientRef::ClientId(id) => clients::table
            .filter(clients::client_id.eq(id.to_string()))
            .select(columns)
            .first(connection),
    };
    let Some(row) = row.optional()? else { return Ok(None) };
    let client = Client::try_from(row)?;
    let secrets: Vec<SecretRow> = client_secrets::table
        .filter(client_secrets::client_uid.eq(blob(client.uid.uuid())))
        .order((client_secrets::created_at, client_secrets::uid))
        .select(SecretRow::as_select())
        .load(connection)?;
    let secrets = secrets
        .into_iter()
        .map(ClientSecret::try_from)
        .collect::<Result<_, _>>()?;
    Ok(Some(Arc::new(Registration { client, secrets })))
}

/// Clients with `text`, which is folded already, in their name or description.
fn with_text(text: Option<&str>) -> clients::BoxedQuery<'_, Backend> {
    let all = clients::table.into_boxed();
    match text {
        None => all,
        Some(text) => all.filter(
            instr(folded(clients::name), text)
                .gt(0)
                .or(instr(folded(clients::description), text).gt(0)),
        ),
    }
}

fn list(
    connection: &mut SqliteConnection,
    text: Option<&str>,
    sort: ClientSort,
    descending: bool,
    page: PageRequest,
) -> Result<Page<Client>, Failure> {
    let total = with_text(text).select(count_star()).first(connection)?;
    let found = with_text(text).select(ClientRow::as_select());
    let sorted = match (sort, descending) {
        (ClientSort::Name, false) => found.order((folded(clients::name).asc(), clients::uid.asc())),
        (ClientSort::Name, true) => found.order((folded(clients::name).desc(), clients::uid.desc())),
        (ClientSort::CreatedAt, false) => found.order((clients::created_at.asc(), clients::uid.asc())),
        (ClientSort::CreatedAt, true) => found.order((clients::created_at.desc(), clients::uid.desc())),
        (ClientSort::UpdatedAt, false) => found.order((clients::updated_at.asc(), clients::uid.asc())),
        (ClientSort::UpdatedAt, true) => found.order((clients::updated_at.desc(), clients::uid.desc())),
    };
    let (offset, limit) = bounds(page);
    let rows: Vec<ClientRow> = sorted.offset(offset).limit(limit).load(connection)?;
    Ok(columns::page(rows, total)?)
}

fn replace(
    connection: &mut SqliteConnection,
    client: ClientUid,
    profile: ProfileRow,
    expected: Option<i64>,
    now: Timestamp,
) -> Result<ClientReplacement, Failure> {
    let changes = (
        profile,
        clients::updated_at.eq(now.as_micros()),
        clients::revision.eq(clients::revision + 1),
    );
    let mut update = diesel::update(clients::table.find(blob(client.uuid())))
        .set(changes)
        .into_boxed();
    if let Some(expected) = expected {
        update = update.filter(clients::revision.eq(expected));
    }
    let row: Option<ClientRow> = update
        .returning(ClientRow::as_returning())
        .get_result(connection)
        .optional()?;
    Ok(match row {
        Some(row) => ClientReplacement::Replaced(row.try_into()?),
        None if is_known(connection, client)? => ClientReplacement::Stale,
        None => ClientReplacement::Unknown,
    })
}

fn delete(connection: &mut SqliteConnection, client: ClientUid, now: Timestamp) -> Result<ClientDeletion, Failure> {
    // Secrets, the icon and consents go along: ON DELETE CASCADE.
    if diesel::delete(clients::table.find(blob(client.uuid()))).execute(connection)? == 0 {
        return Ok(ClientDeletion::Unknown);
    }
    let granted = TokenFilter {
        client: Some(client),
        username: None,
    };
    let revoked = tokens::revoke_all(connection, &granted, RevocationReason::ClientDeleted, now)?;
    Ok(ClientDeletion::Deleted { revoked })
}

fn insert_secret(
    connection: &mut SqliteConnection,
    secret: &ClientSecret,
    others_expire_at: Option<Timestamp>,
) -> Result<SecretInsertion, Failure> {
    if !is_known(connection, secret.client)? {
        return Ok(SecretInsertion::Unknown);
    }
    let of_client = client_secrets::client_uid.eq(blob(secret.client.uuid()));
    let lookups: Vec<String> = client_secrets::table
        .filter(of_client.clone())
        .select(client_secrets::lookup)
        .load(connection)?;
    if lookups.len() >= SECRETS_PER_CLIENT {
        return Ok(SecretInsertion::Full);
    }
    if lookups.iter().any(|lookup| lookup == secret.lookup.as_str()) {
        return Ok(SecretInsertion::LookupTaken);
    }
    if let Some(deadline) = others_expire_at {
        let deadline = deadline.as_micros();
        let expires_at = client_secrets::expires_at;
        diesel::update(client_secrets::table.filter(of_client))
            .filter(expires_at.is_null().or(expires_at.gt(deadline)))
            .set((
                expires_at.eq(deadline),
                client_secrets::updated_at.eq(secret.created_at.as_micros()),
            ))
            .execute(connection)?;
    }
    diesel::insert_into(client_secrets::table)
        .values(SecretRow::from(secret))
        .execute(connection)?;
    Ok(SecretInsertion::Inserted)
}

fn set_icon(connection: &mut SqliteConnection, client: ClientUid, row: Option<IconRow>) -> Result<bool, Failure> {
    if !is_known(connection, client)? {
        return Ok(false);
    }
    match row {
        Some(row) => diesel::replace_into(client_icons::table)
            .values(row)
            .execute(connection)?,
        None => diesel::delete(client_icons::table.find(blob(client.uuid()))).execute(connection)?,
    };
    Ok(true)
}
