use async_trait::async_trait;
use informer_oauth_domain::{
    device::{Decision, DeviceDecision, DevicePoll, DevicePresentation, DeviceRequest, PendingLimits, UserCode},
    secret::Digest,
    timestamp::Timestamp,
};

use crate::StoreError;

/// What a store answers to a device's request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceInsertion {
    /// It is there now, pending.
    Inserted,
    /// Its user code belongs to another request that has not been forgotten yet. Nothing changed: draw another one.
    UserCodeTaken,
    /// A limit of pending requests is reached. Nothing changed.
    TooManyPending {
        /// Expiry of the oldest pending request. A decision may make room earlier.
        until: Timestamp,
    },
}

/// Device authorizations (RFC 8628): short-lived, redeemed once.
#[async_trait]
pub trait DeviceStore: Send + Sync {
    /// Keeps a request as pending. Atomic: of concurrent requests with one user code one is inserted, and concurrent calls
    /// never exceed `limits`. Decided and expired requests do not count.
    ///
    /// A request keeps its user code until [`DeviceRequest::forgotten_at`], also when it was decided or has expired. From
    /// then on the code is free, purged or not, and leads to the request that took it last. Digests are of 128 random
    /// bits, so none is ever there already.
    async fn insert(
        &self,
        request: &DeviceRequest,
        limits: PendingLimits,
        now: Timestamp,
    ) -> Result<DeviceInsertion, StoreError>;

    /// What asks under this user code, if it is [open](informer_oauth_domain::device::DeviceAuthorization::is_open).
    async fn find(&self, user_code: &UserCode, now: Timestamp) -> Result<Option<DeviceRequest>, StoreError>;

    /// Decides by the rule of [`DeviceAuthorization::decide`]. Atomic: of any number of decisions, in any process, one
    /// gets `Decided`.
    ///
    /// [`DeviceAuthorization::decide`]: informer_oauth_domain::device::DeviceAuthorization::decide
    async fn decide(
        &self,
        user_code: &UserCode,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<DeviceDecision, StoreError>;

    /// Answers a poll by the rule of [`DeviceAuthorization::poll`], and remembers its pace. Atomic: of any number of polls of
    /// an approved code, in any process, one gets `Granted`. From [`DeviceRequest::forgotten_at`] on the answer is
    /// `Unknown`, to anybody.
    ///
    /// [`DeviceAuthorization::poll`]: informer_oauth_domain::device::DeviceAuthorization::poll
    async fn poll(
        &self,
        device_code: &Digest,
        presented: &DevicePresentation,
        now: Timestamp,
    ) -> Result<DevicePoll, StoreError>;

    /// Drops up to `limit` requests that are forgotten ([`DeviceRequest::forgotten_at`]); how many it was: none where the
    /// store drops them by itself. A user code that a later request has taken stays with that request.
    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
