//! Remembered consent.
//!
//! ```
//! use informer_oauth_domain::{consent::Consent, timestamp::Timestamp};
//!
//! let consent = Consent {
//!     username: "ada".into(),
//!     client: "0199c2d4-1111-7abc-8def-0123456789ab".parse()?,
//!     scope: "read:dataset read:profile".parse()?,
//!     created_at: Timestamp::EPOCH,
//!     updated_at: Timestamp::EPOCH,
//! };
//! assert!(consent.covers("read:dataset".parse()?));
//! assert!(!consent.covers("read:dataset write:report".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
