use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use informer_oauth_domain::{secret::Secret, timestamp::Timestamp, user::User};
use informer_oauth_ports::{
    Change, ChangeListener, Identity, IdentityError, SignInPage, SignedIn, StatusSource, UserStatus,
};

use super::remembered::Remembered;

/// Remembers active users, for at most a second or until told, so that a refresh asks its store one thing only. Who is not
/// active is asked for every time, and so is who is behind a session.
pub struct CachedUsers {
    inner: Arc<dyn Identity>,
    active: Remembered<String, User, IdentityError>,
}

impl CachedUsers {
    /// Wraps an identity source, remembering at most `capacity` users.
    pub fn new(inner: Arc<dyn Identity>, capacity: u64) -> Self {
        let active = Remembered::new("users", capacity);
        Self { inner, active }
    }
}

#[async_trait]
impl Identity for CachedUsers {
    fn session_cookie(&self) -> &str {
        self.inner.session_cookie()
    }

    fn sign_in_page(&self) -> SignInPage {
        self.inner.sign_in_page()
    }

    async fn session_user(&self, cookie: &Secret, now: Timestamp) -> Result<Option<SignedIn>, IdentityError> {
        self.inner.session_user(cookie, now).await
    }

    async fn active_user(&self, username: &str, now: Timestamp) -> Result<Option<User>, IdentityError> {
        let read = || {
            let (inner, username) = (Arc::clone(&self.inner), username.to_owned());
            async move { inner.active_user(&username, now).await }.boxed()
        };
        let active = self.active.get(username, read).await?;
        Ok(active.map(|user| User::clone(&user)))
    }

    /// Asks the source itself only about a user who is not remembered as active.
    async fn user_status(&self, username: &str, now: Timestamp) -> Result<UserStatus, IdentityError> {
        match self.active_user(username, now).await {
            Err(IdentityError::Unavailable(_)) => self.inner.user_status(username, now).await,
            answer => Ok(UserStatus {
                active: answer?.is_some(),
                source: StatusSource::Current,
            }),
        }
    }

    async fn ready(&self) -> Result<(), IdentityError> {
        self.inner.ready().await
    }
}

impl ChangeListener for CachedUsers {
    fn changed(&self, change: Change) {
        if matches!(change, Change::Users | Change::Everything) {
            self.active.forget_all();
        }
    }
}
