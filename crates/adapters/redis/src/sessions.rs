//! Signed-in browsers.

use std::sync::LazyLock;

use async_trait::async_trait;
use informer_oauth_domain::{secret::Digest, timestamp::Timestamp, user::Session};
use informer_oauth_ports::{SessionStore, StoreError};
use redis::{Value, cmd};
use serde::{Deserialize, Serialize};

use crate::{
    Redis,
    call::Body,
    failure::corrupt,
    keys::{grace, time_to_live},
};

const SESSION: &str = "session";

static INSERT: LazyLock<Body> = LazyLock::new(|| Body::new(include_str!("scripts/insert_session.lua")));
static REMOVE_ALL: LazyLock<Body> = LazyLock::new(|| Body::new(include_str!("scripts/remove_sessions.lua")));

/// A session as it is kept, under its digest.
#[derive(Serialize, Deserialize)]
struct SessionRow {
    username: String,
    created_at: i64,
    expires_at: i64,
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> Self {
        Self {
            username: session.username.clone(),
            created_at: session.created_at.as_micros(),
            expires_at: session.expires_at.as_micros(),
        }
    }
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            username: row.username,
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: Timestamp::from_micros(row.expires_at),
        }
    }
}

#[async_trait]
impl SessionStore for Redis {
    async fn insert(&self, digest: &Digest, session: &Session) -> Result<(), StoreError> {
        let row = serde_json::to_string(&SessionRow::from(session)).map_err(|error| corrupt(SESSION, error))?;
        let keys = [self.keys.session(digest), self.keys.sessions_of(&session.username)];
        self.run::<Value>(
            "SessionStore.insert",
            SESSION,
            &INSERT,
            &keys.each_ref().map(String::as_str),
            &[
                &row,
                &time_to_live(session.expires_at.since(session.created_at)),
                &digest.to_hex(),
                &session.expires_at.as_micros().to_string(),
                &session.created_at.minus(grace()).as_micros().to_string(),
            ],
        )
        .await
        .map(drop)
    }

    async fn find(&self, digest: &Digest, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let mut command = cmd("GET");
        command.arg(self.keys.session(digest));
        let Some(row) = self
            .ask::<Option<Vec<u8>>>("SessionStore.find", SESSION, command)
            .await?
        else {
            return Ok(None);
        };
        let row: SessionRow = serde_json::from_slice(&row).map_err(|error| corrupt(SESSION, error))?;
        Ok(Some(Session::from(row)).filter(|session| now < session.expires_at))
    }

    /// The note of the session under its user stays until it would have expired; it leads nowhere.
    async fn remove(&self, digest: &Digest) -> Result<(), StoreError> {
        let mut command = cmd("DEL");
        command.arg(self.keys.session(digest));
        self.ask::<Value>("SessionStore.remove", SESSION, command)
            .await
            .map(drop)
    }

    async fn remove_all(&self, username: &str) -> Result<(), StoreError> {
        let key = self.keys.sessions_of(username);
        self.run::<Value>(
            "SessionStore.remove_all",
            SESSION,
            &REMOVE_ALL,
            &[&key],
            &[&self.keys.session_stem()],
        )
        .await
        .map(drop)
    }

    /// Redis forgets sessions by itself.
    async fn purge(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }
}
