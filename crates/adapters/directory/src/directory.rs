use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use informer_oauth_domain::{
    attempts::{AttemptLimit, address_group},
    secret::Secret,
    timestamp::Timestamp,
    user::{LocalUser, Session, User, check_username},
};
use informer_oauth_ports::{
    AttemptCounter, Entropy, FormKey, HashError, HashSource, Identity, IdentityError, PasswordHasher, PasswordSignIn,
    SessionStore, SignIn, SignInAttempt, SignInPage, SignedIn, StoreError, UserDirectory,
};

use crate::{
    attempts::{address_key, device_key, username_here_key, username_key},
    cookie,
    device::{self, DeviceCookie},
    settings::{DirectorySettings, EVERYWHERE},
};

/// The local directory: users with passwords, and the sessions of those who signed in.
pub struct Directory {
    users: Arc<dyn UserDirectory>,
    sessions: Arc<dyn SessionStore>,
    attempts: Arc<dyn AttemptCounter>,
    passwords: Arc<dyn PasswordHasher>,
    entropy: Arc<dyn Entropy>,
    seal: Arc<dyn FormKey>,
    settings: DirectorySettings,
}

/// The counters of one sign-in attempt.
struct Counters {
    /// Counted ahead of the check, and cleared by a success: the name from here, or the browser that is known.
    own: Counter,
    /// Failures only: the name everywhere and the address. A success cannot be taken back without forgiving the failures
    /// of others. Guesses at once are bounded by the hasher there.
    failures: Vec<Counter>,
    source: HashSource,
}

struct Counter {
    key: String,
    limit: AttemptLimit,
}

impl Counters {
    fn all(&self) -> impl Iterator<Item = &Counter> {
        std::iter::once(&self.own).chain(&self.failures)
    }
}

impl Counter {
    const fn new(key: String, limit: AttemptLimit) -> Self {
        Self { key, limit }
    }

    fn refusal(&self, retry_after: Duration) -> SignIn {
        SignIn::Limited {
            retry_after,
            counter: self.key.clone(),
        }
    }
}

impl Directory {
    /// A directory over these stores. `seal` seals the device cookies.
    pub fn new(
        users: Arc<dyn UserDirectory>,
        sessions: Arc<dyn SessionStore>,
        attempts: Arc<dyn AttemptCounter>,
        passwords: Arc<dyn PasswordHasher>,
        entropy: Arc<dyn Entropy>,
        seal: Arc<dyn FormKey>,
        settings: DirectorySettings,
    ) -> Self {
        Self {
            users,
            sessions,
            attempts,
            passwords,
            entropy,
            seal,
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
        source: &HashSource,
    ) -> Result<Option<LocalUser>, IdentityError> {
        let fits = self
            .passwords
            .verify(user.as_ref().map(|user| &user.password), password, source)
            .await
            .map_err(|error| match error {
                HashError::Busy => IdentityError::Busy,
                HashError::Failed(reason) => IdentityError::Unavailable(reason),
            })?;
        Ok(user.filter(|user| fits && !user.locked))
    }

    /// The id of the browser's device cookie, if it is good for the name that was typed.
    async fn known_browser(&self, attempt: &SignInAttempt<'_>, now: Timestamp) -> Result<Option<String>, StoreError> {
        let Some(cookie) = attempt.device.and_then(|device| DeviceCookie::parse(device, now)) else {
            return Ok(None);
        };
        let user = self.lookup(attempt.username).await?;
        let is_known = user.is_some_and(|user| cookie.is_for(&user, &*self.seal));
        Ok(is_known.then(|| cookie.id().to_owned()))
    }

    fn counters(&self, attempt: &SignInAttempt<'_>, known: Option<&str>) -> Counters {
        let (here, per_address) = (self.settings.per_username, self.settings.per_address);
        if let Some(device) = known {
            return Counters {
                own: Counter::new(device_key(device), here),
                failures: Vec::new(),
                source: HashSource::Known(attempt.username.to_owned()),
            };
        }
        let everywhere = AttemptLimit {
            attempts: here.attempts.saturating_mul(EVERYWHERE),
            ..here
        };
        let mut failures = vec![Counter::new(username_key(attempt.username), everywhere)];
        failures.extend(
            attempt
                .address
                .map(|address| Counter::new(address_key(address), per_address)),
        );
        Counters {
            own: Counter::new(username_here_key(attempt.username, attempt.address), here),
            failures,
            source: HashSource::Stranger(address_group(attempt.address)),
        }
    }

    /// Opens a session in place of the one that the browser had.
    async fn let_in(
        &self,
        user: LocalUser,
        attempt: &SignInAttempt<'_>,
        now: Timestamp,
    ) -> Result<SignIn, IdentityError> {
        let cookie = self.open_session(&user, now).await?;
        if let Some(replaced) = attempt.replaces {
            self.sign_out(replaced).await?;
        }
        Ok(SignIn::SignedIn {
            device: device::issue(&user, &*self.seal, &*self.entropy, now),
            device_lifetime: device::LIFETIME,
            user: self.describe(user),
            cookie,
            lifetime: self.settings.session_lifetime,
        })
    }

    /// Opens a session; its cookie.
    async fn open_session(&self, user: &LocalUser, now: Timestamp) -> Result<Secret, IdentityError> {
        let cookie = cookie::draw(&*self.entropy);
        // A clock that was put back, or one that changed the user and is ahead, must not make the session older than the
        // user it was opened for: it would never count.
        let created_at = now.max(changed_at(user));
        let session = Session {
            username: user.username.clone(),
            created_at,
            expires_at: created_at + self.settings.session_lifetime,
        };
        let digest = cookie::store_digest(&cookie)
            .ok_or_else(|| IdentityError::Unavailable("a drawn cookie has the wrong form".to_owned()))?;
        self.sessions.insert(&digest, &session).await?;
        Ok(cookie)
    }
}

/// When a user was added or last changed: sessions from before do not count.
fn changed_at(user: &LocalUser) -> Timestamp {
    user.updated_at.max(user.created_at)
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
        let user = user.filter(|user| !user.locked && changed_at(user) <= session.created_at);
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
    async fn sign_in(&self, attempt: SignInAttempt<'_>, now: Timestamp) -> Result<SignIn, IdentityError> {
        let known = self.known_browser(&attempt, now).await?;
        let counters = self.counters(&attempt, known.as_deref());
        for counter in counters.all() {
            if let Some(retry_after) = self.wait(&counter.key, &counter.limit, now).await? {
                return Ok(counter.refusal(retry_after));
            }
        }
        // Before it counts: nobody guessed wrong when the store of users is down.
        let user = self.lookup(attempt.username).await?;
        // It counts before the password is looked at, so that guesses made at once cannot all be let in; a right password
        // takes the count back.
        let own = &counters.own;
        let counted = self.attempts.record(&own.key, own.limit.window, now).await?;
        if counted.count > own.limit.attempts {
            let retry_after = own.limit.wait(counted, now).unwrap_or(Duration::from_secs(1));
            return Ok(own.refusal(retry_after));
        }
        let outcome = match self.check_password(user, attempt.password, &counters.source).await {
            Ok(Some(user)) => self.let_in(user, &attempt, now).await,
            Ok(None) => {
                for counter in &counters.failures {
                    self.attempts.record(&counter.key, counter.limit.window, now).await?;
                }
                return Ok(SignIn::Refused);
            }
            Err(error) => Err(error),
        };
        match &outcome {
            Ok(_) => self.attempts.clear(&own.key).await?,
            // Nobody guessed wrong: the hasher was busy, or a store failed.
            Err(_) => self.attempts.take_back(&own.key, now).await?,
        }
        outcome
    }

    fn device_cookie(&self) -> &str {
        &self.settings.device_cookie
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
