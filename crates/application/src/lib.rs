//! The use cases of an OAuth 2.0 authorization server, one file each, over the ports.
//!
//! A use case reads no clock: the caller reads [`Application::now`] once per request and passes it down. What it needs
//! proof of, it takes as a type: an [`authenticate_client::AuthenticatedClient`], a
//! [`ClientAdministrator`](informer_oauth_domain::user::ClientAdministrator).
//!
//! | request | use case |
//! |---|---|
//! | authorization endpoint | [`authorize`] |
//! | token endpoint | [`token_endpoint`], [`redeem_code`], [`refresh`], [`redeem_device_code`] |
//! | device authorization endpoint, device page | [`start_device_authorization`], [`decide_device_authorization`] |
//! | what a user has allowed | [`connected_applications`] |
//! | revocation, introspection | [`mod@revoke`], [`mod@introspect`] |
//! | the gate | [`gate`] |
//! | managing clients | [`manage`] |

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
pub mod decide_device_authorization;
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
pub mod redeem_code;
pub mod redeem_device_code;
pub mod refresh;
pub mod revoke;
pub mod sign_in;
pub mod start_device_authorization;
pub mod token_endpoint;
pub mod usage;
pub mod user_standing;
pub mod users;

pub use application::{Application, Ports, Settings};
pub use informer_oauth_ports::{
    ClientSort, Icon, KeyPurpose, KeyState, Page, PageRequest, Probe, PublicKeySet, SignIn, SignInPage, SignedIn,
    TRACE_TARGET,
};

// Its example is run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
