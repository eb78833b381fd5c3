use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use informer_oauth_domain::{
    secret::{Digest, Secret},
    timestamp::Timestamp,
    user::User,
};
use thiserror::Error;

use crate::StoreError;

/// Whoever knows the users cannot say. Never "signed out", never "allowed".
#[derive(Clone, Debug, Error)]
pub enum IdentityError {
    /// The store behind it failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many passwords are being checked at once.
    #[error("too many sign-ins at once")]
    Busy,
    /// It cannot be reached or makes no sense.
    #[error("the identity source is unavailable: {0}")]
    Unavailable(String),
}

/// A browser's user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// Tells this session from every other, without being its cookie: forms are bound to it.
    pub session: Digest,
    /// Who acts for the user in this session, such as somebody of support; `None` for the user in person.
    pub impersonator: Option<String>,
}

/// What an identity source knows of whether a user is active: there, and neither locked nor disabled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserStatus {
    /// Whether the user is active.
    pub active: bool,
    /// Where that is from.
    pub source: StatusSource,
}

/// Where a [`UserStatus`] is from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatusSource {
    /// The source's own answer, as old as the source lets its answers get.
    Current,
    /// The source's last answer, given at this time: it cannot be reached now.
    LastKnown(Timestamp),
    /// The last visit of the user's browser: the source cannot be asked about a user who is not there.
    LastVisit,
}

/// Where a signed-out browser goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignInPage {
    /// This service's own page, backed by [`PasswordSignIn`].
    Own,
    /// Another page on the same site, with the way back in its `return` parameter.
    Elsewhere(String),
}

/// Who is signed in, and what users may do.
#[async_trait]
pub trait Identity: Send + Sync {
    /// The name of the cookie that a browser's session is read from.
    fn session_cookie(&self) -> &str;

    /// Where to send the signed-out.
    fn sign_in_page(&self) -> SignInPage;

    /// The user behind a session cookie's value; `None` when it is no live session of an active user.
    async fn session_user(&self, cookie: &Secret, now: Timestamp) -> Result<Option<SignedIn>, IdentityError>;

    /// An active user by name; `None` when unknown, locked, disabled or deleted.
    async fn active_user(&self, username: &str, now: Timestamp) -> Result<Option<User>, IdentityError>;

    /// What is known of a user's status. A source that answers an earlier status while it cannot be reached implements
    /// this; [`IdentityError::Unavailable`] means that it has never heard of the user's status.
    async fn user_status(&self, username: &str, now: Timestamp) -> Result<UserStatus, IdentityError> {
        Ok(UserStatus {
            active: self.active_user(username, now).await?.is_some(),
            source: StatusSource::Current,
        })
    }

    /// Whether an answer can be expected at the moment. Asked before something is used up for a user whose name is only
    /// known afterwards, so that it is not used up in vain. A source that other stores stand or fall with is always ready.
    async fn ready(&self) -> Result<(), IdentityError> {
        Ok(())
    }
}

/// What a sign-in came to.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// It worked.
    SignedIn {
        /// Who.
        user: User,
        /// The new session cookie's value.
        cookie: Secret,
        /// How long the session lasts.
        lifetime: Duration,
        /// The new device cookie: proof that this browser has signed in as this user.
        device: Secret,
        /// How long the device cookie is good for.
        device_lifetime: Duration,
    },
    /// Unknown user, wrong password or locked: not told apart.
    Refused,
    /// Too many failures for this name or address.
    Limited {
        /// How long to wait.
        retry_after: Duration,
        /// The counter that reached its limit: one refusal of each is written to the audit log.
        counter: String,
    },
}

/// A filled-in sign-in form.
#[derive(Clone, Copy, Debug)]
pub struct SignInAttempt<'a> {
    /// As typed.
    pub username: &'a str,
    /// As typed.
    pub password: &'a Secret,
    /// From which address.
    pub address: Option<IpAddr>,
    /// The session cookie that the browser sent.
    pub replaces: Option<&'a Secret>,
    /// The device cookie that the browser sent.
    pub device: Option<&'a Secret>,
}

/// Signing in with a password, where the users are local.
#[async_trait]
pub trait PasswordSignIn: Send + Sync {
    /// Checks the password and opens a session, ending the one of `replaces` (the cookie the browser sent): a session is
    /// never carried over a sign-in. Takes about as long for an unknown name as for a wrong password.
    ///
    /// An attempt that could not be checked ([`IdentityError::Busy`], a store that failed) counts against nothing. A browser
    /// whose device cookie is good for the name is counted by itself: what strangers do does not limit it.
    async fn sign_in(&self, attempt: SignInAttempt<'_>, now: Timestamp) -> Result<SignIn, IdentityError>;

    /// The name of the device cookie.
    fn device_cookie(&self) -> &str;

    /// Ends the session behind a cookie's value.
    async fn sign_out(&self, cookie: &Secret) -> Result<(), IdentityError>;
}
