//! The obligations of the store ports, one function each: what [`contract_suite!`](crate::contract_suite) makes tests
//! of. Every function expects empty stores, and panics when an obligation is not met.

#![expect(missing_docs, reason = "the names are the sentences that the functions check")]

use informer_oauth_ports::{PageRequest, StoreError};

pub mod consents;
pub mod sessions;

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
