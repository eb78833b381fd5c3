//! Signing keys, encrypted.

use async_trait::async_trait;
use diesel::{
    dsl::{exists, select},
    prelude::*,
    sqlite::{Sqlite as Backend, SqliteConnection},
};
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::{
    KeyInstallation, KeyPurpose, KeyRotation, KeyState, SealedKey, SigningKeyStore, StoreError,
};

use crate::{
    Sqlite,
    columns::time,
    failure::{Failure, corrupt},
    schema::signing_keys,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys, check_for_backend(Backend), treat_none_as_default_value = false)]
struct KeyRow {
    kid: String,
    purpose: String,
    state: String,
    state_since: Option<i64>,
    created_at: i64,
    sealed: String,
}

const KEY: &str = "signing key";
const NEXT: &str = "next";
const CURRENT: &str = "current";
const RETIRED: &str = "retired";

impl From<&SealedKey> for KeyRow {
    fn from(key: &SealedKey) -> Self {
        let (state, since) = match key.state {
            KeyState::Next => (NEXT, None),
            KeyState::Current { since } => (CURRENT, Some(since)),
            KeyState::Retired { at } => (RETIRED, Some(at)),
        };
        Self {
            kid: key.kid.clone(),
            purpose: key.purpose.as_str().to_owned(),
            state: state.to_owned(),
            state_since: since.map(Timestamp::as_micros),
            created_at: key.created_at.as_micros(),
            sealed: key.sealed.clone(),
        }
    }
}

impl TryFrom<KeyRow> for SealedKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let state = match (row.state.as_str(), row.state_since) {
            (NEXT, None) => KeyState::Next,
            (CURRENT, Some(since)) => KeyState::Current { since: time(since) },
            (RETIRED, Some(at)) => KeyState::Retired { at: time(at) },
            _ => return Err(corrupt(KEY, "unknown state")),
        };
        Ok(Self {
            kid: row.kid,
            purpose: KeyPurpose::from_stored(&row.purpose).ok_or_else(|| corrupt(KEY, "unknown purpose"))?,
            state,
            created_at: time(row.created_at),
            sealed: row.sealed,
        })
    }
}

#[async_trait]
impl SigningKeyStore for Sqlite {
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError> {
        self.read(|connection| {
            let rows: Vec<KeyRow> = signing_keys::table
                .order((signing_keys::created_at, signing_keys::kid))
                .select(KeyRow::as_select())
                .load(connection)?;
            Ok(rows.into_iter().map(SealedKey::try_from).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn install(&self, current: &SealedKey, next: &SealedKey) -> Result<KeyInstallation, StoreError> {
        let purpose = current.purpose.as_str();
        let rows = [KeyRow::from(current), KeyRow::from(next)];
        self.write(move |connection| install(connection, purpose, rows)).await
    }

    async fn rotate(&self, expected: &str, next: &SealedKey, now: Timestamp) -> Result<KeyRotation, StoreError> {
        let purpose = next.purpose.as_str();
        let expected = expected.to_owned();
        let next = KeyRow::from(next);
        self.write(move |connection| rotate(connection, purpose, &expected, next, now))
            .await
    }

    async fn reseal(&self, kid: &str, expected: &str, sealed: &str) -> Result<bool, StoreError> {
        let [kid, expected, sealed] = [kid, expected, sealed].map(str::to_owned);
        self.write(move |connection| {
            let expected = signing_keys::table.find(kid).filter(signing_keys::sealed.eq(expected));
            let resealed = diesel::update(expected)
                .set(signing_keys::sealed.eq(sealed))
                .execute(connection)?;
            Ok(resealed == 1)
        })
        .await
    }

    async fn remove_retired(&self, kid: &str) -> Result<bool, StoreError> {
        let kid = kid.to_owned();
        self.write(move |connection| {
            let retired = signing_keys::table.find(kid).filter(signing_keys::state.eq(RETIRED));
            Ok(diesel::delete(retired).execute(connection)? == 1)
        })
        .await
    }
}

/// Whether there is any key.
pub(crate) fn any(connection: &mut SqliteConnection) -> Result<bool, Failure> {
    Ok(select(exists(signing_keys::table.select(signing_keys::kid))).get_result(connection)?)
}

fn install(connection: &mut SqliteConnection, purpose: &str, rows: [KeyRow; 2]) -> Result<KeyInstallation, Failure> {
    let present: bool =
        select(exists(signing_keys::table.filter(signing_keys::purpose.eq(purpose)))).get_result(connection)?;
    if present {
        return Ok(KeyInstallation::Present);
    }
    for row in rows {
        diesel::insert_into(signing_keys::table)
            .values(row)
            .execute(connection)?;
    }
    Ok(KeyInstallation::Installed)
}

fn rotate(
    connection: &mut SqliteConnection,
    purpose: &str,
    expected: &str,
    next: KeyRow,
    now: Timestamp,
) -> Result<KeyRotation, Failure> {
    let of_purpose = signing_keys::purpose.eq(purpose);
    let enter = |state: &'static str| {
        (
            signing_keys::state.eq(state),
            signing_keys::state_since.eq(now.as_micros()),
        )
    };
    let retired = diesel::update(signing_keys::table.find(expected))
        .filter(of_purpose)
        .filter(signing_keys::state.eq(CURRENT))
        .set(enter(RETIRED))
        .execute(connection)?;
    if retired == 0 {
        return Ok(KeyRotation::Lost);
    }
    let advanced = diesel::update(signing_keys::table)
        .filter(of_purpose)
        .filter(signing_keys::state.eq(NEXT))
        .set(enter(CURRENT))
        .execute(connection)?;
    if advanced != 1 {
        return Err(corrupt(KEY, "there is no next key").into());
    }
    diesel::insert_into(signing_keys::table)
        .values(next)
        .execute(connection)?;
    Ok(KeyRotation::Rotated)
}
