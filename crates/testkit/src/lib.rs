//! What the adapters of this workspace are tested with: a clock that stands still, entropy that repeats, values of the
//! domain ready made, throwaway servers, and the contract suite of the store ports.
//!
//! An adapter's contract test is one line, and has every obligation that there is:
//!
//! ```ignore
//! informer_oauth_testkit::contract_suite!(async || Memory::default());
//! ```
//!
//! See [`contract_suite!`] for adapters that need something kept alive while a test runs, or that have some ports only.

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
pub use concurrency::{at_once, run};
pub use entropy::SeededEntropy;
pub use stores::{DurableStores, Fixture, ShortLivedStores};

// Its example is run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
