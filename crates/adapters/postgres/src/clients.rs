//! Clients, their secrets and their icons.

use std::sync::Arc;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use informer_oauth_domain::{
    client::{Client, ClientProfile, Registration},
    client_secret::ClientSecret,
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
    Postgres, client_lists,
    client_rows::{ClientRow, IconRow, ProfileRow, SecretRow, client_secrets, clients, is_known},
    client_secrets::{delete_secret, insert_secret, touch_secret},
    columns::{self, can_be_stored},
    failure::Failure,
    icons::{icon, set_icon},
    tokens,
};

#[async_trait]
impl ClientStore for Postgres {
    async fn registration(&self, client: ClientRef) -> Result<Option<Arc<Registration>>, StoreError> {
        self.call(move |connection| registration(connection, client).boxed())
            .await
    }

    async fn list(
        &self,
        text: Option<&str>,
        sort: ClientSort,
        descending: bool,
        page: PageRequest,
    ) -> Result<Page<Client>, StoreError> {
        if !text.is_none_or(can_be_stored) {
            return Ok(columns::nothing());
        }
        let text = text.map(fold);
        self.call(move |connection| client_lists::list(connection, text, sort, descending, page).boxed())
            .await
    }

    async fn insert(&self, client: &Client) -> Result<ClientInsertion, StoreError> {
        let row = ClientRow::from(client);
        self.call(|connection| insert(connection, row).boxed()).await
    }

    async fn replace(
        &self,
        client: ClientUid,
        profile: &ClientProfile,
        expected: Option<i64>,
        now: Timestamp,
    ) -> Result<ClientReplacement, StoreError> {
        let profile = ProfileRow::from(profile);
        self.call(move |connection| replace(connection, client, profile, expected, now).boxed())
            .await
    }

    async fn delete(&self, client: ClientUid, now: Timestamp) -> Result<ClientDeletion, StoreError> {
        self.call_patiently(move |connection| delete(connection, client, now).boxed())
            .await
    }

    async fn insert_secret(
        &self,
        secret: &ClientSecret,
        others_expire_at: Option<Timestamp>,
    ) -> Result<SecretInsertion, StoreError> {
        let secret = secret.clone();
        self.call(move |connection| insert_secret(connection, secret, others_expire_at).boxed())
            .await
    }

    async fn delete_secret(&self, client: ClientUid, secret: SecretUid) -> Result<bool, StoreError> {
        self.call(move |connection| delete_secret(connection, client, secret).boxed())
            .await
    }

    async fn touch_secret(&self, secret: SecretUid, at: Timestamp) -> Result<(), StoreError> {
        self.call(move |connection| touch_secret(connection, secret, at).boxed())
            .await
    }

    async fn icon(&self, client: ClientUid) -> Result<Option<Icon>, StoreError> {
        self.call(move |connection| icon(connection, client).boxed()).await
    }

    async fn set_icon(&self, client: ClientUid, icon: Option<&Icon>) -> Result<bool, StoreError> {
        let row = icon.map(|icon| IconRow::new(client, icon));
        self.call(move |connection| set_icon(connection, client, row).boxed())
            .await
    }
}

/// The client and its secrets, from one statement: every secret on a row with its client.
async fn registration(
    connection: &mut AsyncPgConnection,
    client: ClientRef,
) -> Result<Option<Arc<Registration>>, Failure> {
    let joined = clients::table
        .left_join(client_secrets::table)
        .select((ClientRow::as_select(), Option::<SecretRow>::as_select()))
        .order((client_secrets::created_at, client_secrets::uid));
    let rows: Vec<(ClientRow, Option<SecretRow>)> = match client {
        ClientRef::Uid(uid) => joined.filter(clients::uid.eq(uid.uuid())).load(connection).await?,
        ClientRef::ClientId(id) => {
            let of_id = joined.filter(clients::client_id.eq(id.to_string()));
            of_id.load(connection).await?
        }
    };
    let mut rows = rows.into_iter();
    let Some((client, first)) = rows.next() else {
        return Ok(None);
    };
    let secrets = first.into_iter().chain(rows.filter_map(|(_, secret)| secret));
    Ok(Some(Arc::new(Registration {
        client: client.try_into()?,
        secrets: secrets.map(ClientSecret::try_from).collect::<Result<_, _>>()?,
    })))
}

async fn insert(connection: &mut AsyncPgConnection, row: ClientRow) -> Result<ClientInsertion, Failure> {
    let rows = diesel::insert_into(clients::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    Ok(if rows == 1 {
        ClientInsertion::Inserted
    } else {
        ClientInsertion::Taken
    })
}

async fn replace(
    connection: &mut AsyncPgConnection,
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
    let mut update = diesel::update(clients::table.find(client.uuid()))
        .set(changes)
        .into_boxed();
    if let Some(expected) = expected {
        update = update.filter(clients::revision.eq(expected));
    }
    // All that it returns: see the crate's "acknowledged when it is committed".
    let rows: Vec<ClientRow> = update
        .returning(ClientRow::as_returning())
        .get_results(connection)
        .await?;
    Ok(match rows.into_iter().next() {
        Some(row) => ClientReplacement::Replaced(row.try_into()?),
        None if expected.is_some() && is_known(connection, client).await? => ClientReplacement::Stale,
        None => ClientReplacement::Unknown,
    })
}

async fn delete(
    connection: &mut AsyncPgConnection,
    client: ClientUid,
    now: Timestamp,
) -> Result<ClientDeletion, Failure> {
    connection
        .transaction(async |connection| {
            tokens::allow_time(connection).await?;
            // Secrets, the icon and consents go along: ON DELETE CASCADE.
            let deleted = diesel::delete(clients::table.find(client.uuid()))
                .execute(connection)
                .await?;
            if deleted == 0 {
                return Ok(ClientDeletion::Unknown);
            }
            let granted = TokenFilter {
                client: Some(client),
                username: None,
            };
            let reason = RevocationReason::ClientDeleted;
            let revoked = tokens::revoke_live(connection, &granted, reason, now).await?;
            Ok(ClientDeletion::Deleted { revoked })
        })
        .await
}
