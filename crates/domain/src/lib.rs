//! The rules of an OAuth 2.0 authorization server as plain values and functions.
//!
//! Nothing here waits, reads a clock, draws randomness or touches a store: the time is always an argument and every
//! random value is made elsewhere and handed in. That makes the rules easy to test and to reuse.
//!
//! | you need | look at |
//! |---|---|
//! | the eight scopes and what they include | [`scope`] |
//! | which scope a request to Informer's API needs | [`route`], [`path`] |
//! | registered clients, their secrets, their redirect URIs | [`client`], [`client_secret`], [`redirect_uri`] |
//! | the authorization request, its code, PKCE | [`authorization`], [`code`], [`pkce`] |
//! | a device without a browser | [`device`] |
//! | the life of a grant: rotation, replay, revocation | [`token_record`] |
//! | what the tokens say | [`claims`] |
//! | errors as clients see them | [`error`] |
//!
//! # A resource server in a few lines
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
pub mod timestamp;
pub mod token_record;
pub mod usage;
pub mod user;

// Its example is run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
