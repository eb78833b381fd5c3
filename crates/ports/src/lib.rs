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
//! Traits are dyn-safe, because which adapter runs is chosen when the program starts. The contract suite in
//! `informer-oauth-testkit` tests an adapter against all of this.

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
pub use identity::{Identity, IdentityError, PasswordSignIn, SignIn, SignInPage, SignedIn};
pub use keys::{KeyInstallation, KeyPurpose, KeyRotation, KeyState, SealedKey, SigningKeyStore};
pub use page::{Page, PageRequest};
pub use pool::{PoolState, Pools};
pub use signing::{
    FormKey, HashError, PasswordHasher, PublicKeySet, SecretHasher, SigningError, TokenRefused, TokenSigner,
};
pub use tokens::{TokenFilter, TokenStore};
pub use trace::{TRACE_TARGET, traced};
pub use usage::UsageLog;
pub use world::{Clock, Entropy, Probe};

// Its example is run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
