//! What adapters of the ports, and programs that use them, are tested with: a clock that stands still, entropy that repeats,
//! values of the domain ready made, stand-ins for what is no store, throwaway servers, and the contract suite of the store ports.
//!
//! Every obligation of a port is a function; here one of them finds out whether a counter really counts at once:
//!
//! ```
//! use std::{collections::HashMap, sync::Mutex, time::Duration};
//!
//! use async_trait::async_trait;
//! use informer_oauth_domain::{attempts::Attempts, timestamp::Timestamp};
//! use informer_oauth_ports::{AttemptCounter, StoreError};
//! use informer_oauth_testkit::{contract, run};
//!
//! #[derive(Default)]
//! struct OurCounter(Mutex<HashMap<String, Attempts>>);
//!
//! #[async_trait]
//! impl AttemptCounter for OurCounter {
//!     async fn record(&self, key: &str, window: Duration, now: Timestamp) -> Result<Attempts, StoreError> {
//!         // One critical section: two would lose counts between them, and the obligation below would say so.
//!         let mut windows = self.0.lock().expect("no holder panics");
//!         let attempts = windows.entry(key.to_owned()).or_default();
//!         if attempts.until.is_none_or(|until| until <= now) {
//!             *attempts = Attempts { count: 0, until: Some(now + window) };
//!         }
//!         attempts.count += 1;
//!         Ok(*attempts)
//!     }
//!
//!     async fn peek(&self, key: &str, now: Timestamp) -> Result<Attempts, StoreError> {
//!         let found = self.0.lock().expect("no holder panics").get(key).copied();
//!         Ok(found.filter(|window| window.until.is_some_and(|until| now < until)).unwrap_or_default())
//!     }
//!     # async fn take_back(&self, key: &str, now: Timestamp) -> Result<(), StoreError> {
//!     #     let mut windows = self.0.lock().expect("no holder panics");
//!     #     if let Some(window) = windows.get_mut(key).filter(|window| window.until.is_some_and(|until| now < until)) {
//!     #         window.count = window.count.saturating_sub(1);
//!     #     }
//!     #     Ok(())
//!     # }
//!     # async fn clear(&self, key: &str) -> Result<(), StoreError> {
//!     #     self.0.lock().expect("no holder panics").remove(key);
//!     #     Ok(())
//!     # }
//!     # async fn purge(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> { Ok(0) }
//!     // …
//! }
//!
//! run(async {
//!     contract::attempts::concurrent_attempts_get_different_counts(&OurCounter::default()).await;
//! });
//! ```
//!
//! An adapter's whole contract test is one line that makes a test of each of them, and cannot leave any out:
//! [`contract_suite!`]. The guide "write your own adapter in an hour" (`docs/writing-an-adapter.md` of the project) goes there
//! step by step.
//!
//! # Map
//!
//! | you need | look at |
//! |---|---|
//! | the whole contract as tests | [`contract_suite!`], for the ports that [`DurableStores`] and [`ShortLivedStores`] name; a [`Fixture`] keeps a folder or server alive beside the stores |
//! | one obligation | [`contract`] |
//! | calls that really race | [`at_once`], inside [`run`] |
//! | time and randomness | [`FixedClock`], [`SeededEntropy`] |
//! | a client, a code, a token record… | [`values`] |
//! | signers, hashers, users without keys, cost or passwords | [`doubles`] |
//! | stores full of everything, for upgrades and backups | [`population`] |
//! | Postgres and Redis for the length of a test | [`servers`] |
//! | an Informer, with the feature `fake-informer` | `informer` |
//!
//! Everything here panics where a promise is broken, and keeps no secret: a development dependency.

#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod concurrency;
pub mod contract;
pub mod doubles;
mod entropy;
#[cfg(feature = "fake-informer")]
pub mod informer;
pub mod population;
pub mod servers;
mod stores;
mod suite;
pub mod values;

pub use clock::FixedClock;
#[doc(hidden)]
pub use concurrency::rounds;
pub use concurrency::{at_once, run};
pub use entropy::SeededEntropy;
pub use stores::{DurableStores, Fixture, ShortLivedStores};

// Its example is run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
