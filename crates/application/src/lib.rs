//! The use cases of an OAuth 2.0 authorization server, one file each, over the ports.
//!
//! A use case reads no clock: the caller reads [`Application::now`] once per request and passes it down. What it needs
//! proof of, it takes as a type: an [`authenticate_client::AuthenticatedClient`], a
//! [`ClientAdministrator`](informer_oauth_domain::user::ClientAdministrator).
//!
//! [`Application::new`] puts them together from an adapter for each port ([`Ports`]) and what the operator decides
//! ([`Settings`]). Where an answer may be a second old, a cache of [`mod@cache`] stands in between by itself.
//!
//! # Map
//!
//! | request | use case |
//! |---|---|
//! | authorization endpoint | [`mod@authorize`] |
//! | token endpoint | [`token_endpoint`]: [`mod@redeem_code`], [`mod@refresh`], [`mod@redeem_device_code`]; all of them end in [`issue_tokens`] |
//! | device authorization endpoint, device page | [`start_device_authorization`], [`decide_device_authorization`] |
//! | revocation, introspection | [`mod@revoke`], [`mod@introspect`] |
//! | the gate in front of an API | [`gate`] |
//! | sign-in page | [`sign_in`], [`forms`] |
//! | what a user has allowed | [`connected_applications`] |
//! | managing clients, secrets and token records | [`mod@manage`], for whom [`callers`] lets in |
//! | local users | [`users`], [`user_standing`] |
//! | health, what is over, what is counted | [`health`], [`housekeeping`], [`usage`], [`metrics`], [`audit_trail`] |
//!
//! Who the client is: [`client_credentials`] and [`authenticate_client`]; what an access token is worth: [`access_tokens`]. What
//! can go wrong: [`error::ProtocolError`] for the protocol, [`error::ManagementError`] for managing, [`error::Fault`] for the
//! rest.
//!
//! # A grant from end to end
//!
//! The example `code_grant`, on stand-ins of `informer-oauth-memory` and `informer-oauth-testkit`:
//!
//! ```

#![warn(missing_docs)]
#![doc = include_str!("../examples/code_grant.rs")]
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod access_tokens;
mod application;
pub mod audit_trail;
pub mod authenticate_client;
pub mod authorize;
pub mod cache;
pub mod callers;
pub mod client_credentials;
pub mod connected_applications;
pub mod context;
pub mod decide_device_authorization;
pub mod diagnosis;
pub mod error;
pub mod forms;
pub mod gate;
pub mod health;
pub mod housekeeping;
mod ids;
pub mod introspect;
pub mod issue_tokens;
pub mod manage;
pub mod metrics;
mod own_token;
pub mod redeem_code;
pub mod redeem_device_code;
pub mod refresh;
mod request_ids;
pub mod revoke;
pub mod sign_in;
pub mod start_device_authorization;
pub mod token_endpoint;
pub mod usage;
pub mod user_standing;
pub mod users;

pub use application::{Application, Ports, Settings};
pub use context::RequestContext;
pub use informer_oauth_ports::{
    ClientSort, Icon, KeyPurpose, KeyState, Page, PageRequest, Probe, PublicKeySet, SignIn, SignInAttempt, SignInPage,
    SignedIn, TRACE_TARGET,
};

// Its example is run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
