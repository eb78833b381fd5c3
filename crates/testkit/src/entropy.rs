use std::sync::atomic::{AtomicU64, Ordering};

use informer_oauth_ports::Entropy;

/// The increment of SplitMix64: 2⁶⁴ divided by the golden ratio, made odd.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Bytes that look random and are the same in every run with the same seed: SplitMix64. Calls from several threads get
/// different bytes. Predictable, so for tests only.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// The sequence that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        let mut z = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Default for SeededEntropy {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::values::NOW;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
        let drawn = |seed| {
            let mut bytes = [0; 21];
            SeededEntropy::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    #[test]
    fn base62_text_uses_every_character_about_equally_often() {
        let text = SeededEntropy::default().base62(62_000);
        assert_eq!(text.len(), 62_000);
        let mut counts = BTreeMap::new();
        for character in text.chars() {
            *counts.entry(character).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 62);
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn identifiers_carry_their_version_and_time() {
        let bytes = SeededEntropy::default().uuid_v7(NOW);
        assert_eq!(bytes[6] >> 4, 7);
        assert_eq!(bytes[8] >> 6, 0b10);
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&bytes[..6]);
        assert_eq!(i64::from_be_bytes(millis), NOW.as_micros() / 1000);
    }
}
