//! What a use case can fail with.

use std::time::Duration;

use informer_oauth_domain::{
    client::InvalidClient,
    error::{ErrorCode, OAuthError},
    icon::IconError,
    user::Forbidden,
};
use informer_oauth_ports::{HashError, IdentityError, SigningError, StoreError};
use thiserror::Error;

/// Something outside the rules went wrong. What is said here is for the log.
#[derive(Clone, Debug, Error)]
pub enum Fault {
    /// A dependency is down or overloaded: trying again later may work.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// It will not work until somebody looks into it.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::Unavailable(error.to_string()),
            StoreError::Corrupt { .. } => Self::Internal(error.to_string()),
        }
    }
}

impl From<IdentityError> for Fault {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Store(store) => store.into(),
            IdentityError::Busy | IdentityError::Unavailable(_) => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<SigningError> for Fault {
    fn from(error: SigningError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<HashError> for Fault {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Unavailable(error.to_string()),
            HashError::Failed(_) => Self::Internal(error.to_string()),
        }
    }
}

/// How a request of the OAuth protocol fails.
#[derive(Debug, Error)]
pub enum ProtocolError {
    /// The protocol's own answer.
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    /// Too many failures before this one.
    #[error("too many attempts")]
    Limited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Not the request's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl ProtocolError {
    /// A refusal with a code and a fixed sentence.
    pub const fn refused(code: ErrorCode, description: &'static str) -> Self {
        Self::OAuth(code.because(description))
    }
}

/// How a request of the management API fails.
#[derive(Debug, Error)]
pub enum ManagementError {
    /// There is no such thing, or not under this client.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A client's field is wrong.
    #[error(transparent)]
    InvalidClient(#[from] InvalidClient),
    /// Another value is wrong.
    #[error("{message}")]
    InvalidValue {
        /// The wire name of the field.
        field: &'static str,
        /// What it must be.
        message: &'static str,
    },
    /// An icon is refused.
    #[error(transparent)]
    Icon(#[from] IconError),
    /// The state of things forbids it.
    #[error("{0}")]
    Conflict(&'static str),
    /// It changed since the caller read it.
    #[error("the client has changed since it was read")]
    Stale,
    /// The caller may not do this.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Not the request's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

macro_rules! through_fault {
    ($($error:ty),*) => {$(
        impl From<$error> for ProtocolError {
            fn from(error: $error) -> Self {
                Self::Fault(error.into())
            }
        }
        impl From<$error> for ManagementError {
            fn from(error: $error) -> Self {
                Self::Fault(error.into())
            }
        }
    )*};
}

through_fault!(StoreError, IdentityError, SigningError, HashError);
