//! Signed-in browsers.

use async_trait::async_trait;
use diesel::{prelude::*, sqlite::Sqlite as Backend};
use informer_oauth_domain::{secret::Digest, timestamp::Timestamp, user::Session};
use informer_oauth_ports::{SessionStore, StoreError};

use crate::{Sqlite, columns::time, schema::sessions};

pub(crate) const PURGE: &[&str] =
    &["DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE expires_at <= ?1 LIMIT ?2)"];

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, check_for_backend(Backend))]
struct SessionRow {
    digest: Vec<u8>,
    username: String,
    created_at: i64,
    expires_at: i64,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            username: row.username,
            created_at: time(row.created_at),
            expires_at: time(row.expires_at),
        }
    }
}

#[async_trait]
impl SessionStore for Sqlite {
    async fn insert(&self, digest: &Digest, session: &Session) -> Result<(), StoreError> {
        let row = SessionRow {
            digest: digest.as_bytes().to_vec(),
            username: session.username.clone(),
            created_at: session.created_at.as_micros(),
            expires_at: session.expires_at.as_micros(),
        };
        self.write(move |connection| {
            diesel::insert_into(sessions::table).values(row).execute(connection)?;
            Ok(())
        })
        .await
    }

    async fn find(&self, digest: &Digest, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let digest = *digest;
        self.read(move |connection| {
            let row = sessions::table
                .find(digest.as_bytes().as_slice())
                .filter(sessions::expires_at.gt(now.as_micros()))
                .select(SessionRow::as_select())
                .first(connection)
                .optional()?;
            Ok(row.map(Session::from))
        })
        .await
    }

    async fn remove(&self, digest: &Digest) -> Result<(), StoreError> {
        let digest = *digest;
        self.write(move |connection| {
            diesel::delete(sessions::table.find(digest.as_bytes().as_slice())).execute(connection)?;
            Ok(())
        })
        .await
    }

    async fn remove_all(&self, username: &str) -> Result<(), StoreError> {
        let username = username.to_owned();
        self.write(move |connection| {
            diesel::delete(sessions::table.filter(sessions::username.eq(username))).execute(connection)?;
            Ok(())
        })
        .await
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.purge_rows(PURGE, now, limit).await
    }
}
