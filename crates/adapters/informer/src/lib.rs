//! Informer's own sessions and users over HTTP, for running beside one.
//!
//! [`Informer`] is the [`Identity`](informer_oauth_ports::Identity) of a service whose users sign in at Informer. It asks
//! Informer two things: whose session a browser's cookie is, and what a user may do. Three rules hold:
//!
//! - **Not knowing is not "no".** A user is signed out, unknown or locked only when Informer says so. When it cannot be
//!   reached, is slow, or answers what makes no sense, the answer is
//!   [`IdentityError::Unavailable`](informer_oauth_ports::IdentityError::Unavailable): neither signed out nor allowed.
//! - **An answer has an age.** It is remembered for [`InformerSettings::cached_for`], and what is asked for meanwhile is asked
//!   once.
//! - **The cookie goes to Informer only**: to the configured address, on the two configured paths. No redirect is followed,
//!   no proxy is used, and what is remembered is found by a digest.

mod answers;
mod breaker;
mod calls;
mod cookie;
mod informer;
mod look;
mod remembered;
mod settings;
mod tls;
mod wire;

pub use self::{
    calls::describe_metrics,
    informer::{Informer, SHOWN_FOR},
    look::{Look, Pointed, Reached, SessionLook},
    settings::{InformerSettings, InvalidSetting},
};
