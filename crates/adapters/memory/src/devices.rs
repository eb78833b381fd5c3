use std::collections::HashMap;

use async_trait::async_trait;
use informer_oauth_domain::{
    device::{
        Decision, DeviceAuthorization, DeviceDecision, DevicePoll, DevicePresentation, DeviceRequest, PendingLimits,
        UserCode,
    },
    secret::Digest,
    timestamp::Timestamp,
};
use informer_oauth_ports::{DeviceInsertion, DeviceStore, StoreError};

use crate::{Memory, purge::purge};

/// Device authorizations by the digest of their device code, and those digests by the user code.
#[derive(Default)]
pub(crate) struct Devices {
    authorizations: HashMap<Digest, DeviceAuthorization>,
    user_codes: HashMap<UserCode, Digest>,
}

impl Devices {
    /// What has not been forgotten at `now`, to be changed.
    fn known(&mut self, device_code: &Digest, now: Timestamp) -> Option<&mut DeviceAuthorization> {
        let kept = self.authorizations.get_mut(device_code);
        kept.filter(|device| now < device.request().forgotten_at())
    }

    /// Returns the expiry of the oldest pending request if a limit is reached.
    fn full_until(&self, new: &DeviceRequest, limits: PendingLimits, now: Timestamp) -> Option<Timestamp> {
        let group = new.origin.address_group();
        let is_pending = |device: &&DeviceAuthorization| device.is_open(now);
        let pending = || {
            self.authorizations
                .values()
                .filter(is_pending)
                .map(DeviceAuthorization::request)
        };
        let all = pending().map(|request| request.expires_at);
        let of_group = pending()
            .filter(|request| request.origin.address_group() == group)
            .map(|request| request.expires_at);
        first_of(of_group, limits.per_address).or_else(|| first_of(all, limits.total))
    }
}

/// Returns the earliest time if there are at least `limit`.
fn first_of(times: impl Iterator<Item = Timestamp>, limit: u32) -> Option<Timestamp> {
    let times: Vec<Timestamp> = times.collect();
    times.iter().copied().min().filter(|_| times.len() >= limit as usize)
}

#[async_trait]
impl DeviceStore for Memory {
    async fn insert(
        &self,
        request: &DeviceRequest,
        limits: PendingLimits,
        now: Timestamp,
    ) -> Result<DeviceInsertion, StoreError> {
        let devices = &mut self.lock().devices;
        if let Some(until) = devices.full_until(request, limits, now) {
            return Ok(DeviceInsertion::TooManyPending { until });
        }
        let holder = devices.user_codes.get(&request.user_code).copied();
        if holder.is_some_and(|digest| devices.known(&digest, now).is_some()) {
            return Ok(DeviceInsertion::UserCodeTaken);
        }
        devices.user_codes.insert(request.user_code, request.device_code);
        let pending = DeviceAuthorization::new(request.clone());
        devices.authorizations.insert(request.device_code, pending);
        Ok(DeviceInsertion::Inserted)
    }

    async fn find(&self, user_code: &UserCode, now: Timestamp) -> Result<Option<DeviceRequest>, StoreError> {
        let devices = &self.lock().devices;
        let device_code = devices.user_codes.get(user_code);
        let kept = device_code.and_then(|digest| devices.authorizations.get(digest));
        let open = kept.filter(|device| device.is_open(now));
        Ok(open.map(|device| device.request().clone()))
    }

    async fn decide(
        &self,
        user_code: &UserCode,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<DeviceDecision, StoreError> {
        let devices = &mut self.lock().devices;
        let device_code = devices.user_codes.get(user_code).copied();
        let Some(device) = device_code.and_then(|digest| devices.known(&digest, now)) else {
            return Ok(DeviceDecision::Unknown);
        };
        let (kept, answer) = device.clone().decide(decision, now);
        *device = kept;
        Ok(answer)
    }

    async fn poll(
        &self,
        device_code: &Digest,
        presented: &DevicePresentation,
        now: Timestamp,
    ) -> Result<DevicePoll, StoreError> {
        let devices = &mut self.lock().devices;
        let Some(device) = devices.known(device_code, now) else {
            return Ok(DevicePoll::Unknown);
        };
        let (kept, answer) = device.clone().poll(presented, now);
        *device = kept;
        Ok(answer)
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let devices = &mut self.lock().devices;
        let purged = purge(&mut devices.authorizations, limit, |device| {
            device.request().forgotten_at() <= now
        });
        let left = &devices.authorizations;
        devices.user_codes.retain(|_, digest| left.contains_key(digest));
        Ok(purged)
    }
}
