//! The obligations of the store ports, one function each: what [`contract_suite!`](crate::contract_suite) makes tests
//! of. Every function expects empty stores, and panics when an obligation is not met.

#![expect(missing_docs, reason = "the names are the sentences that the functions check")]

use informer_oauth_ports::{PageRequest, StoreError};

pub mod attempts;
pub mod audit;
pub mod client_deletion;
pub mod client_icons;
pub mod client_lists;
pub mod client_secrets;
pub mod clients;
pub mod codes;
pub mod consents;
pub mod device_expiry;
pub mod device_limits;
pub mod device_polls;
pub mod device_races;
pub mod device_steps;
pub mod devices;
pub mod keys;
pub mod revocations;
pub mod rotation;
pub mod sessions;
pub mod token_ends;
pub mod token_lists;
pub mod tokens;
pub mod usage;
pub mod users;

/// A page with everything on it.
const ALL: PageRequest = PageRequest { start: 0, limit: 1000 };

/// Takes a store's answer out of its result: no obligation has a store fail.
trait Answered<T> {
    /// The answer.
    fn answered(self) -> T;
}

impl<T> Answered<T> for Result<T, StoreError> {
    #[track_caller]
    fn answered(self) -> T {
        match self {
            Ok(answer) => answer,
            Err(error) => panic!("the store failed: {error}"),
        }
    }
}

/// How many of `answers` are `wanted`.
fn count<T>(answers: &[T], wanted: impl Fn(&T) -> bool) -> usize {
    answers.iter().filter(|answer| wanted(answer)).count()
}

/// A page.
const fn page(start: u64, limit: u32) -> PageRequest {
    PageRequest { start, limit }
}

/// Purges until there is nothing left to purge, a few at a time; how many it was.
async fn drained(purge: impl AsyncFn(u32) -> Result<u64, StoreError>) -> u64 {
    const FEW: u32 = 2;
    let mut forgotten = 0;
    loop {
        let some = purge(FEW).await.answered();
        assert!(some <= u64::from(FEW), "a purge keeps to its limit");
        if some == 0 {
            return forgotten;
        }
        forgotten += some;
    }
}
