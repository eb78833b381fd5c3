use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use informer_oauth_domain::{
    attempts::AttemptLimit,
    secret::Secret,
    timestamp::Timestamp,
    user::{LocalUser, Session, User, check_username},
};
use informer_oauth_ports::{
    AttemptCounter, Entropy, HashError, Identity, IdentityError, PasswordHasher, PasswordSignIn, SessionStore, SignIn,
    SignInPage, SignedIn, StoreError, UserDirectory,
};

use crate::{
    attempts::{address_key, username_here_key, username_key},
    cookie,
    settings::{DirectorySettings, EVERYWHERE},
};

/// The local directory: users with passwords, and the sessions of those who signed in.
pub struct Directory {
    users: Arc<dyn UserDirectory>,
    sessions: Arc<dyn SessionStore>,
    attempts: Arc<dyn AttemptCounter>,
    passwords: Arc<dyn PasswordHasher>,
    entropy: Arc<dyn Entropy>,
    settings: DirectorySettings,
}

impl Directory {
    /// A directory over these stores.
    pub fn new(
        users: Arc<dyn UserDirectory>,
        sessions: Arc<dyn SessionStore>,
        attempts: Arc<dyn AttemptCounter>,
        passwords: Arc<dyn PasswordHasher>,
        entropy: Arc<dyn Entropy>,
        settings: DirectorySettings,
    ) -> Self {
        Self {
            users,
            sessions,
            attempts,
            passwords,
            entropy,
            settings,
        }
    }

    fn describe(&self, user: LocalUser) -> User {
        let display_name = if user.display_name.is_empty() {
            user.username.clone()
        } else {
            user.display_name
        };
        User {
            username: user.username,
            display_name,
            superuser: user.superuser,
            token_api: self.settings.token_api,
        }
    }

    /// How long a key must wait, without counting.
    async fn wait(&self, key: &str, limit: &AttemptLimit, now: Timestamp) -> Result<Option<Duration>, StoreError> {
        Ok(limit.wait(self.attempts.peek(key, now).await?, now))
    }

    /// The user of a name; what cannot be a name is not looked up.
    async fn lookup(&self, username: &str) -> Result<Option<LocalUser>, StoreError> {
        if check_username(username).is_err() {
            return Ok(None);
        }
        self.users.find(username).await
    }

    /// The user, if it is their password. Unknown and locked users take the same work as others.
    async fn check_password(
        &self,
        user: Option<LocalUser>,
        password: &Secret,
    ) -> Result<Option<LocalUser>, IdentityError> {
        let fits = self
            .passwords
            .verify(user.as_ref().map(|user| &user.password), password)
            .await
            .map_err(|error| match error {
                HashError::Busy => IdentityError::Busy,
                HashError::Failed(reason) => IdentityError::Unavailable(reason),
            })?;
        Ok(user.filter(|user| fits && !user.locked))
    }

    /// Opens a session; its cookie.
    async fn open_session(&self, username: &str, now: Timestamp) -> Result<Secret, IdentityError> {
        let cookie = cookie::draw(&*self.entropy);
        let session = Session {
            username: username.to_owned(),
            created_at: now,
            expires_at: now + self.settings.session_lifetime,
        };
        let digest = cookie::store_digest(&cookie)
            .ok_or_else(|| IdentityError::Unavailable("a drawn cookie has the wrong form".to_owned()))?;
        self.sessions.insert(&digest, &session).await?;
        Ok(cookie)
    }
}

#[async_trait]
impl Identity for Directory {
    fn session_cookie(&self) -> &str {
        &self.settings.cookie
    }

    fn sign_in_page(&self) -> SignInPage {
        SignInPage::Own
    }

    async fn session_user(&self, cookie: &Secret, now: Timestamp) -> Result<Option<SignedIn>, IdentityError> {
        let Some(digest) = cookie::store_digest(cookie) else {
            return Ok(None);
        };
        let Some(session) = self.sessions.find(&digest, now).await? else {
            return Ok(None);
        };
        let user = self.users.find(&session.username).await?;
        // A user that changed after it began, by a new password or a lock, has ended it, also where the store of sessions
        // has forgotten that; and one that was added since is another one of the same name.
        let user = user.filter(|user| !user.locked && user.updated_at.max(user.created_at) <= session.created_at);
        Ok(user.map(|user| SignedIn {
            user: self.describe(user),
            session: cookie::form_digest(cookie),
            impersonator: None,
        }))
    }

    async fn active_user(&self, username: &str, _now: Timestamp) -> Result<Option<User>, IdentityError> {
        let user = self.users.find(username).await?;
        Ok(user.filter(|user| !user.locked).map(|user| self.describe(user)))
    }
}

#[async_trait]
impl PasswordSignIn for Directory {
    async fn sign_in(
        &self,
        username: &str,
        password: &Secret,
        address: Option<IpAddr>,
        replaces: Option<&Secret>,
        now: Timestamp,
    ) -> Result<SignIn, IdentityError> {
        let (here, per_address) = (&self.settings.per_username, &self.settings.per_address);
        let everywhere = &AttemptLimit {
            attempts: here.attempts.saturating_mul(EVERYWHERE),
            ..*here
        };
        let here_key = username_here_key(username, address);
        let mut failures = vec![(username_key(username), everywhere)];
        failures.extend(address.map(|address| (address_key(address), per_address)));
        let mut waits = vec![self.wait(&here_key, here, now).await?];
        for (key, limit) in &failures {
            waits.push(self.wait(key, limit, now).await?);
        }
        if let Some(retry_after) = waits.into_iter().flatten().max() {
            return Ok(SignIn::Limited { retry_after });
        }
        // Before it counts: nobody guessed wrong when the store of users is down.
        let user = self.lookup(username).await?;
        // An attempt at a name from here counts before its password is looked at, so that guesses made at once cannot all
        // be let in; a right password takes the count back. The name everywhere and the address count failures only: a
        // success cannot be taken back without forgiving the failures of others. Guesses at once are bounded by the hasher
        // there.
        let counted = self.attempts.record(&here_key, here.window, now).await?;
        if counted.count > here.attempts {
            let retry_after = here.wait(counted, now).unwrap_or(Duration::from_secs(1));
            return Ok(SignIn::Limited { retry_after });
        }
        let Some(user) = self.check_password(user, password).await? else {
            for (key, limit) in &failures {
                self.attempts.record(key, limit.window, now).await?;
            }
            return Ok(SignIn::Refused);
        };
        let cookie = self.open_session(&user.username, now).await?;
        if let Some(replaced) = replaces {
            self.sign_out(replaced).await?;
        }
        self.attempts.clear(&here_key).await?;
        Ok(SignIn::SignedIn {
            user: self.describe(user),
            cookie,
            lifetime: self.settings.session_lifetime,
        })
    }

    async fn sign_out(&self, cookie: &Secret) -> Result<(), IdentityError> {
        if let Some(digest) = cookie::store_digest(cookie) {
            self.sessions.remove(&digest).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
