//! Users and their sessions.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The password of a user for whom no other was chosen.
pub const PASSWORD: &str = "a rather long passphrase";

const SESSION_LIFETIME: Duration = Duration::from_secs(8 * 60 * 60);

/// A user of the fake Informer. Begin with [`FakeUser::named`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeUser {
    /// What the user signs in with, and the last segment of `/api/users/{username}`.
    pub username: String,
    /// What the sign-in page asks for.
    pub password: String,
    /// `displayName`.
    pub display_name: String,
    /// `email`.
    pub email: String,
    /// `permissions`: names as Informer has them; the fake checks none.
    pub permissions: Vec<String>,
    /// `enabled`: a user who is not cannot sign in; sessions made before go on.
    pub enabled: bool,
    /// `locked`: a user who is cannot sign in; sessions made before go on.
    pub locked: bool,
    /// `superuser`.
    pub superuser: bool,
    /// `domain`: where the account comes from.
    pub domain: String,
    /// `tokenApi`: whether the user has the token API feature.
    pub token_api: bool,
}

impl FakeUser {
    /// An ordinary user of that name who can sign in with [`PASSWORD`] and has the token API feature.
    pub fn named(username: &str) -> Self {
        Self {
            username: username.to_owned(),
            password: PASSWORD.to_owned(),
            display_name: username.to_owned(),
            email: format!("{username}@informer.example"),
            permissions: Vec::new(),
            enabled: true,
            locked: false,
            superuser: false,
            domain: "local".to_owned(),
            token_api: true,
        }
    }

    /// With this password.
    pub fn with_password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// With this name to be shown.
    pub fn with_display_name(mut self, display_name: &str) -> Self {
        display_name.clone_into(&mut self.display_name);
        self
    }

    /// As a superuser.
    pub fn superuser(mut self) -> Self {
        self.superuser = true;
        self
    }

    /// As a locked user.
    pub fn locked(mut self) -> Self {
        self.locked = true;
        self
    }

    /// As a disabled user.
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// Without the token API feature.
    pub fn without_token_api(mut self) -> Self {
        self.token_api = false;
        self
    }

    /// `GET /api/users/{username}`.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "username": self.username,
            "displayName": self.display_name,
            "email": self.email,
            "permissions": self.permissions,
            "enabled": self.enabled,
            "locked": self.locked,
            "superuser": self.superuser,
            "domain": self.domain,
            "tokenApi": self.token_api,
        })
    }
}

/// A browser's session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) username: String,
    pub(super) active: bool,
    pub(super) expires_at: SystemTime,
    /// `parent`: who acts for the user.
    pub(super) parent: Option<String>,
    /// `tenant`, where it is not the fake's own.
    pub(super) tenant: Option<String>,
    /// Members that the document does not have.
    pub(super) left_out: Vec<String>,
}

impl Session {
    pub(super) fn expire(&mut self) {
        self.expires_at = now() - Duration::from_secs(60);
    }

    fn is_good(&self) -> bool {
        self.active && self.expires_at > now()
    }

    /// `GET /api/sessions/{id}`.
    pub(super) fn to_json(&self, sid: &str, user: &FakeUser, tenant: Option<&str>) -> Value {
        let expires_at = OffsetDateTime::from(self.expires_at);
        let mut document = json!({
            "id": sid,
            "username": self.username,
            "active": self.active,
            "expiresAt": expires_at.format(&Rfc3339).expect("a time of this century has a text"),
            "user": {
                "username": user.username,
                "displayName": user.display_name,
                "email": user.email,
                "permissions": user.permissions,
            },
            "parent": self.parent.as_ref().map(|parent| json!({ "username": parent })),
            "tenant": self.tenant.as_deref().or(tenant),
        });
        if let Some(members) = document.as_object_mut() {
            members.retain(|name, _| !self.left_out.contains(name));
        }
        document
    }
}

/// Everybody that the fake knows.
#[derive(Debug, Default)]
pub(super) struct People {
    users: BTreeMap<String, FakeUser>,
    sessions: BTreeMap<String, Session>,
    /// The one tenant that the fake serves, if it is one with tenants.
    pub(super) tenant: Option<String>,
}

impl People {
    pub(super) fn set(&mut self, user: FakeUser) {
        self.users.insert(user.username.clone(), user);
    }

    pub(super) fn remove(&mut self, username: &str) {
        self.users.remove(username);
        self.sessions.retain(|_, session| session.username != username);
    }

    pub(super) fn user(&self, username: &str) -> Option<&FakeUser> {
        self.users.get(username)
    }

    /// A session, and whose.
    pub(super) fn session(&self, sid: &str) -> Option<(&Session, &FakeUser)> {
        let session = self.sessions.get(sid)?;
        Some((session, self.users.get(&session.username)?))
    }

    /// Whose session it is, if it is good still.
    pub(super) fn signed_in(&self, sid: &str) -> Option<&FakeUser> {
        let (session, user) = self.session(sid)?;
        session.is_good().then_some(user)
    }

    /// `None` when there is no such user.
    pub(super) fn sign_in(&mut self, username: &str) -> Option<String> {
        self.users.get(username)?;
        let sid = random_hex();
        let session = Session {
            username: username.to_owned(),
            active: true,
            expires_at: now() + SESSION_LIFETIME,
            parent: None,
            tenant: None,
            left_out: Vec::new(),
        };
        self.sessions.insert(sid.clone(), session);
        Some(sid)
    }

    pub(super) fn end_session(&mut self, sid: &str) {
        self.sessions.remove(sid);
    }

    pub(super) fn change_session(&mut self, sid: &str, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.sessions.get_mut(sid) {
            change(session);
        }
    }
}

/// 128 random bits in hexadecimal.
#[expect(
    clippy::disallowed_methods,
    reason = "a server that others talk to, with ids that nobody guesses"
)]
pub(super) fn random_hex() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the system gives randomness");
    format!("{:032x}", u128::from_be_bytes(bytes))
}

#[expect(
    clippy::disallowed_methods,
    reason = "`expiresAt` is compared with the clocks of others"
)]
fn now() -> SystemTime {
    SystemTime::now()
}
