//! The obligations of the store ports, one function each: what [`contract_suite!`](crate::contract_suite) makes tests
//! of. Every function expects empty stores, and panics when an obligation is not met.

#![expect(missing_docs, reason = "the names are the sentences that the functions check")]

use std::{collections::BTreeSet, fmt::Debug};

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

/// Asserts that `wanted` holds for exactly `expected` of the answers to the calls of a race.
#[track_caller]
fn assert_count<T: Debug>(answers: &[T], expected: usize, wanted: impl Fn(&T) -> bool) {
    let found: Vec<&T> = answers.iter().filter(|answer| wanted(answer)).collect();
    if found.len() == expected {
        return;
    }
    let calls = answers.len();
    if let Some(example) = found.first() {
        let (found, outcome) = (found.len(), variant(example));
        panic!("{found} of {calls} calls got {outcome}; exactly {expected} may");
    }
    let others: BTreeSet<String> = answers.iter().map(variant).collect();
    let others = Vec::from_iter(others).join(" and ");
    panic!("none of {calls} calls got the outcome that exactly {expected} must get: they got {others}");
}

/// The name of an enum's variant.
fn variant<T: Debug>(value: T) -> String {
    let text = format!("{value:?}");
    let name = text.split(['(', '{', ' ']).next().unwrap_or_default();
    if name.is_empty() { text } else { name.to_owned() }
}

/// A page.
const fn page(start: u64, limit: u32) -> PageRequest {
    PageRequest { start, limit }
}

/// Purges until nothing is left, a few at a time, and returns how many were purged in all.
async fn drained(purge: impl AsyncFn(u32) -> Result<u64, StoreError>) -> u64 {
    const FEW: u32 = 2;
    const TURNS: u64 = 1000;
    let mut forgotten = 0;
    for _ in 0..TURNS {
        let some = purge(FEW).await.answered();
        assert!(some <= u64::from(FEW), "a purge keeps to its limit");
        if some == 0 {
            return forgotten;
        }
        forgotten += some;
    }
    panic!(
        "{TURNS} purges have reported {forgotten} removed entries, and there are still more: does it remove what it counts?"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    enum Outcome {
        Won(#[expect(dead_code, reason = "shown in no message")] u32),
        Lost,
    }

    fn race(won: u32) -> Vec<Outcome> {
        let outcome = |n| if n < won { Outcome::Won(n) } else { Outcome::Lost };
        (0..50).map(outcome).collect()
    }

    #[test]
    #[should_panic(expected = "31 of 50 calls got Won; exactly 1 may")]
    fn a_race_with_several_winners_says_how_many() {
        assert_count(&race(31), 1, |outcome| matches!(outcome, Outcome::Won(_)));
    }

    #[test]
    #[should_panic(expected = "none of 50 calls got the outcome that exactly 1 must get: they got Lost")]
    fn a_race_without_a_winner_says_what_was_got() {
        assert_count(&race(0), 1, |outcome| matches!(outcome, Outcome::Won(_)));
    }

    #[test]
    #[should_panic(expected = "does it remove what it counts?")]
    fn a_purge_that_removes_nothing_ends() {
        crate::run(async {
            drained(async |_| Ok(1)).await;
        });
    }
}
