//! Client secrets: `cs_` and 32 characters of base62, of which the first eight are a lookup id.
//!
//! ```
//! use informer_oauth_domain::client_secret::ClientSecretText;
//!
//! // The characters come from the caller's randomness.
//! let secret = ClientSecretText::from_base62("lookupIDthe24thatcannotBeGuessed").ok_or("32 characters of base62")?;
//! assert_eq!(secret.lookup().as_str(), "lookupID");
//! assert_eq!(secret.hint(), "*****eGuessed");
//! assert_eq!(format!("{:?}", secret.secret()), "Secret(***)");
//! # Ok::<(), &str>(())
//! ```

use std::{collections::BTreeSet, fmt};

use crate::{
    id::{ClientUid, SecretUid},
    secret::{Secret, SecretHash},
    timestamp::Timestamp,
};

mod label;

pub use label::{InvalidLabel, SecretLabel};

/// How many secrets a client may have at once. One more is refused; none is ever evicted.
pub const SECRETS_PER_CLIENT: usize = 10;

const PREFIX: &str = "cs_";
const LOOKUP: usize = 8;
const UNGUESSABLE: usize = 24;

/// How many different characters the unguessable part of a given secret must have. Of 24 that are drawn uniformly, fewer
/// are different once in thousands of millions of draws; of what people think of, often.
const DIFFERENT: usize = 10;

/// Why a text cannot become a client's secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnfitSecret {
    /// It has another form.
    #[error("a client secret is cs_ and 32 letters (a-z, A-Z) and digits, drawn at random")]
    Form,
    /// It has the form, and was not drawn at random.
    #[error("this was not drawn at random: too few of its characters are different")]
    Regular,
}

/// How many base62 characters [`ClientSecretText::from_base62`] takes.
pub const SECRET_CHARACTERS: usize = LOOKUP + UNGUESSABLE;

/// The part of a secret that tells which one it is, so that a request costs at most one bcrypt.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretLookup([u8; LOOKUP]);

impl SecretLookup {
    /// The eight characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Reads back what a store kept.
    pub fn from_stored(text: &str) -> Option<Self> {
        let bytes: [u8; LOOKUP] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }
}

impl fmt::Debug for SecretLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretLookup(***)")
    }
}

/// A well-formed client secret in plain text: 35 bytes, so that bcrypt sees all of it (its limit is 72).
#[derive(Clone, Debug)]
pub struct ClientSecretText {
    text: Secret,
    lookup: SecretLookup,
}

impl ClientSecretText {
    /// A new secret from 32 characters drawn uniformly from base62. `None` when there are more, fewer or others.
    pub fn from_base62(characters: &str) -> Option<Self> {
        Self::parse(&format!("{PREFIX}{characters}"))
    }

    /// Reads a presented secret. `None` means that it cannot be one: it then never reaches bcrypt.
    pub fn parse(text: &str) -> Option<Self> {
        let characters = text.strip_prefix(PREFIX)?.as_bytes();
        if characters.len() != SECRET_CHARACTERS || !characters.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let lookup = characters.first_chunk().copied().map(SecretLookup)?;
        Some(Self {
            text: Secret::new(text.to_owned()),
            lookup,
        })
    }

    /// Reads a secret that somebody else drew and that a client shall have. bcrypt keeps a guessable text no better than it
    /// is, and what was verified is remembered in faster ways, so it must have been drawn at random.
    pub fn given(text: &str) -> Result<Self, UnfitSecret> {
        let secret = Self::parse(text).ok_or(UnfitSecret::Form)?;
        let unguessable = text.as_bytes().iter().skip(PREFIX.len() + LOOKUP);
        if unguessable.collect::<BTreeSet<_>>().len() < DIFFERENT {
            return Err(UnfitSecret::Regular);
        }
        Ok(secret)
    }

    /// The whole text, for the hasher and for the one answer that shows it.
    pub const fn secret(&self) -> &Secret {
        &self.text
    }

    /// Which secret it claims to be.
    pub const fn lookup(&self) -> SecretLookup {
        self.lookup
    }

    /// What lists show of it: `*****` and its last eight characters.
    pub fn hint(&self) -> String {
        let text = self.text.expose();
        format!("*****{}", text.get(text.len().saturating_sub(8)..).unwrap_or_default())
    }
}

/// A client secret as a store keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientSecret {
    /// Its id.
    pub uid: SecretUid,
    /// The client it belongs to.
    pub client: ClientUid,
    /// Which secret a presented text claims to be.
    pub lookup: SecretLookup,
    /// bcrypt of the whole text.
    pub hash: SecretHash,
    /// `*****` and the last eight characters.
    pub hint: String,
    /// What people call it.
    pub label: Option<SecretLabel>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its deadline last changed.
    pub updated_at: Timestamp,
    /// From when on it is refused; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// When it last authenticated its client, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}

impl ClientSecret {
    /// Whether it can still authenticate its client.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const TEXT: &str = "cs_ABCDefgh0123456789abcdefghijKLMN";

    #[test]
    fn a_secret_shows_its_lookup_id_and_its_last_eight_characters_only() {
        let secret = ClientSecretText::parse(TEXT).unwrap();
        assert_eq!(secret.lookup().as_str(), "ABCDefgh");
        assert_eq!(secret.hint(), "*****ghijKLMN");
        assert!(secret.secret().len() <= 72, "bcrypt reads no further");
        assert!(!format!("{secret:?}").contains("ABCD"));
    }

    #[test]
    fn anything_else_is_refused_before_it_can_reach_bcrypt() {
        for bad in [
            "",
            "cs_",
            "ABCDefgh0123456789abcdefghijKLMN",
            "cs_ABCDefgh0123456789abcdefghijKLM",
            "cs_ABCDefgh0123456789abcdefghijKLMNO",
            "cs_ABCDefgh0123456789abcdefghijKLM-",
            "cs_ABCDefgh0123456789abcdefghijKLé",
            &"x".repeat(73),
        ] {
            assert!(ClientSecretText::parse(bad).is_none(), "{bad}");
        }
    }
    #[test]
    fn a_given_secret_must_look_drawn() {
        assert!(ClientSecretText::given(TEXT).is_ok());
        for (unfit, why) in [
            ("hunter2", UnfitSecret::Form),
            ("ABCDefgh0123456789abcdefghijKLMN", UnfitSecret::Form),
            (" cs_ABCDefgh0123456789abcdefghijKLMN", UnfitSecret::Form),
            ("cs_ABCDefgh012012012012012012012012", UnfitSecret::Regular),
            ("cs_ABCDefghpasswordpasswordpassword", UnfitSecret::Regular),
        ] {
            assert_eq!(ClientSecretText::given(unfit).err(), Some(why), "{unfit}");
        }
    }
}
