//! New identifiers and codes, drawn from the entropy port.

use informer_oauth_domain::{
    device::UserCode,
    id::{ClientId, ClientUid, EventId, SecretUid, TokenId, TokenRecordId},
    secret::Secret,
    timestamp::Timestamp,
};
use informer_oauth_ports::Entropy;
use uuid::Uuid;

macro_rules! new_uuid {
    ($($function:ident: $id:ty,)*) => {$(
        pub(crate) fn $function(entropy: &dyn Entropy, now: Timestamp) -> $id {
            <$id>::new(Uuid::from_bytes(entropy.uuid_v7(now)))
        }
    )*};
}

new_uuid! {
    client_uid: ClientUid,
    secret_uid: SecretUid,
    token_record_id: TokenRecordId,
    event_id: EventId,
    token_id: TokenId,
}

pub(crate) fn client_id(entropy: &dyn Entropy) -> ClientId {
    let mut bytes = [0; 10];
    entropy.fill(&mut bytes);
    ClientId::new(bytes)
}

/// 43 base62 characters hold 256 bits (43 × log₂ 62 = 256.03), and need no encoding anywhere.
pub(crate) fn authorization_code(entropy: &dyn Entropy) -> Secret {
    Secret::new(entropy.base62(43))
}

/// 32 hex characters: 128 random bits, which nobody has to type.
pub(crate) fn device_code(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    Secret::new(Uuid::from_bytes(bytes).simple().to_string())
}

/// Drawn uniformly: bytes that would favour some letters are drawn again.
pub(crate) fn user_code(entropy: &dyn Entropy) -> UserCode {
    #[expect(clippy::cast_possible_truncation, reason = "there are twenty")]
    const LETTERS: u8 = UserCode::ALPHABET.len() as u8;
    const FAIR: u8 = u8::MAX / LETTERS * LETTERS;
    let places = std::array::from_fn(|_| {
        let mut byte = [u8::MAX];
        while byte[0] >= FAIR {
            entropy.fill(&mut byte);
        }
        byte[0]
    });
    UserCode::from_places(places)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use informer_oauth_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn every_letter_of_a_user_code_is_as_likely_as_any_other() {
        let entropy = SeededEntropy::new(7);
        let mut seen = BTreeMap::new();
        for _ in 0..5000 {
            for letter in user_code(&entropy).letters().chars() {
                *seen.entry(letter).or_insert(0_u32) += 1;
            }
        }
        // 40,000 letters, 2,000 of each; the standard deviation is 44.
        assert_eq!(seen.len(), UserCode::ALPHABET.len());
        assert!(seen.values().all(|count| (1_700..2_300).contains(count)), "{seen:?}");
    }

    #[test]
    fn device_codes_are_hex_and_differ() {
        let entropy = SeededEntropy::new(7);
        let codes = [device_code(&entropy), device_code(&entropy)];
        assert!(codes.iter().all(|code| code.expose().len() == 32));
        assert!(
            codes
                .iter()
                .all(|code| code.expose().bytes().all(|c| c.is_ascii_hexdigit()))
        );
        assert_ne!(codes[0].expose(), codes[1].expose());
    }
}
