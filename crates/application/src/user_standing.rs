//! Whether a user may still have tokens.

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::{Identity, StatusSource, UserStatus};

use crate::error::Fault;

/// How long the last known status counts while the identity source cannot be reached.
const LAST_KNOWN_COUNTS_FOR: Duration = Duration::from_mins(15);

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

    /// Whether an access token of the user may be used, as far as the user goes. `expires`: whether the token does.
    ///
    /// # Errors
    ///
    /// When nothing is known of the user's status, or what is known is too old or not enough for this token.
    pub async fn permits_token(&self, username: &str, expires: bool, now: Timestamp) -> Result<bool, Fault> {
        decide(self.identity.user_status(username, now).await?, expires, now)
    }

    /// That [`UserStanding::is_active`] can be expected to know, before something is used up whose user it will be asked about.
    pub async fn is_ready(&self) -> Result<(), Fault> {
        Ok(self.identity.ready().await?)
    }
}

/// A user known to be inactive stays so until the source says otherwise, whatever the age of its answer.
fn decide(status: UserStatus, expires: bool, now: Timestamp) -> Result<bool, Fault> {
    let unknown = |reason: &str| Err(Fault::Unavailable(reason.to_owned()));
    match status.source {
        _ if !status.active => Ok(false),
        StatusSource::Current => Ok(true),
        StatusSource::LastKnown(at) if now.since(at) <= LAST_KNOWN_COUNTS_FOR => Ok(true),
        StatusSource::LastKnown(_) => unknown("the identity source has not answered about the user for 15 minutes"),
        StatusSource::LastVisit if expires => Ok(true),
        StatusSource::LastVisit => {
            unknown("the identity source cannot be asked about the user of a token without expiry")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    /// `None` for a fault.
    fn decided(active: bool, source: StatusSource, expires: bool) -> Option<bool> {
        decide(UserStatus { active, source }, expires, NOW).ok()
    }

    fn seconds_ago(seconds: i64) -> StatusSource {
        StatusSource::LastKnown(Timestamp::from_seconds(1_800_000_000 - seconds))
    }

    #[test]
    fn last_known_status_counts_for_fifteen_minutes() {
        for expires in [true, false] {
            assert_eq!(decided(true, StatusSource::Current, expires), Some(true));
            assert_eq!(decided(true, seconds_ago(900), expires), Some(true));
            assert_eq!(decided(true, seconds_ago(901), expires), None);
        }
    }

    #[test]
    fn last_visit_counts_for_tokens_that_expire() {
        assert_eq!(decided(true, StatusSource::LastVisit, true), Some(true));
        assert_eq!(decided(true, StatusSource::LastVisit, false), None);
    }

    #[test]
    fn known_to_be_inactive_is_never_permitted() {
        for source in [
            StatusSource::Current,
            seconds_ago(1),
            seconds_ago(90_000),
            StatusSource::LastVisit,
        ] {
            for expires in [true, false] {
                assert_eq!(decided(false, source, expires), Some(false), "{source:?}");
            }
        }
    }
}
