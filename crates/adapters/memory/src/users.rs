use std::time::Duration;

use async_trait::async_trait;
use informer_oauth_domain::{secret::SecretHash, timestamp::Timestamp, user::LocalUser};
use informer_oauth_ports::{Page, PageRequest, StoreError, UserDirectory, UserInsertion};

use crate::{Memory, state::page_of};

impl Memory {
    /// Changes a user; false when there is none of that name.
    fn change_user(&self, username: &str, now: Timestamp, change: impl FnOnce(&mut LocalUser)) -> bool {
        let mut state = self.lock();
        let user = state.users.get_mut(username);
        user.map(|user| {
            change(user);
            user.updated_at = now.max(user.updated_at + Duration::from_micros(1));
        })
        .is_some()
    }

    fn add_user(&self, user: &LocalUser, only_first: bool) -> UserInsertion {
        let mut state = self.lock();
        if state.users.contains_key(&user.username) || (only_first && !state.users.is_empty()) {
            return UserInsertion::Taken;
        }
        state.users.insert(user.username.clone(), user.clone());
        UserInsertion::Inserted
    }
}

#[async_trait]
impl UserDirectory for Memory {
    async fn find(&self, username: &str) -> Result<Option<LocalUser>, StoreError> {
        Ok(self.lock().users.get(username).cloned())
    }

    async fn list(&self, page: PageRequest) -> Result<Page<LocalUser>, StoreError> {
        Ok(page_of(self.lock().users.values().cloned().collect(), page))
    }

    async fn insert(&self, user: &LocalUser) -> Result<UserInsertion, StoreError> {
        Ok(self.add_user(user, false))
    }

    async fn insert_first(&self, user: &LocalUser) -> Result<UserInsertion, StoreError> {
        Ok(self.add_user(user, true))
    }

    async fn set_password(&self, username: &str, password: &SecretHash, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.change_user(username, now, |user| user.password = password.clone()))
    }

    async fn set_locked(&self, username: &str, locked: bool, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.change_user(username, now, |user| user.locked = locked))
    }
}
