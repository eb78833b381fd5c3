//! The contract of every durable store port.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use informer_oauth_testkit::{Fixture, contract_suite};

contract_suite!(durable: async || {
    let (store, database) = support::throwaway().await;
    Fixture::new(store, database)
});
