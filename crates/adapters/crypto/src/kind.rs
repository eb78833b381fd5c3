//! The two kinds of tokens and their headers.

use informer_oauth_ports::KeyPurpose;
use josekit::jws::JwsHeader;

/// The header members that tell a kind of token.
pub(crate) struct Kind {
    pub(crate) purpose: KeyPurpose,
    pub(crate) algorithm: &'static str,
    /// The media type without `application/`.
    media_type: &'static str,
}

/// Access tokens (RFC 9068 §2.1).
pub(crate) const ACCESS: Kind = Kind {
    purpose: KeyPurpose::Access,
    algorithm: "ES256",
    media_type: "at+jwt",
};

/// Refresh tokens: a type of this service's own, since nobody else reads them (RFC 8725 §3.11).
pub(crate) const REFRESH: Kind = Kind {
    purpose: KeyPurpose::Refresh,
    algorithm: "HS256",
    media_type: "rt+jwt",
};

impl Kind {
    pub(crate) const fn of(purpose: KeyPurpose) -> &'static Self {
        match purpose {
            KeyPurpose::Access => &ACCESS,
            KeyPurpose::Refresh => &REFRESH,
        }
    }

    /// Returns the header of a key's tokens.
    pub(crate) fn header(&self, kid: &str) -> JwsHeader {
        let mut header = JwsHeader::new();
        header.set_token_type(self.media_type);
        header.set_key_id(kid);
        header
    }

    /// Whether `typ` says this kind: media types are case-insensitive, `application/` may be left out (RFC 7515 §4.1.9).
    pub(crate) fn is_typ(&self, typ: &str) -> bool {
        const PREFIX: &str = "application/";
        let bare = match typ.split_at_checked(PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
            _ => typ,
        };
        bare.eq_ignore_ascii_case(self.media_type)
    }
}
