//! Device cookies: proof that a browser has signed in as a user before (OWASP "Device cookies"), so that strangers who guess
//! at a name cannot lock its user out.
//!
//! A cookie is `issued.id.seal`. The seal is keyed and covers the user name and the hash of the password: a cookie is good
//! for one name, and void after a password change.

use std::time::Duration;

use informer_oauth_domain::{
    secret::{Digest, Secret},
    timestamp::Timestamp,
    user::LocalUser,
};
use informer_oauth_ports::{Entropy, FormKey};

/// Lifetime of a device cookie.
pub(crate) const LIFETIME: Duration = Duration::from_hours(90 * 24);

/// Letters and digits of an id: more than 128 bits.
const ID: usize = 22;

/// A device cookie that is well-formed and not too old. Whether its seal is right depends on the user.
#[derive(Debug)]
pub(crate) struct DeviceCookie {
    issued: i64,
    id: String,
    seal: Secret,
}

impl DeviceCookie {
    /// Reads a cookie's value.
    pub(crate) fn parse(value: &Secret, now: Timestamp) -> Option<Self> {
        let mut parts = value.expose().split('.');
        let (issued, id, seal) = (parts.next()?, parts.next()?, parts.next()?);
        let issued: i64 = issued.parse().ok()?;
        let is_id = id.len() == ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_recent = now < Timestamp::from_seconds(issued) + LIFETIME;
        (parts.next().is_none() && is_id && is_recent).then(|| Self {
            issued,
            id: id.to_owned(),
            seal: Secret::new(seal.to_owned()),
        })
    }

    /// Checks that this service made the cookie for this user and their present password. The seals are compared in
    /// constant time.
    pub(crate) fn is_for(&self, user: &LocalUser, key: &dyn FormKey) -> bool {
        self.seal == seal(key, user, self.issued, &self.id)
    }

    /// Tells this browser from every other.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

/// A new cookie's value.
pub(crate) fn issue(user: &LocalUser, key: &dyn FormKey, entropy: &dyn Entropy, now: Timestamp) -> Secret {
    let (issued, id) = (now.as_seconds(), entropy.base62(ID));
    let seal = seal(key, user, issued, &id);
    Secret::new(format!("{issued}.{id}.{}", seal.expose()))
}

fn seal(key: &dyn FormKey, user: &LocalUser, issued: i64, id: &str) -> Secret {
    let digest: Digest = key.digest(&[
        b"device",
        user.username.as_bytes(),
        user.password.as_str().as_bytes(),
        &issued.to_be_bytes(),
        id.as_bytes(),
    ]);
    Secret::new(digest.to_hex())
}
