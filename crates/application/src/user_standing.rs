//! Whether a user may still have tokens.

use std::sync::Arc;

use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::Identity;

use crate::error::Fault;

/// Asks the identity source whether a user is there and neither locked nor disabled.
#[derive(Clone)]
pub struct UserStanding {
    pub(crate) identity: Arc<dyn Identity>,
}

impl UserStanding {
    /// Whether the user is active.
    pub async fn is_active(&self, username: &str, now: Timestamp) -> Result<bool, Fault> {
        Ok(self.identity.active_user(username, now).await?.is_some())
    }

    /// That [`UserStanding::is_active`] can be expected to know, before something is used up whose user it will be asked about.
    pub async fn is_ready(&self) -> Result<(), Fault> {
        Ok(self.identity.ready().await?)
    }
}
