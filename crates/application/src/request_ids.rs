//! Ids that tell one request from another in the log.

use std::sync::atomic::{AtomicU64, Ordering};

use informer_oauth_ports::Entropy;

/// How many random characters a process's ids begin with: enough that no two processes share them.
const RANDOM: usize = 10;

/// How many hexadecimal digits the number has at least.
const DIGITS: usize = 8;

/// The digits of the lower half of a number, all at once: each in a byte of its own, then those above nine to the letters.
const fn digits(number: u64) -> [u8; DIGITS] {
    const fn each(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    let mut spread = number & 0xffff_ffff;
    spread = (spread << 16 | spread) & 0x0000_ffff_0000_ffff;
    spread = (spread << 8 | spread) & 0x00ff_00ff_00ff_00ff;
    spread = (spread << 4 | spread) & each(0x0f);
    let letters = ((spread + each(6)) >> 4) & each(1);
    (spread + each(b'0') + letters * (b'a' - b'9' - 1) as u64).to_be_bytes()
}

/// Ids of one process. They are not secrets: each is the one before and one more, since a random number for every request
/// would cost a system call.
pub(crate) struct RequestIds {
    prefix: String,
    given: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        Self {
            prefix: entropy.base62(RANDOM),
            given: AtomicU64::new(0),
        }
    }

    /// Eighteen or more characters of base62.
    pub(crate) fn next(&self) -> String {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let mut id = String::with_capacity(RANDOM + DIGITS);
        id.push_str(&self.prefix);
        let high = number >> 32;
        if high > 0 {
            id.push_str(str::from_utf8(&digits(high)).unwrap_or_default());
        }
        id.push_str(str::from_utf8(&digits(number)).unwrap_or_default());
        id
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use informer_oauth_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn a_number_has_eight_digits_or_twice_as_many() {
        let ids = RequestIds::new(&SeededEntropy::new(1));
        for (number, digits) in [
            (0, "00000000"),
            (0x0a9f, "00000a9f"),
            (0xffff_ffff, "ffffffff"),
            (0x0123_4567_89ab_cdef, "0123456789abcdef"),
            (0x1_0000_0000, "0000000100000000"),
            (u64::MAX, "ffffffffffffffff"),
        ] {
            ids.given.store(number, Ordering::Relaxed);
            assert_eq!(ids.next(), format!("{}{digits}", ids.prefix));
        }
    }

    #[test]
    fn no_two_requests_share_an_id_in_one_process_or_in_two() {
        let ids = [1, 2].map(|seed| RequestIds::new(&SeededEntropy::new(seed)));
        let given: HashSet<String> = (0..100).flat_map(|_| ids.each_ref().map(RequestIds::next)).collect();
        assert_eq!(given.len(), 200);
        assert!(
            given
                .iter()
                .all(|id| id.len() == 18 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        );
    }
}
