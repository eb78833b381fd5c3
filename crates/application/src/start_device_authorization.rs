//! A device asks (RFC 8628 §3.1–3.2).

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::{
    attempts::{AttemptLimit, Attempts},
    audit::EventKind,
    authorization::{OwnResources, requested_scope},
    client::Client,
    device::{DeviceOrigin, DeviceRequest, POLL_INTERVAL, PendingLimits, UserCode},
    error::ErrorCode,
    parameters::Parameters,
    secret::{Digest, Secret},
};
use informer_oauth_ports::{AttemptCounter, DeviceInsertion, DeviceStore, Entropy};

use crate::{
    audit_trail::{About, AuditTrail, REPEATED},
    authenticate_client::AuthenticateClient,
    client_credentials::{BasicCredentials, ClientCredentials},
    context::RequestContext,
    error::{Fault, ProtocolError},
    ids,
};

/// How often a user code is drawn before it is given up. Of 20⁸ codes a million may be live, and five draws in a row are
/// taken once in 10²¹ times.
const DRAWS: usize = 5;

/// Limits of device authorization requests.
#[derive(Clone, Copy, Debug)]
pub struct DeviceLimits {
    /// Requests from one address group.
    pub per_address: AttemptLimit,
    /// Pending requests.
    pub pending: PendingLimits,
}

/// What a device is told (§3.2). Where the person goes is the HTTP adapter's affair.
#[derive(Debug)]
pub struct DeviceAuthorizationAnswer {
    /// `device_code`
    pub device_code: Secret,
    /// `user_code`
    pub user_code: UserCode,
    /// `expires_in`
    pub expires_in: Duration,
    /// `interval`
    pub interval: Duration,
}

/// The device authorization endpoint.
pub struct StartDeviceAuthorization {
    pub(crate) authenticate: Arc<AuthenticateClient>,
    pub(crate) devices: Arc<dyn DeviceStore>,
    pub(crate) attempts: Arc<dyn AttemptCounter>,
    pub(crate) audit: AuditTrail,
    pub(crate) limits: DeviceLimits,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) resources: OwnResources,
    pub(crate) lifetime: Duration,
}

impl StartDeviceAuthorization {
    /// Judges the request as an authorization request is judged, and keeps it until somebody decides.
    pub async fn run(
        &self,
        parameters: &Parameters,
        basic: Option<BasicCredentials>,
        user_agent: Option<&str>,
        context: &RequestContext,
    ) -> Result<DeviceAuthorizationAnswer, ProtocolError> {
        parameters.check_not_repeated()?;
        let credentials = ClientCredentials::read(basic, parameters)?;
        let client = self.authenticate.run(&credentials, context).await?;
        let client = client.client();
        if !client.profile.enabled {
            return Err(ProtocolError::refused(
                ErrorCode::UnauthorizedClient,
                "The client is disabled.",
            ));
        }
        let device_code = ids::device_code(&*self.entropy);
        let mut request = DeviceRequest {
            device_code: Digest::of(device_code.expose()),
            user_code: ids::user_code(&*self.entropy),
            client: client.uid,
            client_id: client.client_id,
            scope: requested_scope(client, parameters.get("scope")?)?,
            audience: self.resources.resolve(client, parameters.get("resource")?)?,
            origin: DeviceOrigin::new(context.address, user_agent),
            token_record: ids::token_record_id(&*self.entropy, context.now),
            issued_at: context.now,
            expires_at: context.now + self.lifetime,
        };
        self.count(client, &request, context).await?;
        for _ in 0..DRAWS {
            match self.devices.insert(&request, self.limits.pending, context.now).await? {
                DeviceInsertion::Inserted => {
                    return Ok(DeviceAuthorizationAnswer {
                        device_code,
                        user_code: request.user_code,
                        expires_in: self.lifetime,
                        interval: POLL_INTERVAL,
                    });
                }
                DeviceInsertion::UserCodeTaken => request.user_code = ids::user_code(&*self.entropy),
                DeviceInsertion::TooManyPending { until } => {
                    let retry_after = until.since(context.now);
                    return Err(self.limited("pending", retry_after, client, context).await);
                }
            }
        }
        Err(Fault::Unavailable("no user code is free".into()).into())
    }

    /// Counts the request for its address group. Refuses it if the limit was already reached.
    async fn count(
        &self,
        client: &Client,
        request: &DeviceRequest,
        context: &RequestContext,
    ) -> Result<(), ProtocolError> {
        let limit = self.limits.per_address;
        let group = request.origin.address_group();
        let key = format!("device:{group}");
        let seen = self.attempts.record(&key, limit.window, context.now).await?;
        // The count includes this request.
        let before = Attempts {
            count: seen.count.saturating_sub(1),
            ..seen
        };
        match limit.wait(before, context.now) {
            Some(wait) => Err(self.limited(&group, wait, client, context).await),
            None => Ok(()),
        }
    }

    /// Refuses the request. Writes one audit event per `limit` and window: many addresses that meet the limit of all
    /// pending requests must not flood the log.
    async fn limited(
        &self,
        limit: &str,
        retry_after: Duration,
        client: &Client,
        context: &RequestContext,
    ) -> ProtocolError {
        let about = About {
            client: Some(client.uid),
            ..About::default()
        };
        self.audit
            .record_once(EventKind::DeviceLimited, limit, REPEATED, about, context)
            .await;
        ProtocolError::Limited {
            retry_after: retry_after.max(Duration::from_secs(1)),
        }
    }
}
