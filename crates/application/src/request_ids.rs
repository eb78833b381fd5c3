//! Ids that tell one request from another in the log.

use std::sync::atomic::{AtomicU64, Ordering};

use informer_oauth_ports::Entropy;

/// How many random characters a process's ids begin with: enough that no two processes share them.
const RANDOM: usize = 10;

/// How many hexadecimal digits a number has at least, and at most.
const DIGITS: usize = 8;
const MOST_DIGITS: usize = 16;

/// All of its digits.
fn digits(number: u64) -> [u8; MOST_DIGITS] {
    std::array::from_fn(|place| {
        let digit = (number >> (4 * (MOST_DIGITS - 1 - place))) as u8 & 0xf;
        digit + if digit < 10 { b'0' } else { b'a' - 10 }
    })
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
        let zeros = (number.leading_zeros() / 4) as usize;
        let digits = digits(number);
        let (_, digits) = digits.split_at(zeros.min(MOST_DIGITS - DIGITS));
        let mut id = String::with_capacity(RANDOM + DIGITS);
        id.push_str(&self.prefix);
        id.push_str(str::from_utf8(digits).unwrap_or_default());
        id
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use informer_oauth_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn a_number_has_eight_digits_or_as_many_as_it_needs() {
        let ids = RequestIds::new(&SeededEntropy::new(1));
        for (number, digits) in [
            (0, "00000000"),
            (0x0a9f, "00000a9f"),
            (0xffff_ffff, "ffffffff"),
            (0x1_0000_0000, "100000000"),
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
