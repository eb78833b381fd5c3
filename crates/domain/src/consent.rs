//! Remembered consent.

use crate::{id::ClientUid, scope::ScopeSet, timestamp::Timestamp};

/// What a user has allowed a client, so that the same question is not asked twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consent {
    /// Who allowed it.
    pub username: String,
    /// Whom.
    pub client: ClientUid,
    /// Everything allowed so far.
    pub scope: ScopeSet,
    /// When it was first allowed.
    pub created_at: Timestamp,
    /// When it last grew.
    pub updated_at: Timestamp,
}

impl Consent {
    /// Whether the user needs not be asked for `scope` again.
    pub fn covers(&self, scope: ScopeSet) -> bool {
        scope.is_subset_of(self.scope)
    }
}
