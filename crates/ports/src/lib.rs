//! What the use cases ask of the world: traits, each with its atomic guarantees, and outcomes as values.
//!
//! Three rules hold for every port here.
//!
//! 1. **One call, one atomic change.** There is no unit of work. What a call changes, it changes whole or not at all, also
//!    against a crash and against other replicas; its doc comment says what that covers.
//! 2. **Expected outcomes are values.** A used code, a lost race, an unknown id are variants of the answer. An error is only
//!    that the store cannot be reached or holds something impossible: [`StoreError`].
//! 3. **The time is an argument.** No port but [`Clock`] reads a clock.
//!
//! Traits are dyn-safe, because which adapter runs is chosen when the program starts. So an adapter can also stand in front
//! of another one:
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use informer_oauth_domain::timestamp::Timestamp;
//! use informer_oauth_ports::Clock;
//!
//! /// A clock that is fast, to see what a replica with such a clock does.
//! struct Fast {
//!     clock: Arc<dyn Clock>,
//!     by: Duration,
//! }
//!
//! impl Clock for Fast {
//!     fn now(&self) -> Timestamp {
//!         self.clock.now() + self.by
//!     }
//! }
//!
//! struct Stopped;
//!
//! impl Clock for Stopped {
//!     fn now(&self) -> Timestamp {
//!         Timestamp::EPOCH
//!     }
//! }
//!
//! let fast = Fast { clock: Arc::new(Stopped), by: Duration::from_secs(90) };
//! assert_eq!(fast.now().as_seconds(), 90);
//! ```
//!
//! # Map
//!
//! | port | what it keeps or does | must outlive a restart |
//! |---|---|---|
//! | [`ClientStore`] | clients, their secrets' hashes, their icons | yes |
//! | [`ConsentStore`] | what users allowed which client | yes |
//! | [`TokenStore`] | token records: insertion, rotation, revocation | yes |
//! | [`AuditLog`], [`UsageLog`] | what happened, and how often | yes |
//! | [`SigningKeyStore`] | signing keys, sealed | yes |
//! | [`UserDirectory`] | local users | yes |
//! | [`CodeStore`] | authorization codes, for a minute | no |
//! | [`DeviceStore`] | device authorizations, for half an hour | no |
//! | [`SessionStore`] | signed-in browsers | no |
//! | [`AttemptCounter`] | wrong secrets, passwords and user codes | no |
//! | [`Identity`], [`PasswordSignIn`] | who is signed in, what users may do | |
//! | [`TokenSigner`], [`SecretHasher`], [`PasswordHasher`], [`FormKey`] | cryptography | |
//! | [`Changes`] | tells other processes what their caches should forget | |
//! | [`Clock`], [`Entropy`], [`Probe`] | the time, randomness, whether something is there | |
//!
//! Lists come in a [`Page`]. [`traced`] gives a call a span of its own.
//!
//! # Writing an adapter
//!
//! Implement the trait, and let the contract suite of `informer-oauth-testkit` say what is missing: it has a test for every
//! sentence of a port's documentation. The guide "write your own adapter in an hour" (`docs/writing-an-adapter.md` of the
//! project) builds one step by step. The reference for what a store means is `informer-oauth-memory`.

#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod changes;
mod clients;
mod codes;
mod devices;
mod directory;
mod error;
mod identity;
mod keys;
mod page;
mod pool;
mod signing;
mod tokens;
mod trace;
mod usage;
mod world;

pub use changes::{Change, ChangeListener, Changes};
pub use clients::{
    AuditLog, ClientDeletion, ClientInsertion, ClientReplacement, ClientSort, ClientStore, ConsentStore, EventFilter,
    Icon, SecretInsertion,
};
pub use codes::{AttemptCounter, CodeStore, SessionStore};
pub use devices::{DeviceInsertion, DeviceStore};
pub use directory::{UserDirectory, UserInsertion};
pub use error::StoreError;
pub use identity::{
    Identity, IdentityError, PasswordSignIn, SignIn, SignInAttempt, SignInPage, SignedIn, StatusSource, UserStatus,
};
pub use keys::{KeyInstallation, KeyPurpose, KeyRotation, KeyState, SealedKey, SigningKeyStore};
pub use page::{Page, PageRequest};
pub use pool::{PoolState, Pools};
pub use signing::{
    FormKey, HashError, HashSource, PasswordHasher, PublicKeySet, SecretHasher, SigningError, TokenRefused, TokenSigner,
};
pub use tokens::{TokenFilter, TokenStore};
pub use trace::{TRACE_TARGET, traced};
pub use usage::UsageLog;
pub use world::{Clock, Entropy, Probe};

// Its example is run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
