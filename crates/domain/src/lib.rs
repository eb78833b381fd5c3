//! The rules of an OAuth 2.0 authorization server as plain values and functions.
//!
//! Nothing here waits, reads a clock, draws randomness or touches a store: the time is always an argument and every
//! random value is made elsewhere and handed in. That makes the rules easy to test and to reuse.
//!
//! # A request and a token, judged in a few lines
//!
//! ```
//! use informer_oauth_domain::{path::NormalPath, route::RouteTable, scope::ScopeSet};
//!
//! let granted: ScopeSet = "read:dataset read:profile".parse()?;
//! let path = NormalPath::parse("/api/datasets/sales/_search")?;
//! let routes = RouteTable::informer();
//! let verdict = routes.judge("POST", &path, "ada", granted);
//! assert!(verdict.is_allowed());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The example `check_scope` makes a resource server of this, in under 40 lines.
//!
//! # Map
//!
//! Every module begins with an example of its own.
//!
//! | you need | look at |
//! |---|---|
//! | the eight scopes and what they include | [`scope`]: [`Scope`](scope::Scope), [`ScopeSet`](scope::ScopeSet) |
//! | which scope a request to Informer's API needs | [`route`]: [`RouteTable`](route::RouteTable); [`path`]: [`NormalPath`](path::NormalPath) |
//! | registered clients | [`client`]: a [`ClientDraft`](client::ClientDraft) is checked into a [`ClientProfile`](client::ClientProfile); ready-made ones in [`template`] |
//! | what belongs to a client | [`client_secret`], [`redirect_uri`], [`icon`], [`monogram`] |
//! | the authorization request | [`authorization`], [`parameters`], [`resource`], [`pkce`] |
//! | the token request | [`grant_type`]: [`GrantType`](grant_type::GrantType), [`parameters`] |
//! | its code, used once | [`code`]: [`AuthorizationCode`](code::AuthorizationCode) |
//! | a device without a browser | [`device`]: [`DeviceAuthorization`](device::DeviceAuthorization) |
//! | what users allowed | [`consent`] |
//! | the life of a grant: rotation, replay, revocation | [`token_record`]: [`TokenRecord::rotate`](token_record::TokenRecord::rotate) |
//! | what the tokens say | [`claims`] |
//! | users, sessions, and proofs of rank | [`user`]: [`Superuser`](user::Superuser) |
//! | how many attempts are borne | [`attempts`] |
//! | errors as clients see them | [`error`]: one [`ErrorCode`](error::ErrorCode), with its RFC |
//! | what happened, for those who look after it | [`audit`], [`usage`] |
//! | text that people type | [`text`] |
//! | values that the others are made of | [`id`], [`secret`], [`timestamp`], [`day`] |
//!
//! # Features
//!
//! - `serde` (off by default): a row of a route table, [`route::Route`], and the fields of a client,
//!   [`client::ClientDraft`], can be read from configuration and JSON.
//! - `openapi` (off by default): the schema of the fields of a client, for utoipa.
//!
//! # Stability
//!
//! Semantic Versioning; before 1.0 a breaking change raises the second number. The least Rust version is 1.95, and raising it is
//! not a breaking change.

#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod attempts;
pub mod audit;
pub mod authorization;
pub mod claims;
pub mod client;
pub mod client_secret;
pub mod code;
pub mod consent;
pub mod day;
pub mod device;
pub mod error;
pub mod grant_type;
pub mod icon;
pub mod id;
pub mod monogram;
pub mod parameters;
pub mod path;
pub mod pkce;
pub mod redirect_uri;
pub mod resource;
pub mod route;
pub mod scope;
pub mod secret;
pub mod template;
pub mod text;
pub mod timestamp;
pub mod token_record;
pub mod usage;
pub mod user;

// Its example is run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
