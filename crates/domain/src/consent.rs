//! Remembered consent.
//!
//! ```
//! use informer_oauth_domain::{consent::Consent, timestamp::Timestamp};
//!
//! let consent = Consent {
//!     username: "ada".into(),
//!     client: "0199c2d4-1111-7abc-8def-0123456789ab".parse()?,
//!     resource: None,
//!     scope: "read:dataset read:profile".parse()?,
//!     created_at: Timestamp::EPOCH,
//!     updated_at: Timestamp::EPOCH,
//! };
//! assert!(consent.covers("read:dataset".parse()?));
//! assert!(!consent.covers("read:dataset write:report".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{id::ClientUid, resource::Resource, scope::ScopeSet, timestamp::Timestamp};

/// What a user has allowed a client at a resource, so that the same question is not asked twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consent {
    /// Who allowed it.
    pub username: String,
    /// Whom.
    pub client: ClientUid,
    /// Where (RFC 8707); `None` is the service's own audience.
    pub resource: Option<Resource>,
    /// Everything allowed so far.
    pub scope: ScopeSet,
    /// When it was first allowed.
    pub created_at: Timestamp,
    /// When it last grew.
    pub updated_at: Timestamp,
}

impl Consent {
    /// The order of a list: the oldest first, and of one age by client and then by resource.
    pub fn age(&self) -> (Timestamp, ClientUid, &str) {
        (
            self.created_at,
            self.client,
            self.resource.as_ref().map_or("", Resource::as_str),
        )
    }

    /// Whether all of `scope` has been allowed.
    pub fn covers(&self, scope: ScopeSet) -> bool {
        scope.is_subset_of(self.scope)
    }
}
