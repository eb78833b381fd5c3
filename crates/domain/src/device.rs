//! Device authorization (RFC 8628): a device without a browser asks, a person with one decides, the device polls.
//!
//! ```
//! use std::time::Duration;
//! use informer_oauth_domain::{
//!     device::{DeviceAuthorization, DeviceDecision, DeviceOrigin, DevicePoll, DevicePresentation, DeviceRequest},
//!     resource::Resource, secret::Digest, timestamp::Timestamp,
//! };
//!
//! let now = Timestamp::from_seconds(1_800_000_000);
//! let request = DeviceRequest {
//!     device_code: Digest::of("the device code itself, which is kept nowhere"),
//!     user_code: "bkft dnlz".parse()?,
//!     client: "0199c2d4-1111-7abc-8def-0123456789ab".parse()?,
//!     client_id: "a6bd8f0f72b2c3275ff6".parse()?,
//!     scope: "read:dataset write:dataset".parse()?,
//!     audience: Resource::parse("https://bi.example.com")?,
//!     origin: DeviceOrigin::default(),
//!     token_record: "0199c2d4-1111-7abc-8def-0123456789ac".parse()?,
//!     issued_at: now,
//!     expires_at: now + Duration::from_secs(1800),
//! };
//! assert_eq!(request.user_code.to_string(), "BKFT-DNLZ");
//! let polled = DevicePresentation { client: request.client, resource: None };
//!
//! let pending = DeviceAuthorization::new(request);
//! let (pending, answer) = pending.poll(&polled, now + Duration::from_secs(5));
//! assert_eq!(answer, DevicePoll::Pending);
//!
//! let yes = pending.request().approval("ada", "read:dataset".parse()?).ok_or("nothing was granted")?;
//! let (approved, decided) = pending.decide(&yes, now + Duration::from_secs(6));
//! assert!(matches!(decided, DeviceDecision::Decided(_)));
//!
//! let (redeemed, answer) = approved.poll(&polled, now + Duration::from_secs(10));
//! assert!(matches!(answer, DevicePoll::Granted(grant) if grant.username == "ada"));
//! let (_, again) = redeemed.poll(&polled, now + Duration::from_secs(15));
//! assert_eq!(again, DevicePoll::Redeemed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::time::Duration;

use crate::{
    id::{ClientId, ClientUid, TokenRecordId},
    resource::Resource,
    scope::ScopeSet,
    secret::Digest,
    timestamp::Timestamp,
};

mod origin;
mod user_code;

pub use origin::{DeviceKind, DeviceOrigin};
pub use user_code::{InvalidUserCode, UserCode};

/// How long a device waits between two polls, to begin with (§3.2).
pub const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// How much longer after each poll that came too early (§3.5).
pub const SLOW_DOWN_STEP: Duration = Duration::from_secs(5);
/// What a poll may be early without being too early: timers and networks are not exact.
pub const POLL_LEEWAY: Duration = Duration::from_millis(500);
/// How long after its expiry a device code is still told apart from one that never was.
pub const EXPIRY_MEMORY: Duration = Duration::from_secs(600);

/// Maximum number of pending requests. A request is pending until a user decides it or it expires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PendingLimits {
    /// For one [address group](crate::attempts::address_group).
    pub per_address: u32,
    /// For all addresses together.
    pub total: u32,
}

/// What a device asked for: fixed when it asked. The device code itself is nowhere: only its digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceRequest {
    /// SHA-256 of the device code.
    pub device_code: Digest,
    /// What the person types.
    pub user_code: UserCode,
    /// The client that the device is.
    pub client: ClientUid,
    /// That client's public id, for the tokens.
    pub client_id: ClientId,
    /// What it asks for.
    pub scope: ScopeSet,
    /// What the access tokens will be for.
    pub audience: Resource,
    /// Where the request came from, to show to the person.
    pub origin: DeviceOrigin,
    /// The id of the token record that redeeming it makes.
    pub token_record: TokenRecordId,
    /// When it asked.
    pub issued_at: Timestamp,
    /// From when on it is over.
    pub expires_at: Timestamp,
}

/// A person's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Yes.
    Approve(Approval),
    /// No.
    Deny,
}

/// A person's yes: made only by [`DeviceRequest::approval`], so that it never goes beyond what was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approval {
    username: String,
    scope: ScopeSet,
}

impl Approval {
    /// Who says so.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// What they grant.
    pub const fn scope(&self) -> ScopeSet {
        self.scope
    }
}

impl DeviceRequest {
    /// From when on a store does not know it any more, purged or not.
    pub fn forgotten_at(&self) -> Timestamp {
        self.expires_at + EXPIRY_MEMORY
    }

    /// The yes of `username` to as much of `scope` as was asked for; `None` if that is nothing.
    pub fn approval(&self, username: &str, scope: ScopeSet) -> Option<Decision> {
        let scope = scope.granted_of(self.scope);
        let username = username.to_owned();
        (!scope.is_empty()).then_some(Decision::Approve(Approval { username, scope }))
    }
}

/// How far a device authorization is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeviceState {
    /// Nobody has decided yet.
    Pending {
        /// How long the device must wait between polls by now.
        interval: Duration,
        /// When it last polled.
        polled_at: Option<Timestamp>,
    },
    /// Somebody said yes, and the device has not come for its tokens yet.
    Approved {
        /// Who.
        username: String,
        /// What they granted.
        scope: ScopeSet,
        /// Time of the approval.
        at: Timestamp,
    },
    /// Somebody said no.
    Denied,
    /// The device has its tokens.
    Redeemed,
}

/// A device's request and what became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceAuthorization {
    request: DeviceRequest,
    state: DeviceState,
}

/// What a device presents along with its code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DevicePresentation {
    /// The authenticated client.
    pub client: ClientUid,
    /// `resource`, when sent (RFC 8707 §2.2).
    pub resource: Option<String>,
}

/// What a person granted to a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceGrant {
    /// What had been asked for.
    pub request: DeviceRequest,
    /// Who granted it.
    pub username: String,
    /// What they granted.
    pub scope: ScopeSet,
    /// Time of the approval.
    pub granted_at: Timestamp,
}

/// What becomes of a poll (§3.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DevicePoll {
    /// `authorization_pending`
    Pending,
    /// `slow_down`: from now on the device must wait so long between polls.
    SlowDown(Duration),
    /// It was approved, and is now redeemed: by this poll and no other.
    Granted(Box<DeviceGrant>),
    /// `access_denied`
    Denied,
    /// `expired_token`
    Expired,
    /// It has been redeemed before.
    Redeemed,
    /// Another client presents it. Nothing changed.
    OtherClient,
    /// The resource is not the one that was asked for. Nothing changed.
    OtherResource,
    /// No such code, or none any more.
    Unknown,
}

/// What becomes of a decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeviceDecision {
    /// It was pending, and this decided it.
    Decided(Box<DeviceRequest>),
    /// It has been decided before, by whomever. Nothing changed.
    DecidedBefore,
    /// No such code, or it has expired.
    Unknown,
}

impl DeviceAuthorization {
    /// A request that nobody has decided yet.
    pub const fn new(request: DeviceRequest) -> Self {
        let state = DeviceState::Pending {
            interval: POLL_INTERVAL,
            polled_at: None,
        };
        Self { request, state }
    }

    /// As a store kept it.
    pub const fn from_stored(request: DeviceRequest, state: DeviceState) -> Self {
        Self { request, state }
    }

    /// What was asked for.
    pub const fn request(&self) -> &DeviceRequest {
        &self.request
    }

    /// How far it is.
    pub const fn state(&self) -> &DeviceState {
        &self.state
    }

    /// Whether somebody may still decide it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.request.expires_at && matches!(self.state, DeviceState::Pending { .. })
    }

    /// A person decides. Only what is pending and has not expired can be decided, once.
    pub fn decide(self, decision: &Decision, now: Timestamp) -> (Self, DeviceDecision) {
        if now >= self.request.expires_at {
            return (self, DeviceDecision::Unknown);
        }
        if !matches!(self.state, DeviceState::Pending { .. }) {
            return (self, DeviceDecision::DecidedBefore);
        }
        let state = match decision {
            Decision::Approve(Approval { username, scope }) => DeviceState::Approved {
                username: username.clone(),
                scope: *scope,
                at: now,
            },
            Decision::Deny => DeviceState::Denied,
        };
        let decided = DeviceDecision::Decided(Box::new(self.request.clone()));
        (Self { state, ..self }, decided)
    }

    /// The device polls. What it presents is judged first: a wrong client changes nothing. An approval is handed out
    /// whatever the device's pace was before.
    pub fn poll(self, presented: &DevicePresentation, now: Timestamp) -> (Self, DevicePoll) {
        if presented.client != self.request.client {
            return (self, DevicePoll::OtherClient);
        }
        if now >= self.request.expires_at {
            return (self, DevicePoll::Expired);
        }
        let asked = presented.resource.as_deref();
        if asked.is_some_and(|asked| asked != self.request.audience.as_str()) {
            return (self, DevicePoll::OtherResource);
        }
        let (state, answer) = match self.state {
            DeviceState::Pending { interval, polled_at } => poll_pending(interval, polled_at, now),
            DeviceState::Approved { username, scope, at } => {
                let request = self.request.clone();
                let grant = DeviceGrant {
                    request,
                    username,
                    scope,
                    granted_at: at,
                };
                (DeviceState::Redeemed, DevicePoll::Granted(Box::new(grant)))
            }
            DeviceState::Denied => (DeviceState::Denied, DevicePoll::Denied),
            DeviceState::Redeemed => (DeviceState::Redeemed, DevicePoll::Redeemed),
        };
        (Self { state, ..self }, answer)
    }
}

fn poll_pending(interval: Duration, polled_at: Option<Timestamp>, now: Timestamp) -> (DeviceState, DevicePoll) {
    let early = polled_at.is_some_and(|last| now.since(last) + POLL_LEEWAY < interval);
    let (interval, answer) = if early {
        let longer = interval + SLOW_DOWN_STEP;
        (longer, DevicePoll::SlowDown(longer))
    } else {
        (interval, DevicePoll::Pending)
    };
    let polled_at = Some(now);
    (DeviceState::Pending { interval, polled_at }, answer)
}

#[cfg(test)]
mod tests;
