use async_trait::async_trait;
use informer_oauth_domain::{secret::Digest, timestamp::Timestamp, user::Session};
use informer_oauth_ports::{SessionStore, StoreError};

use crate::{Memory, purge::purge};

#[async_trait]
impl SessionStore for Memory {
    async fn insert(&self, digest: &Digest, session: &Session) -> Result<(), StoreError> {
        self.lock().sessions.insert(*digest, session.clone());
        Ok(())
    }

    async fn find(&self, digest: &Digest, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let state = self.lock();
        Ok(state
            .sessions
            .get(digest)
            .filter(|session| now < session.expires_at)
            .cloned())
    }

    async fn remove(&self, digest: &Digest) -> Result<(), StoreError> {
        self.lock().sessions.remove(digest);
        Ok(())
    }

    async fn remove_all(&self, username: &str) -> Result<(), StoreError> {
        self.lock().sessions.retain(|_, session| session.username != username);
        Ok(())
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        Ok(purge(&mut self.lock().sessions, limit, |session| {
            session.expires_at <= now
        }))
    }
}
