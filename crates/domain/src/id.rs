//! Identifiers, each its own type so that one cannot stand in for another.
//!
//! ```
//! use informer_oauth_domain::id::{ClientId, ClientRef};
//!
//! let id: ClientId = "a6bd8f0f72b2c3275ff6".parse()?;
//! assert_eq!("a6bd8f0f72b2c3275ff6".parse::<ClientRef>()?, ClientRef::ClientId(id));
//! assert!("A6BD8F0F72B2C3275FF6".parse::<ClientId>().is_err());
//! # Ok::<(), informer_oauth_domain::id::InvalidId>(())
//! ```

use std::{fmt, str::FromStr};

use thiserror::Error;
use uuid::Uuid;

/// A text that is not an identifier of the expected form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("malformed identifier")]
pub struct InvalidId;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID (version 7 where the service makes it, so that ids sort by age).
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // Only the hyphenated form: braces, URNs and bare hex would give one thing several names.
                if text.len() != 36 {
                    return Err(InvalidId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

uuid_id!(
    /// A client record's `id`.
    ClientUid
);
uuid_id!(
    /// A client secret's `id`.
    SecretUid
);
uuid_id!(
    /// A token record's id: the `tid` claim. One per grant of access; everything minted from that grant carries it.
    TokenRecordId
);
uuid_id!(
    /// An audit event's id.
    EventId
);
uuid_id!(
    /// A token's `jti` (RFC 7519 §4.1.7).
    TokenId
);

/// A client's public `client_id` (RFC 6749 §2.2): 20 lower-case hex characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId([u8; 10]);

impl ClientId {
    /// From ten random bytes.
    pub const fn new(bytes: [u8; 10]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 20];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]]);
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ClientId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let digits = text.as_bytes();
        if digits.len() != 20 || !digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(InvalidId);
        }
        let mut bytes = [0; 10];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| InvalidId)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidId)?;
        }
        Ok(Self(bytes))
    }
}

/// How a path names a client: by its record id or by its `client_id`. Both always work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientRef {
    /// The record id.
    Uid(ClientUid),
    /// The public `client_id`.
    ClientId(ClientId),
}

impl FromStr for ClientRef {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse()
            .map(Self::ClientId)
            .or_else(|_| text.parse().map(Self::Uid))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_twenty_lower_case_hex_digits() {
        let id: ClientId = "a6bd8f0f72b2c3275ff6".parse().unwrap();
        assert_eq!(id.to_string(), "a6bd8f0f72b2c3275ff6");
        for bad in [
            "A6bd8f0f72b2c3275ff6",
            "a6bd8f0f72b2c3275ff",
            "a6bd8f0f72b2c3275ff6a",
            "é6bd8f0f72b2c3275ff",
            "",
        ] {
            assert_eq!(bad.parse::<ClientId>(), Err(InvalidId), "{bad}");
        }
    }

    #[test]
    fn a_record_id_has_one_spelling_only() {
        let text = "0199c2d4-1111-7abc-8def-0123456789ab";
        assert_eq!(text.parse::<ClientUid>().unwrap().to_string(), text);
        assert!("0199c2d411117abc8def0123456789ab".parse::<ClientUid>().is_err());
        assert!(format!("{{{text}}}").parse::<ClientUid>().is_err());
    }
}
