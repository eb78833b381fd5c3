//! A person decides about a device (RFC 8628 §3.3, §5.1, §5.4).

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::{
    attempts::{AttemptLimit, address_group},
    audit::EventKind,
    authorization::OwnResources,
    client::Client,
    device::{Decision, DeviceDecision, DeviceRequest, UserCode},
    id::ClientRef,
    scope::ScopeSet,
    secret::Digest,
    timestamp::Timestamp,
    user::{InPerson, User},
};
use informer_oauth_ports::{AttemptCounter, ClientStore, DeviceStore, StoreError};
use thiserror::Error;

use crate::{
    audit_trail::{About, AuditTrail},
    context::RequestContext,
    error::Fault,
};

/// How a person's look at a device or decision about it fails.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// No device asks under this code: it never was one, has expired, has been decided, or its client may not ask for that
    /// any more.
    #[error("no device asks under this code")]
    Unknown,
    /// Somebody else decided at the same moment.
    #[error("it has been decided already")]
    DecidedBefore,
    /// Nothing that was asked for is granted; to grant nothing, deny.
    #[error("none of what was asked for is granted")]
    NothingGranted,
    /// Too many wrong codes before this one.
    #[error("too many wrong user codes")]
    Limited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Not the request's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for DeviceError {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// How many wrong user codes are borne.
#[derive(Clone, Copy, Debug)]
pub struct UserCodeLimits {
    /// By one user.
    pub per_user: AttemptLimit,
    /// From one address.
    pub per_address: AttemptLimit,
}

/// A device that waits for a person's decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitingDevice {
    /// What it asks for.
    pub request: DeviceRequest,
    /// The client that it is.
    pub client: Client,
}

/// What a person says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Yes, to as much of this as was asked for.
    Approve(ScopeSet),
    /// No.
    Deny,
}

/// Shows devices that wait, and carries decisions to them.
///
/// Consent to a device is asked for every time and never remembered: whoever holds a code that somebody talked a person
/// into typing must not profit from an earlier yes. Wrong codes are counted by user and by address, and a right one takes
/// nothing back.
pub struct DecideDeviceAuthorization {
    pub(crate) devices: Arc<dyn DeviceStore>,
    pub(crate) clients: Arc<dyn ClientStore>,
    pub(crate) attempts: Arc<dyn AttemptCounter>,
    pub(crate) audit: AuditTrail,
    pub(crate) limits: UserCodeLimits,
    pub(crate) resources: OwnResources,
}

impl DecideDeviceAuthorization {
    /// The device that asks under a code as typed.
    pub async fn find(
        &self,
        user_code: &str,
        user: &User,
        context: &RequestContext,
    ) -> Result<WaitingDevice, DeviceError> {
        self.look_up(user_code, user, context, DeviceError::Unknown).await
    }

    /// The device that asks under a code as typed, or `decided` if somebody has decided about it.
    async fn look_up(
        &self,
        user_code: &str,
        user: &User,
        context: &RequestContext,
        decided: DeviceError,
    ) -> Result<WaitingDevice, DeviceError> {
        let counted = CountedGuess::new(user, context);
        self.check_limits(&counted, context.now).await?;
        // A slip of the thumb guesses nothing: only what could be a code counts as a wrong one.
        let Ok(user_code) = user_code.parse::<UserCode>() else {
            return Err(DeviceError::Unknown);
        };
        match self.waiting(&user_code, context.now).await? {
            Some(device) => Ok(device),
            None if self.was_decided(&user_code, context.now).await? => Err(decided),
            None => Err(self.count_wrong(&counted, user, context).await?),
        }
    }

    /// Decides. A code that has expired counts as a wrong one; one that has been decided does not.
    pub async fn decide(
        &self,
        user_code: &str,
        verdict: Verdict,
        user: &InPerson,
        context: &RequestContext,
    ) -> Result<WaitingDevice, DeviceError> {
        let user = user.user();
        let device = self
            .look_up(user_code, user, context, DeviceError::DecidedBefore)
            .await?;
        let decision = match verdict {
            Verdict::Approve(scope) => device
                .request
                .approval(&user.username, scope)
                .ok_or(DeviceError::NothingGranted)?,
            Verdict::Deny => Decision::Deny,
        };
        match self
            .devices
            .decide(&device.request.user_code, &decision, context.now)
            .await?
        {
            DeviceDecision::Decided(_) => {
                self.record(&device, &decision, user, context).await;
                Ok(device)
            }
            DeviceDecision::DecidedBefore => Err(DeviceError::DecidedBefore),
            DeviceDecision::Unknown => Err(DeviceError::Unknown),
        }
    }

    /// Whether this is the code of a device that somebody has decided about: it was typed correctly, and a second tab or
    /// another person was faster.
    async fn was_decided(&self, user_code: &UserCode, now: Timestamp) -> Result<bool, DeviceError> {
        // An open request of a client that may not ask any more must stay as it is. A code that is not open never opens
        // again, so that the decision below changes nothing.
        if self.devices.find(user_code, now).await?.is_some() {
            return Ok(false);
        }
        let answer = self.devices.decide(user_code, &Decision::Deny, now).await?;
        Ok(answer == DeviceDecision::DecidedBefore)
    }

    async fn waiting(&self, user_code: &UserCode, now: Timestamp) -> Result<Option<WaitingDevice>, DeviceError> {
        let Some(request) = self.devices.find(user_code, now).await? else {
            return Ok(None);
        };
        let registration = self.clients.registration(ClientRef::Uid(request.client)).await?;
        Ok(registration
            .filter(|registration| {
                let profile = &registration.client.profile;
                self.resources
                    .check_grant(profile, request.scope, &request.audience)
                    .is_ok()
            })
            .map(|registration| WaitingDevice {
                request,
                client: registration.client.clone(),
            }))
    }

    async fn check_limits(&self, counted: &CountedGuess, now: Timestamp) -> Result<(), DeviceError> {
        let by_user = self.attempts.peek(&counted.user, now).await?;
        let by_address = self.attempts.peek(&counted.address, now).await?;
        let waits = [
            self.limits.per_user.wait(by_user, now),
            self.limits.per_address.wait(by_address, now),
        ];
        match waits.into_iter().flatten().max() {
            Some(retry_after) => Err(DeviceError::Limited { retry_after }),
            None => Ok(()),
        }
    }

    /// Counts a wrong code and gives the answer to it. Of guesses made all at once, no more are answered than one after
    /// the other would be.
    async fn count_wrong(
        &self,
        counted: &CountedGuess,
        user: &User,
        context: &RequestContext,
    ) -> Result<DeviceError, DeviceError> {
        let UserCodeLimits { per_user, per_address } = self.limits;
        let by_user = self
            .attempts
            .record(&counted.user, per_user.window, context.now)
            .await?;
        let by_address = self
            .attempts
            .record(&counted.address, per_address.window, context.now)
            .await?;
        // Once a window, at the guess that reaches the limit: the audit log cannot be flooded.
        if by_user.count == per_user.attempts || by_address.count == per_address.attempts {
            let about = About {
                actor: Some(user.username.clone()),
                ..About::default()
            };
            self.audit.record(EventKind::UserCodeLimited, about, context).await;
        }
        let waits = [(per_user, by_user), (per_address, by_address)].map(|(limit, seen)| {
            (seen.count > limit.attempts)
                .then(|| limit.wait(seen, context.now))
                .flatten()
        });
        Ok(match waits.into_iter().flatten().max() {
            Some(retry_after) => DeviceError::Limited { retry_after },
            None => DeviceError::Unknown,
        })
    }

    async fn record(&self, device: &WaitingDevice, decision: &Decision, user: &User, context: &RequestContext) {
        let (kind, scope) = match decision {
            Decision::Approve(approval) => (EventKind::DeviceApproved, approval.scope()),
            Decision::Deny => (EventKind::DeviceDenied, device.request.scope),
        };
        let about = About {
            actor: Some(user.username.clone()),
            client: Some(device.client.uid),
            target: Some(scope.to_string()),
        };
        self.audit.record(kind, about, context).await;
    }
}

struct CountedGuess {
    user: String,
    address: String,
}

impl CountedGuess {
    fn new(user: &User, context: &RequestContext) -> Self {
        Self {
            user: format!("user-code:user:{}", Digest::of(&user.username).to_hex()),
            address: format!("user-code:address:{}", address_group(context.address)),
        }
    }
}
