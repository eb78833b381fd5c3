//! Local users and their sign-in sessions, for running without an Informer.
//!
//! [`Directory`] is the [`Identity`](informer_oauth_ports::Identity) and the
//! [`PasswordSignIn`](informer_oauth_ports::PasswordSignIn) of a service whose users are its own. It keeps nothing itself:
//! users, sessions and attempt counts are in stores, of which a session's cookie is known by its digest only.

mod attempts;
mod cookie;
mod device;
mod directory;
mod settings;

pub use directory::Directory;
pub use settings::{DirectorySettings, EVERYWHERE};
