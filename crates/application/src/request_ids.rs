//! Ids that tell one request from another in the log.

use std::sync::atomic::{AtomicU64, Ordering};

use informer_oauth_ports::Entropy;

/// How many random characters a process's ids begin with: enough that no two processes share them.
const RANDOM: usize = 10;

/// How many digits the number has at least.
const DIGITS: u32 = 8;

/// The last hexadecimal digit.
fn digit(number: u64) -> char {
    char::from_digit((number & 0xf) as u32, 16).unwrap_or('0')
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
        let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(DIGITS);
        let mut id = String::with_capacity(RANDOM + DIGITS as usize);
        id.push_str(&self.prefix);
        id.extend((0..digits).rev().map(|place| digit(number >> (4 * place))));
        id
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use informer_oauth_testkit::SeededEntropy;

    use super::*;

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
