//! Signing keys, encrypted.

use async_trait::async_trait;
use diesel::{
    dsl::{exists, select},
    pg::Pg as Backend,
    prelude::*,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::{
    KeyInstallation, KeyPurpose, KeyRotation, KeyState, SealedKey, SigningKeyStore, StoreError,
};

use crate::{
    Postgres,
    columns::{can_be_stored, time},
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
impl SigningKeyStore for Postgres {
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError> {
        self.call(|connection| list(connection).boxed()).await
    }

    async fn install(&self, current: &SealedKey, next: &SealedKey) -> Result<KeyInstallation, StoreError> {
        let purpose = current.purpose.as_str();
        let rows = [KeyRow::from(current), KeyRow::from(next)];
        self.call(move |connection| install(connection, purpose, rows).boxed())
            .await
    }

    async fn rotate(&self, expected: &str, next: &SealedKey, now: Timestamp) -> Result<KeyRotation, StoreError> {
        if !can_be_stored(expected) {
            return Ok(KeyRotation::Lost);
        }
        let purpose = next.purpose.as_str();
        let expected = expected.to_owned();
        let next = KeyRow::from(next);
        self.call(move |connection| rotate(connection, purpose, expected, next, now).boxed())
            .await
    }

    async fn reseal(&self, kid: &str, expected: &str, sealed: &str) -> Result<bool, StoreError> {
        if !can_be_stored(kid) || !can_be_stored(expected) {
            return Ok(false);
        }
        let [kid, expected, sealed] = [kid, expected, sealed].map(str::to_owned);
        self.call(|connection| reseal(connection, kid, expected, sealed).boxed())
            .await
    }

    async fn remove_retired(&self, kid: &str) -> Result<bool, StoreError> {
        if !can_be_stored(kid) {
            return Ok(false);
        }
        let kid = kid.to_owned();
        self.call(|connection| remove_retired(connection, kid).boxed()).await
    }
}

async fn list(connection: &mut AsyncPgConnection) -> Result<Vec<SealedKey>, Failure> {
    let rows: Vec<KeyRow> = signing_keys::table
        .order((signing_keys::created_at, signing_keys::kid))
        .select(KeyRow::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(SealedKey::try_from).collect::<Result<_, _>>()?)
}

/// Under a lock that lets others read the table but not write to it: there is no row yet that could be locked.
async fn install(
    connection: &mut AsyncPgConnection,
    purpose: &'static str,
    rows: [KeyRow; 2],
) -> Result<KeyInstallation, Failure> {
    connection
        .transaction(async |connection| {
            connection
                .batch_execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
                .await?;
            let of_purpose = signing_keys::table.filter(signing_keys::purpose.eq(purpose));
            let present: bool = select(exists(of_purpose)).get_result(connection).await?;
            if present {
                return Ok(KeyInstallation::Present);
            }
            for row in rows {
                diesel::insert_into(signing_keys::table)
                    .values(row)
                    .execute(connection)
                    .await?;
            }
            Ok(KeyInstallation::Installed)
        })
        .await
}

/// The first change locks the current key; who waited for it finds it retired.
async fn rotate(
    connection: &mut AsyncPgConnection,
    purpose: &'static str,
    expected: String,
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
    connection
        .transaction(async |connection| {
            let retired = diesel::update(signing_keys::table.find(expected))
                .filter(of_purpose)
                .filter(signing_keys::state.eq(CURRENT))
                .set(enter(RETIRED))
                .execute(connection)
                .await?;
            if retired == 0 {
                return Ok(KeyRotation::Lost);
            }
            let advanced = diesel::update(signing_keys::table)
                .filter(of_purpose)
                .filter(signing_keys::state.eq(NEXT))
                .set(enter(CURRENT))
                .execute(connection)
                .await?;
            if advanced != 1 {
                return Err(corrupt(KEY, "there is no next key").into());
            }
            diesel::insert_into(signing_keys::table)
                .values(next)
                .execute(connection)
                .await?;
            Ok(KeyRotation::Rotated)
        })
        .await
}

async fn reseal(
    connection: &mut AsyncPgConnection,
    kid: String,
    expected: String,
    sealed: String,
) -> Result<bool, Failure> {
    let expected = signing_keys::table.find(kid).filter(signing_keys::sealed.eq(expected));
    let resealed = diesel::update(expected)
        .set(signing_keys::sealed.eq(sealed))
        .execute(connection)
        .await?;
    Ok(resealed == 1)
}

async fn remove_retired(connection: &mut AsyncPgConnection, kid: String) -> Result<bool, Failure> {
    let retired = signing_keys::table.find(kid).filter(signing_keys::state.eq(RETIRED));
    Ok(diesel::delete(retired).execute(connection).await? == 1)
}
