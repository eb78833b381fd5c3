//! Every store port in maps behind one mutex: the reference semantics, for tests and for embedding.
//!
//! [`Memory`] is a handle: clones share what they hold, and it is gone with the last of them. Every port call is one
//! critical section, which makes it atomic by construction; the rules themselves are the domain's. [`LocalChanges`] tells the
//! caches of the same process what changed.
//!
//! ```
//! use informer_oauth_domain::code::CodeRedemption;
//! use informer_oauth_memory::Memory;
//! use informer_oauth_ports::CodeStore;
//! use informer_oauth_testkit::{run, values::{NOW, a_code, a_presentation}};
//!
//! run(async {
//!     let memory = Memory::default();
//!     let code = a_code(1);
//!     CodeStore::insert(&memory, &code).await.expect("memory does not fail");
//!     // Used through one handle, it is used for all of them.
//!     for (handle, first) in [(memory.clone(), true), (memory, false)] {
//!         let outcome = handle.redeem(&code.digest, &a_presentation(&code), NOW).await;
//!         assert_eq!(matches!(outcome, Ok(CodeRedemption::Redeemed(_))), first);
//!     }
//! });
//! ```
//!
//! # Map
//!
//! | type | ports |
//! |---|---|
//! | [`Memory`] | [`ClientStore`], [`ConsentStore`], [`TokenStore`], [`UsageLog`], [`AuditLog`], [`SigningKeyStore`], [`UserDirectory`], [`CodeStore`], [`DeviceStore`], [`SessionStore`], [`AttemptCounter`], [`Probe`] |
//! | [`LocalChanges`] | [`Changes`] |
//!
//! Some of them have functions of one name, `insert` for instance: name the port, as in `ClientStore::insert(&memory, …)`, or hold
//! the store as the `dyn` trait that is meant.
//!
//! [`ClientStore`]: informer_oauth_ports::ClientStore
//! [`ConsentStore`]: informer_oauth_ports::ConsentStore
//! [`TokenStore`]: informer_oauth_ports::TokenStore
//! [`UsageLog`]: informer_oauth_ports::UsageLog
//! [`AuditLog`]: informer_oauth_ports::AuditLog
//! [`SigningKeyStore`]: informer_oauth_ports::SigningKeyStore
//! [`UserDirectory`]: informer_oauth_ports::UserDirectory
//! [`CodeStore`]: informer_oauth_ports::CodeStore
//! [`DeviceStore`]: informer_oauth_ports::DeviceStore
//! [`SessionStore`]: informer_oauth_ports::SessionStore
//! [`AttemptCounter`]: informer_oauth_ports::AttemptCounter
//! [`Probe`]: informer_oauth_ports::Probe
//! [`Changes`]: informer_oauth_ports::Changes

#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempts;
mod audit;
mod changes;
mod clients;
mod codes;
mod consents;
mod devices;
mod keys;
mod purge;
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
