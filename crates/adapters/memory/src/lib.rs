//! Every store port in maps behind one mutex: the reference semantics, for tests and for embedding.
//!
//! [`Memory`] is a handle: clones share what they hold, and it is gone with the last of them. Every port call is one
//! critical section, which makes it atomic by construction; the rules themselves are the domain's.
//!
//! ```
//! use informer_oauth_memory::Memory;
//! use informer_oauth_ports::TokenStore;
//!
//! let memory = Memory::default();
//! let tokens: &dyn TokenStore = &memory;
//! # let _ = tokens;
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempts;
mod audit;
mod changes;
mod clients;
mod codes;
mod consents;
mod devices;
mod keys;
mod sessions;
mod state;
mod tokens;
mod usage;
mod users;

pub use changes::LocalChanges;
pub use state::Memory;

// Its example is run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
