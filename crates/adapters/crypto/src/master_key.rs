//! The one configured key, and the keys derived from it.

use std::fmt;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use informer_oauth_domain::secret::{Digest, Secret};
use informer_oauth_ports::{Entropy, FormKey};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

const LENGTH: usize = 32;

/// HMAC-SHA-256 (RFC 2104) of the parts, one after the other.
pub(crate) fn hmac_sha256<'a>(key: &[u8], parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// As [`hmac_sha256`], each part with its length before it, so that no two lists of parts give the same input.
pub(crate) fn hmac_of_list(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let lengths: Vec<[u8; 8]> = parts.iter().map(|part| (part.len() as u64).to_be_bytes()).collect();
    hmac_sha256(
        key,
        lengths
            .iter()
            .zip(parts)
            .flat_map(|(length, part)| [length.as_slice(), part]),
    )
}

/// A key derived from the master key for one use.
pub(crate) type Subkey = Zeroizing<[u8; LENGTH]>;

/// The configured encryption key, 32 bytes. Signing keys at rest and forms are protected by keys derived from it.
pub struct MasterKey(Subkey);

/// A text that is no master key. It holds nothing of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("an encryption key is 32 bytes in base64")]
pub struct InvalidMasterKey;

impl MasterKey {
    /// A new key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        entropy.fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Reads 32 bytes of base64, in the standard or the URL-safe alphabet, padded or not, with white space around it.
    pub fn from_base64(text: &str) -> Result<Self, InvalidMasterKey> {
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let text = text.trim();
        let bytes = [&alphabet::STANDARD, &alphabet::URL_SAFE]
            .into_iter()
            .find_map(|letters| GeneralPurpose::new(letters, lenient).decode(text).ok())
            .map(Zeroizing::new)
            .ok_or(InvalidMasterKey)?;
        let bytes: &[u8; LENGTH] = bytes.as_slice().try_into().map_err(|_| InvalidMasterKey)?;
        Ok(Self(Zeroizing::new(*bytes)))
    }

    /// Standard base64, for the file in which a generated key is kept.
    pub fn to_base64(&self) -> Secret {
        Secret::new(STANDARD.encode(self.0.as_slice()))
    }

    /// The key for one use, named by `label`. Knowing it says nothing about the master key or another use's key.
    pub(crate) fn derive(&self, label: &str) -> Subkey {
        Zeroizing::new(hmac_sha256(self.0.as_slice(), [label.as_bytes()]))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

/// Seals forms under a key derived from the master key, so that they stay good across restarts and replicas.
pub struct DerivedFormKey(Subkey);

impl DerivedFormKey {
    /// The form key of this installation.
    pub fn new(master: &MasterKey) -> Self {
        Self(master.derive("informer-oauth forms v1"))
    }
}

impl fmt::Debug for DerivedFormKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedFormKey(***)")
    }
}

impl FormKey for DerivedFormKey {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        Digest::from_bytes(hmac_of_list(self.0.as_slice(), parts))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn a_generated_key_reads_back_in_every_spelling_of_base64() {
        let key = MasterKey::generate(&SystemEntropy);
        let text = key.to_base64();
        let url_safe = text.expose().replace('+', "-").replace('/', "_");
        for spelling in [
            text.expose(),
            text.expose().trim_end_matches('='),
            &format!(" {}\n", text.expose()),
            &url_safe,
        ] {
            let read = MasterKey::from_base64(spelling).unwrap();
            assert!(read.to_base64() == text, "the same key");
        }
    }

    #[test]
    fn anything_but_32_bytes_is_refused() {
        for bad in [
            "",
            "AAAA",
            &STANDARD.encode([0; 31]),
            &STANDARD.encode([0; 33]),
            "not base64 at all, but long enough!!!!!!!!!!",
        ] {
            assert_eq!(MasterKey::from_base64(bad).unwrap_err(), InvalidMasterKey, "{bad}");
        }
    }

    #[test]
    fn debug_output_shows_nothing_of_a_key() {
        let key = MasterKey::generate(&SystemEntropy);
        assert_eq!(
            format!("{key:?} {:?}", DerivedFormKey::new(&key)),
            "MasterKey(***) DerivedFormKey(***)"
        );
    }

    /// RFC 4231, test case 2, split in two parts.
    #[test]
    fn the_hmac_is_the_standard_one() {
        let expected = [
            0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00,
            0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
        ];
        assert_eq!(
            hmac_sha256(b"Jefe", [b"what do ya ".as_slice(), b"want for nothing?"]),
            expected
        );
    }

    #[test]
    fn form_digests_depend_on_where_one_part_ends_and_on_the_key() {
        let form = DerivedFormKey::new(&MasterKey::generate(&SystemEntropy));
        let other = DerivedFormKey::new(&MasterKey::generate(&SystemEntropy));
        let lists: [&[&[u8]]; 5] = [&[b"ab", b"c"], &[b"a", b"bc"], &[b"abc"], &[b"abc", b""], &[]];
        for (position, list) in lists.iter().enumerate() {
            assert_eq!(form.digest(list), form.digest(list));
            assert_ne!(form.digest(list), other.digest(list));
            assert!(
                lists
                    .iter()
                    .skip(position + 1)
                    .all(|later| form.digest(list) != form.digest(later))
            );
        }
    }
}
