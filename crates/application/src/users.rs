//! The local directory's users, as the command line manages them.

use std::sync::Arc;

use informer_oauth_domain::{
    audit::EventKind,
    secret::Secret,
    text::has_hidden_characters,
    timestamp::Timestamp,
    user::{LocalUser, Superuser, check_username},
};
use informer_oauth_ports::{
    Change, Changes, Page, PageRequest, PasswordHasher, SessionStore, UserDirectory, UserInsertion,
};

use crate::{
    audit_trail::{About, AuditTrail},
    context::RequestContext,
    error::ManagementError,
};

/// The shortest password, in characters (NIST SP 800-63B §5.1.1.2 asks for at least 8).
pub const PASSWORD_MINIMUM: usize = 10;
/// The longest password, in bytes: hashing must not be a way to keep the service busy.
pub const PASSWORD_LIMIT: usize = 1024;

/// A user to add.
#[derive(Debug)]
pub struct NewUser {
    /// The unique name.
    pub username: String,
    /// The name to show; the username when empty.
    pub display_name: String,
    /// The password.
    pub password: Secret,
    /// Whether the user may manage clients.
    pub superuser: bool,
}

/// Adds, lists, locks.
pub struct Users {
    pub(crate) directory: Arc<dyn UserDirectory>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) passwords: Arc<dyn PasswordHasher>,
    pub(crate) changes: Arc<dyn Changes>,
    pub(crate) audit: AuditTrail,
}

impl Users {
    /// Users by name.
    pub async fn list(&self, _by: &Superuser, page: PageRequest) -> Result<Page<LocalUser>, ManagementError> {
        Ok(self.directory.list(page).await?)
    }

    /// Adds a user.
    pub async fn add(&self, by: &Superuser, user: NewUser, now: Timestamp) -> Result<(), ManagementError> {
        let user = self.prepare(user, now).await?;
        match self.directory.insert(&user).await? {
            UserInsertion::Inserted => self.record(EventKind::UserCreated, by, &user.username, now).await,
            UserInsertion::Taken => return Err(ManagementError::Conflict("There is a user of this name already.")),
        }
        Ok(())
    }

    /// Adds the first administrator, if there is no user at all; whether there was none.
    pub async fn add_first(&self, by: &Superuser, user: NewUser, now: Timestamp) -> Result<bool, ManagementError> {
        if self.directory.list(PageRequest { start: 0, limit: 1 }).await?.total > 0 {
            return Ok(false);
        }
        let user = self.prepare(user, now).await?;
        let inserted = self.directory.insert_first(&user).await? == UserInsertion::Inserted;
        if inserted {
            self.record(EventKind::UserCreated, by, &user.username, now).await;
        }
        Ok(inserted)
    }

    /// Replaces a password and ends the user's sessions.
    pub async fn set_password(
        &self,
        by: &Superuser,
        username: &str,
        password: &Secret,
        now: Timestamp,
    ) -> Result<(), ManagementError> {
        check_password(password)?;
        let hash = self.passwords.hash(password).await?;
        if !self.directory.set_password(username, &hash, now).await? {
            return Err(ManagementError::NotFound("User"));
        }
        self.changes.publish(Change::Users).await;
        self.sessions.remove_all(username).await?;
        self.record(EventKind::UserPasswordChanged, by, username, now).await;
        Ok(())
    }

    /// Locks (ending the user's sessions) or unlocks.
    pub async fn set_locked(
        &self,
        by: &Superuser,
        username: &str,
        locked: bool,
        now: Timestamp,
    ) -> Result<(), ManagementError> {
        if !self.directory.set_locked(username, locked, now).await? {
            return Err(ManagementError::NotFound("User"));
        }
        // First of all: should ending the sessions fail, a lock counts all the same.
        self.changes.publish(Change::Users).await;
        let kind = if locked {
            self.sessions.remove_all(username).await?;
            EventKind::UserLocked
        } else {
            EventKind::UserUnlocked
        };
        self.record(kind, by, username, now).await;
        Ok(())
    }

    async fn prepare(&self, user: NewUser, now: Timestamp) -> Result<LocalUser, ManagementError> {
        check_username(&user.username).map_err(|_| ManagementError::InvalidValue {
            field: "username",
            message: "username must have 1 to 64 characters: letters, digits, and . _ - @ after the first",
        })?;
        check_password(&user.password)?;
        if user.display_name.chars().any(char::is_control) || has_hidden_characters(&user.display_name) {
            return Err(ManagementError::InvalidValue {
                field: "display_name",
                message: "display_name must not have invisible or control characters",
            });
        }
        let display_name = Some(user.display_name).filter(|name| !name.trim().is_empty());
        Ok(LocalUser {
            display_name: display_name.unwrap_or_else(|| user.username.clone()),
            username: user.username,
            password: self.passwords.hash(&user.password).await?,
            superuser: user.superuser,
            locked: false,
            created_at: now,
            updated_at: now,
        })
    }

    async fn record(&self, kind: EventKind, by: &Superuser, username: &str, now: Timestamp) {
        let about = About {
            actor: Some(by.username().to_owned()),
            target: Some(username.to_owned()),
            ..About::default()
        };
        self.audit.record(kind, about, &RequestContext::local(now)).await;
    }
}

fn check_password(password: &Secret) -> Result<(), ManagementError> {
    let fits = password.expose().chars().count() >= PASSWORD_MINIMUM && password.len() <= PASSWORD_LIMIT;
    if fits {
        Ok(())
    } else {
        Err(ManagementError::InvalidValue {
            field: "password",
            message: "password must have at least 10 characters and at most 1024 bytes",
        })
    }
}
