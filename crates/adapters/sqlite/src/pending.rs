//! Device authorizations that nobody has decided yet, remembered so that a poll which changes nothing but the device's
//! pace costs no write.
//!
//! The file has one service (a second does not start), and every decision goes through its writer: what is here is pending,
//! until the writer's own job takes it out. Where the pace was is forgotten with the process.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};

use informer_oauth_domain::{
    device::{DeviceAuthorization, DevicePoll, DevicePresentation, DeviceState},
    secret::Digest,
    timestamp::Timestamp,
};

/// How many are remembered; those beyond are looked up and written at every poll.
const CAPACITY: usize = 20_000;

#[derive(Default)]
pub(crate) struct PendingDevices(Mutex<HashMap<[u8; 32], DeviceAuthorization>>);

impl PendingDevices {
    /// Takes note of what a job of the writer found or made of an authorization. Called by nobody else, so that a decision
    /// and what was read before it cannot be noted in the wrong order.
    pub(crate) fn note(&self, kept: DeviceAuthorization) {
        let digest = *kept.request().device_code.as_bytes();
        let mut remembered = self.lock();
        if !matches!(kept.state(), DeviceState::Pending { .. }) {
            remembered.remove(&digest);
        } else if remembered.len() < CAPACITY {
            // The pace that is here already is the newer one.
            remembered.entry(digest).or_insert(kept);
        }
    }

    /// The answer to a poll of a pending one, by the domain's rule; `None` where the store must be asked.
    pub(crate) fn poll(
        &self,
        device_code: &Digest,
        presented: &DevicePresentation,
        now: Timestamp,
    ) -> Option<DevicePoll> {
        let mut remembered = self.lock();
        let Entry::Occupied(mut kept) = remembered.entry(*device_code.as_bytes()) else {
            return None;
        };
        let (after, answer) = kept.get().clone().poll(presented, now);
        if !matches!(answer, DevicePoll::Pending | DevicePoll::SlowDown(_)) {
            return None;
        }
        kept.insert(after);
        Some(answer)
    }

    /// Forgets those that have expired.
    pub(crate) fn purge(&self, now: Timestamp) {
        self.lock().retain(|_, kept| now < kept.request().expires_at);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], DeviceAuthorization>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
