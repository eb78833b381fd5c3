//! Signing keys at rest: JWE (RFC 7516), direct encryption with A256GCM.

use josekit::jwe::{self, JweHeader};
use zeroize::Zeroizing;

use crate::master_key::{MasterKey, Subkey};

/// The one content encryption in use.
const ENCRYPTION: &str = "A256GCM";

/// The lengths in base64url of the five parts that are fixed: no encrypted key, a 96-bit nonce, a 128-bit tag. The
/// library would take a shortened tag, which is easier to forge.
const FIXED_LENGTHS: [(usize, usize); 3] = [(1, 0), (2, 16), (4, 22)];

/// A sealed key that cannot be opened: it was sealed with another master key, for another `kid`, or was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CannotOpen;

/// Seals signing keys under one master key, and opens those that are sealed under it or under others.
pub(crate) struct Sealer {
    current: Subkey,
    others: Vec<Subkey>,
}

impl Sealer {
    pub(crate) fn new(master: &MasterKey, others: &[MasterKey]) -> Self {
        let derive = |master: &MasterKey| master.derive("informer-oauth signing keys v1");
        Self {
            current: derive(master),
            others: others.iter().map(derive).collect(),
        }
    }

    /// Encrypts a key; the `kid` is part of the protected header, so that one key cannot be put in another's place.
    pub(crate) fn seal(&self, kid: &str, key: &[u8]) -> Result<String, josekit::JoseError> {
        let mut header = JweHeader::new();
        header.set_content_encryption(ENCRYPTION);
        header.set_key_id(kid);
        let encrypter = jwe::Dir.encrypter_from_bytes(self.current.as_slice())?;
        jwe::serialize_compact(key, &header, &encrypter)
    }

    /// Decrypts what [`Sealer::seal`] made for this `kid`, under whichever master key.
    pub(crate) fn open(&self, kid: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        self.others
            .iter()
            .fold(open(&self.current, kid, sealed), |opened, other| {
                opened.or_else(|_| open(other, kid, sealed))
            })
    }

    /// Whether it is sealed under the master key that new keys are sealed under.
    pub(crate) fn is_current(&self, kid: &str, sealed: &str) -> bool {
        open(&self.current, kid, sealed).is_ok()
    }
}

fn open(key: &Subkey, kid: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
    let parts: Vec<&str> = sealed.split('.').collect();
    if parts.len() != 5
        || FIXED_LENGTHS
            .iter()
            .any(|(part, length)| parts.get(*part).is_none_or(|part| part.len() != *length))
    {
        return Err(CannotOpen);
    }
    let mut decrypter = jwe::Dir.decrypter_from_bytes(key.as_slice()).map_err(|_| CannotOpen)?;
    decrypter.set_key_id(kid);
    let opened = jwe::deserialize_compact_with_selector(sealed, |header| {
        let is_ours = header.content_encryption() == Some(ENCRYPTION) && header.compression().is_none();
        Ok(is_ours.then_some(&decrypter as &dyn jwe::JweDecrypter))
    });
    opened.map(|(key, _)| Zeroizing::new(key)).map_err(|_| CannotOpen)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    fn sealer() -> Sealer {
        Sealer::new(&MasterKey::generate(&SystemEntropy), &[])
    }

    #[test]
    fn a_sealed_key_opens_for_its_kid_under_its_master_key_only() {
        let sealer = sealer();
        let sealed = sealer.seal("first", b"a private key").unwrap();
        assert_eq!(sealer.open("first", &sealed).unwrap().as_slice(), b"a private key");
        assert_eq!(sealer.open("second", &sealed), Err(CannotOpen));
        assert_eq!(super::tests::sealer().open("first", &sealed), Err(CannotOpen));
        assert!(
            sealer.seal("first", b"a private key").unwrap() != sealed,
            "each sealing has its own nonce"
        );
    }

    #[test]
    fn any_change_and_a_shortened_tag_are_refused() {
        let sealer = sealer();
        let sealed = sealer.seal("first", b"a private key").unwrap();
        for position in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                sealer.open("first", &String::from_utf8(changed).unwrap()),
                Err(CannotOpen),
                "{position}"
            );
        }
        for length in 0..sealed.len() {
            assert_eq!(sealer.open("first", &sealed[..length]), Err(CannotOpen), "{length}");
        }
        assert_eq!(sealer.open("first", &format!("{sealed}.")), Err(CannotOpen));
    }
}
