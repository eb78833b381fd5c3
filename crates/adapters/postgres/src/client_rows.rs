//! The clients' tables, as the migrations make them, and their rows.

use diesel::pg::Pg as Backend;
use diesel::{
    dsl::{exists, select},
    prelude::*,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use informer_oauth_domain::{
    client::{Client, ClientProfile, Source},
    client_secret::{ClientSecret, SecretLabel, SecretLookup},
    icon::ImageType,
    id::{ClientUid, SecretUid},
    redirect_uri::RedirectUri,
    resource::Resource,
    secret::SecretHash,
};
use informer_oauth_ports::{Icon, StoreError};
use uuid::Uuid;

use crate::{
    columns::{client_id, digest, micros, resource, scope, texts, time},
    failure::{Failure, corrupt},
};

diesel::table! {
    clients (uid) {
        uid -> Uuid,
        client_id -> Text,
        name -> Text,
        description -> Text,
        url -> Nullable<Text>,
        redirect_uris -> Array<Text>,
        pkce -> Bool,
        refresh_tokens -> Bool,
        scope -> Text,
        enabled -> Bool,
        introspect -> Bool,
        resources -> Array<Text>,
        source -> Text,
        created_by -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        revision -> BigInt,
        confidential -> Bool,
    }
}

diesel::table! {
    client_secrets (uid) {
        uid -> Uuid,
        client_uid -> Uuid,
        lookup -> Text,
        hash -> Text,
        hint -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        label -> Nullable<Text>,
    }
}

diesel::table! {
    client_icons (client_uid) {
        client_uid -> Uuid,
        kind -> Text,
        bytes -> Binary,
        digest -> Binary,
    }
}

diesel::joinable!(client_secrets -> clients (client_uid));
diesel::allow_tables_to_appear_in_same_query!(clients, client_secrets);

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = clients, check_for_backend(Backend), treat_none_as_default_value = false)]
pub(crate) struct ClientRow {
    pub(crate) uid: Uuid,
    client_id: String,
    #[diesel(embed)]
    profile: ProfileRow,
    source: String,
    created_by: String,
    created_at: i64,
    updated_at: i64,
    revision: i64,
}

/// The columns that replacing a profile sets.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = clients, check_for_backend(Backend), treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct ProfileRow {
    name: String,
    description: String,
    url: Option<String>,
    redirect_uris: Vec<String>,
    pkce: bool,
    refresh_tokens: bool,
    scope: String,
    enabled: bool,
    introspect: bool,
    confidential: bool,
    resources: Vec<String>,
}

const CLIENT: &str = "client";

impl From<&Client> for ClientRow {
    fn from(client: &Client) -> Self {
        Self {
            uid: client.uid.uuid(),
            client_id: client.client_id.to_string(),
            profile: ProfileRow::from(&client.profile),
            source: client.source.as_str().to_owned(),
            created_by: client.created_by.clone(),
            created_at: client.created_at.as_micros(),
            updated_at: client.updated_at.as_micros(),
            revision: client.revision,
        }
    }
}

impl TryFrom<ClientRow> for Client {
    type Error = StoreError;

    fn try_from(row: ClientRow) -> Result<Self, StoreError> {
        Ok(Self {
            uid: ClientUid::new(row.uid),
            client_id: client_id(CLIENT, &row.client_id)?,
            profile: row.profile.try_into()?,
            source: Source::from_stored(&row.source).ok_or_else(|| corrupt(CLIENT, "unknown source"))?,
            created_by: row.created_by,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            revision: row.revision,
        })
    }
}

impl From<&ClientProfile> for ProfileRow {
    fn from(profile: &ClientProfile) -> Self {
        Self {
            name: profile.name.clone(),
            description: profile.description.clone(),
            url: profile.url.clone(),
            redirect_uris: texts(profile.redirect_uris.iter().map(RedirectUri::as_str)),
            pkce: profile.pkce,
            refresh_tokens: profile.refresh_tokens,
            scope: profile.scope.to_string(),
            enabled: profile.enabled,
            introspect: profile.introspect,
            confidential: profile.confidential,
            resources: texts(profile.resources.iter().map(Resource::as_str)),
        }
    }
}

impl TryFrom<ProfileRow> for ClientProfile {
    type Error = StoreError;

    fn try_from(row: ProfileRow) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.name,
            description: row.description,
            url: row.url,
            redirect_uris: row
                .redirect_uris
                .into_iter()
                .map(|text| RedirectUri::from_stored(text).map_err(|error| corrupt(CLIENT, error)))
                .collect::<Result<_, _>>()?,
            pkce: row.pkce,
            refresh_tokens: row.refresh_tokens,
            scope: scope(CLIENT, &row.scope)?,
            enabled: row.enabled,
            introspect: row.introspect,
            confidential: row.confidential,
            resources: row
                .resources
                .iter()
                .map(|text| resource(CLIENT, text))
                .collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = client_secrets, check_for_backend(Backend), treat_none_as_default_value = false)]
pub(crate) struct SecretRow {
    uid: Uuid,
    client_uid: Uuid,
    lookup: String,
    hash: String,
    hint: String,
    created_at: i64,
    updated_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    label: Option<String>,
}

const SECRET: &str = "client secret";

impl From<&ClientSecret> for SecretRow {
    fn from(secret: &ClientSecret) -> Self {
        Self {
            uid: secret.uid.uuid(),
            client_uid: secret.client.uuid(),
            lookup: secret.lookup.as_str().to_owned(),
            hash: secret.hash.as_str().to_owned(),
            hint: secret.hint.clone(),
            created_at: secret.created_at.as_micros(),
            updated_at: secret.updated_at.as_micros(),
            expires_at: micros(secret.expires_at),
            last_used_at: micros(secret.last_used_at),
            label: secret.label.as_ref().map(|label| label.as_str().to_owned()),
        }
    }
}

impl TryFrom<SecretRow> for ClientSecret {
    type Error = StoreError;

    fn try_from(row: SecretRow) -> Result<Self, StoreError> {
        Ok(Self {
            uid: SecretUid::new(row.uid),
            client: ClientUid::new(row.client_uid),
            lookup: SecretLookup::from_stored(&row.lookup).ok_or_else(|| corrupt(SECRET, "malformed lookup id"))?,
            hash: SecretHash::new(row.hash),
            hint: row.hint,
            label: row
                .label
                .map(|text| SecretLabel::from_store(&text).map_err(|error| corrupt(SECRET, error)))
                .transpose()?,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            expires_at: row.expires_at.map(time),
            last_used_at: row.last_used_at.map(time),
        })
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = client_icons, check_for_backend(Backend))]
pub(crate) struct IconRow {
    client_uid: Uuid,
    kind: String,
    bytes: Vec<u8>,
    digest: Vec<u8>,
}

const ICON: &str = "client icon";

impl IconRow {
    pub(crate) fn new(client: ClientUid, icon: &Icon) -> Self {
        Self {
            client_uid: client.uuid(),
            kind: icon.kind.mime().to_owned(),
            bytes: icon.bytes.clone(),
            digest: icon.digest.as_bytes().to_vec(),
        }
    }
}

impl TryFrom<IconRow> for Icon {
    type Error = StoreError;

    fn try_from(row: IconRow) -> Result<Self, StoreError> {
        Ok(Self {
            kind: ImageType::from_mime(&row.kind).ok_or_else(|| corrupt(ICON, "unknown kind of image"))?,
            bytes: row.bytes,
            digest: digest(ICON, &row.digest)?,
        })
    }
}

/// Returns true if there is such a client.
pub(crate) async fn is_known(connection: &mut AsyncPgConnection, client: ClientUid) -> Result<bool, Failure> {
    let found = clients::table.find(client.uuid());
    Ok(RunQueryDsl::get_result(select(exists(found)), connection).await?)
}
