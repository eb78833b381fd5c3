use informer_oauth_domain::{client::Client, id::ClientUid};

use crate::error::ManagementError;

/// One state of one client: what its entity tag says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientVersion {
    /// The client.
    pub client: ClientUid,
    /// Its revision.
    pub revision: i64,
}

impl ClientVersion {
    /// The state that this client is in.
    pub const fn of(client: &Client) -> Self {
        Self {
            client: client.uid,
            revision: client.revision,
        }
    }
}

/// On which condition a change may happen: `If-Match` (RFC 9110 §13.1.1).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Precondition {
    /// None was given, or `*`: the client exists, which every change needs anyway.
    #[default]
    None,
    /// The client is in one of these states. An empty list is never met: every tag that was sent is one that no client
    /// can have.
    OneOf(Vec<ClientVersion>),
}

impl Precondition {
    /// Whether it is met; if so, the revision that the store must still find.
    pub(super) fn check(&self, client: &Client) -> Result<Option<i64>, ManagementError> {
        match self {
            Self::None => Ok(None),
            Self::OneOf(versions) if versions.contains(&ClientVersion::of(client)) => Ok(Some(client.revision)),
            Self::OneOf(_) => Err(ManagementError::Stale),
        }
    }
}
