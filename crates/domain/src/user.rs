//! Users, and the proofs that one may do something.
//!
//! ```
//! use informer_oauth_domain::user::{ClientAdministrator, Forbidden, Superuser, User};
//!
//! let ada = User { username: "ada".into(), display_name: "Ada".into(), superuser: true, token_api: false };
//! assert!(Superuser::check(&ada).is_ok());
//! // A use case that takes a ClientAdministrator cannot be called for her.
//! assert_eq!(ClientAdministrator::check(&ada).err(), Some(Forbidden::TokenApiDisabled));
//! ```

use thiserror::Error;

use crate::{secret::SecretHash, timestamp::Timestamp};

/// A user as the identity source describes them at this moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The unique name: the `sub` claim.
    pub username: String,
    /// The name to show; the username where there is none.
    pub display_name: String,
    /// Whether the user may manage clients, as far as rank goes.
    pub superuser: bool,
    /// Whether the "token API" feature is enabled for them.
    pub token_api: bool,
}

/// Why a user may not do something. `Display` is the public message (http-api.md §1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Forbidden {
    /// The user is no superuser.
    #[error("Superuser permission required")]
    NotSuperuser,
    /// The feature is off.
    #[error("Token API feature is not enabled")]
    TokenApiDisabled,
    /// Somebody else acts for the user.
    #[error("Somebody else acts for this user in this session, so it can only read")]
    Impersonated,
}

/// Proof that a session's user acts in person: what consenting and every other change in a session need.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InPerson(User);

impl InPerson {
    /// Checks that nobody acts for the user. `impersonator` is whoever does, as the session says.
    pub fn check(user: &User, impersonator: Option<&str>) -> Result<Self, Forbidden> {
        match impersonator {
            None => Ok(Self(user.clone())),
            Some(_) => Err(Forbidden::Impersonated),
        }
    }

    /// The user.
    pub const fn user(&self) -> &User {
        &self.0
    }
}

/// Proof that the holder is a superuser: made only by [`Superuser::check`].
#[derive(Clone, Debug)]
pub struct Superuser {
    username: String,
}

impl Superuser {
    /// Checks the rank.
    pub fn check(user: &User) -> Result<Self, Forbidden> {
        if user.superuser {
            Ok(Self {
                username: user.username.clone(),
            })
        } else {
            Err(Forbidden::NotSuperuser)
        }
    }

    /// For the person at the machine's own command line, who could write to the database anyway. `name` is what the
    /// audit log shows.
    pub fn at_command_line(name: &str) -> Self {
        Self {
            username: name.to_owned(),
        }
    }

    /// Who it is, for the audit log.
    pub fn username(&self) -> &str {
        &self.username
    }
}

/// Proof that the holder is a superuser with the token API feature: what managing clients needs.
#[derive(Clone, Debug)]
pub struct ClientAdministrator(Superuser);

impl ClientAdministrator {
    /// Checks rank first, then the feature, so that the message names what is missing first.
    pub fn check(user: &User) -> Result<Self, Forbidden> {
        let superuser = Superuser::check(user)?;
        if user.token_api {
            Ok(Self(superuser))
        } else {
            Err(Forbidden::TokenApiDisabled)
        }
    }

    /// See [`Superuser::at_command_line`].
    pub fn at_command_line(name: &str) -> Self {
        Self(Superuser::at_command_line(name))
    }

    /// Who it is, for the audit log.
    pub fn username(&self) -> &str {
        self.0.username()
    }

    /// The rank alone.
    pub const fn as_superuser(&self) -> &Superuser {
        &self.0
    }
}

/// A user of the local directory, as a store keeps them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LocalUser {
    /// The unique name.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// argon2id.
    pub password: SecretHash,
    /// Whether the user is a superuser.
    pub superuser: bool,
    /// A locked user cannot sign in, and tokens granted by them stop refreshing.
    pub locked: bool,
    /// When the user was added.
    pub created_at: Timestamp,
    /// When the user last changed.
    pub updated_at: Timestamp,
}

/// Why a username is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("a username has 1 to 64 characters: letters, digits, and . _ - @ after the first")]
pub struct InvalidUsername;

/// Checks a new local username.
pub fn check_username(name: &str) -> Result<(), InvalidUsername> {
    let fits = name.len() <= 64
        && name.chars().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c));
    if fits { Ok(()) } else { Err(InvalidUsername) }
}

/// A signed-in browser: kept under the digest of the cookie's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Who signed in.
    pub username: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on the session is none.
    pub expires_at: Timestamp,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn user(superuser: bool, token_api: bool) -> User {
        User {
            username: "ada".into(),
            display_name: "Ada".into(),
            superuser,
            token_api,
        }
    }

    #[test]
    fn managing_needs_rank_first_and_the_feature_second() {
        assert_eq!(
            ClientAdministrator::check(&user(false, true)).unwrap_err(),
            Forbidden::NotSuperuser
        );
        assert_eq!(
            ClientAdministrator::check(&user(false, false)).unwrap_err(),
            Forbidden::NotSuperuser
        );
        assert_eq!(
            ClientAdministrator::check(&user(true, false)).unwrap_err(),
            Forbidden::TokenApiDisabled
        );
        assert_eq!(ClientAdministrator::check(&user(true, true)).unwrap().username(), "ada");
    }

    #[test]
    fn usernames_hold_no_markup_spaces_or_control_characters() {
        for good in ["ada", "ada.lovelace", "ada@example.com", "7of9"] {
            assert!(check_username(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "<ada>", ".ada", "ada\n", &"a".repeat(65)] {
            assert!(check_username(bad).is_err(), "{bad}");
        }
    }
}
