//! Device authorizations.
//!
//! Each is a hash under the digest of its device code. Its user code leads to that digest, under its own key, which changes
//! only when another request takes over the code of a forgotten one. Two sorted sets count the pending requests: one per
//! address group and one for all. The sets and the user code are written first, so that no script needs two keys. A crash
//! between the writes leaves an unused user code and a member of the sets, until the request would have expired.

use std::{sync::LazyLock, time::Duration};

use async_trait::async_trait;
use informer_oauth_domain::{
    device::{
        Decision, DeviceDecision, DeviceGrant, DeviceOrigin, DevicePoll, DevicePresentation, DeviceRequest,
        EXPIRY_MEMORY, POLL_INTERVAL, POLL_LEEWAY, PendingLimits, SLOW_DOWN_STEP, UserCode,
    },
    resource::Resource,
    secret::Digest,
    timestamp::Timestamp,
};
use informer_oauth_ports::{DeviceInsertion, DeviceStore, StoreError};
use redis::{Value, cmd};
use serde::{Deserialize, Serialize};

use crate::{Redis, call::Body, failure::corrupt, keys::time_to_live};

const DEVICE: &str = "device authorization";
const INSERTION: &str = "DeviceStore.insert";

static INSERT: LazyLock<Body> = LazyLock::new(|| Body::new(include_str!("scripts/insert_device.lua")));
static RESERVE: LazyLock<Body> = LazyLock::new(|| Body::new(include_str!("scripts/reserve_device.lua")));
static TAKE_OVER: LazyLock<Body> = LazyLock::new(|| Body::new(include_str!("scripts/take_over_user_code.lua")));
static DECIDE: LazyLock<Body> = LazyLock::new(|| Body::new(include_str!("scripts/decide_device.lua")));
static POLL: LazyLock<Body> = LazyLock::new(|| {
    let constants = [
        ("EXPIRY_MEMORY", EXPIRY_MEMORY),
        ("POLL_LEEWAY", POLL_LEEWAY),
        ("SLOW_DOWN_STEP", SLOW_DOWN_STEP),
    ];
    Body::with(&constants, include_str!("scripts/poll_device.lua"))
});

/// A request as it is kept, but for its device code, which is its key. The scripts read some of these names.
#[derive(Serialize, Deserialize)]
struct RequestRow {
    user_code: String,
    client: String,
    client_id: String,
    scope: String,
    audience: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    token_record: String,
    issued_at: i64,
    expires_at: i64,
}

impl From<&DeviceRequest> for RequestRow {
    fn from(request: &DeviceRequest) -> Self {
        Self {
            user_code: request.user_code.letters(),
            client: request.client.to_string(),
            client_id: request.client_id.to_string(),
            scope: request.scope.to_string(),
            audience: request.audience.as_str().to_owned(),
            address: request.origin.address().map(|address| address.to_string()),
            agent: request.origin.agent().map(str::to_owned),
            token_record: request.token_record.to_string(),
            issued_at: request.issued_at.as_micros(),
            expires_at: request.expires_at.as_micros(),
        }
    }
}

impl RequestRow {
    fn request(self, device_code: Digest) -> Result<DeviceRequest, StoreError> {
        let address = self.address.map(|text| text.parse()).transpose();
        let address = address.map_err(|error| corrupt(DEVICE, error))?;
        Ok(DeviceRequest {
            device_code,
            user_code: self.user_code.parse().map_err(|error| corrupt(DEVICE, error))?,
            client: self.client.parse().map_err(|error| corrupt(DEVICE, error))?,
            client_id: self.client_id.parse().map_err(|error| corrupt(DEVICE, error))?,
            scope: self.scope.parse().map_err(|error| corrupt(DEVICE, error))?,
            audience: Resource::parse(&self.audience).map_err(|error| corrupt(DEVICE, error))?,
            origin: DeviceOrigin::new(address, self.agent.as_deref()),
            token_record: self.token_record.parse().map_err(|error| corrupt(DEVICE, error))?,
            issued_at: Timestamp::from_micros(self.issued_at),
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

fn read(device_code: Digest, row: &[u8]) -> Result<DeviceRequest, StoreError> {
    let row: RequestRow = serde_json::from_slice(row).map_err(|error| corrupt(DEVICE, error))?;
    row.request(device_code)
}

fn text(bytes: &[u8]) -> Result<&str, StoreError> {
    std::str::from_utf8(bytes).map_err(|error| corrupt(DEVICE, error))
}

impl Redis {
    /// The device code that a user code belongs to.
    async fn device_of(&self, operation: &'static str, user_code: UserCode) -> Result<Option<Digest>, StoreError> {
        let mut command = cmd("GET");
        command.arg(self.keys.user_code(user_code));
        let kept: Option<Vec<u8>> = self.ask(operation, DEVICE, command).await?;
        let digest = kept.map(|bytes| bytes.try_into().map(Digest::from_bytes));
        digest
            .transpose()
            .map_err(|_| corrupt(DEVICE, "a user code that leads to no digest"))
    }

    /// Adds a request to both sets. If one is full, adds nothing and returns the expiry of its oldest member.
    async fn reserve(
        &self,
        request: &DeviceRequest,
        limits: PendingLimits,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let of_group = self.keys.pending_devices_of(&request.origin.address_group());
        let full = self.reserve_in(&of_group, request, limits.per_address, now).await?;
        if full.is_some() {
            return Ok(full);
        }
        let full = self
            .reserve_in(&self.keys.pending_devices(), request, limits.total, now)
            .await?;
        if full.is_some() {
            self.release_in(&of_group, &request.device_code).await?;
        }
        Ok(full)
    }

    async fn reserve_in(
        &self,
        set: &str,
        request: &DeviceRequest,
        limit: u32,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let arguments = [
            &now.as_micros().to_string(),
            &request.device_code.to_hex(),
            &request.expires_at.as_micros().to_string(),
            &limit.to_string(),
            &time_to_live(request.forgotten_at().since(now)),
        ];
        let arguments = arguments.map(String::as_str);
        let full: String = self.run(INSERTION, DEVICE, &RESERVE, &[set], &arguments).await?;
        if full.is_empty() {
            return Ok(None);
        }
        let until = full.parse().map_err(|error| corrupt(DEVICE, error))?;
        Ok(Some(Timestamp::from_micros(until)))
    }

    /// Takes the user code of a request that is forgotten but still stored. Compare-and-set: of concurrent calls one
    /// returns true. A code that leads to no request stays taken, because its insertion may be under way.
    async fn take_over(&self, request: &DeviceRequest, lifetime: &str, now: Timestamp) -> Result<bool, StoreError> {
        let Some(holder) = self.device_of(INSERTION, request.user_code).await? else {
            return Ok(false);
        };
        let mut command = cmd("HGET");
        command.arg(self.keys.device(&holder)).arg("expires_at");
        let expires_at: Option<i64> = self.ask(INSERTION, DEVICE, command).await?;
        if expires_at.is_none_or(|at| now < Timestamp::from_micros(at) + EXPIRY_MEMORY) {
            return Ok(false);
        }
        let key = self.keys.user_code(request.user_code);
        let (holder, digest) = (holder.to_hex(), request.device_code.to_hex());
        let taken: u32 = self
            .run(INSERTION, DEVICE, &TAKE_OVER, &[&key], &[&holder, &digest, lifetime])
            .await?;
        Ok(taken == 1)
    }

    /// Removes a request from a set.
    async fn release_in(&self, set: &str, device_code: &Digest) -> Result<(), StoreError> {
        let mut command = cmd("ZREM");
        command.arg(set).arg(device_code.to_hex());
        self.ask::<Value>(INSERTION, DEVICE, command).await.map(drop)
    }

    /// Removes a request from both sets. If that fails, it counts as pending until it expires.
    async fn release(&self, request: &DeviceRequest) {
        let of_group = self.keys.pending_devices_of(&request.origin.address_group());
        for set in [of_group, self.keys.pending_devices()] {
            if let Err(error) = self.release_in(&set, &request.device_code).await {
                tracing::warn!(%error, "a device authorization counts as pending until it expires");
            }
        }
    }
}

#[async_trait]
impl DeviceStore for Redis {
    async fn insert(
        &self,
        request: &DeviceRequest,
        limits: PendingLimits,
        now: Timestamp,
    ) -> Result<DeviceInsertion, StoreError> {
        if let Some(until) = self.reserve(request, limits, now).await? {
            return Ok(DeviceInsertion::TooManyPending { until });
        }
        let row = serde_json::to_string(&RequestRow::from(request)).map_err(|error| corrupt(DEVICE, error))?;
        let lifetime = time_to_live(request.forgotten_at().since(now));
        let mut command = cmd("SET");
        command
            .arg(self.keys.user_code(request.user_code))
            .arg(request.device_code.as_bytes())
            .arg("NX")
            .arg("PX")
            .arg(&lifetime);
        let is_new = self.ask::<Option<String>>(INSERTION, DEVICE, command).await?.is_some();
        if !is_new && !self.take_over(request, &lifetime, now).await? {
            self.release(request).await;
            return Ok(DeviceInsertion::UserCodeTaken);
        }
        let key = self.keys.device(&request.device_code);
        let arguments = [
            row.as_str(),
            &POLL_INTERVAL.as_micros().to_string(),
            &lifetime,
            &request.client.to_string(),
            &request.expires_at.as_micros().to_string(),
        ];
        self.run::<Value>(INSERTION, DEVICE, &INSERT, &[&key], &arguments)
            .await?;
        Ok(DeviceInsertion::Inserted)
    }

    async fn find(&self, user_code: &UserCode, now: Timestamp) -> Result<Option<DeviceRequest>, StoreError> {
        const FINDING: &str = "DeviceStore.find";
        let Some(device_code) = self.device_of(FINDING, *user_code).await? else {
            return Ok(None);
        };
        let mut command = cmd("HMGET");
        command.arg(self.keys.device(&device_code)).arg("request").arg("state");
        let kept: (Option<Vec<u8>>, Option<String>) = self.ask(FINDING, DEVICE, command).await?;
        match (kept.0, kept.1.as_deref()) {
            (None, None) | (Some(_), Some("approved" | "denied" | "redeemed")) => Ok(None),
            (Some(row), Some("pending")) => {
                let request = read(device_code, &row)?;
                Ok((now < request.expires_at).then_some(request))
            }
            _ => Err(corrupt(DEVICE, "no state")),
        }
    }

    async fn decide(
        &self,
        user_code: &UserCode,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<DeviceDecision, StoreError> {
        const DECIDING: &str = "DeviceStore.decide";
        let Some(device_code) = self.device_of(DECIDING, *user_code).await? else {
            return Ok(DeviceDecision::Unknown);
        };
        let (state, username, scope) = match decision {
            Decision::Approve(approval) => ("approved", approval.username(), approval.scope().to_string()),
            Decision::Deny => ("denied", "", String::new()),
        };
        let key = self.keys.device(&device_code);
        let arguments = [&now.as_micros().to_string(), state, username, &scope];
        let answer: Vec<Vec<u8>> = self.run(DECIDING, DEVICE, &DECIDE, &[&key], &arguments).await?;
        let answer: Vec<&[u8]> = answer.iter().map(Vec::as_slice).collect();
        match answer.as_slice() {
            [b"decided", row] => {
                let request = read(device_code, row)?;
                self.release(&request).await;
                Ok(DeviceDecision::Decided(Box::new(request)))
            }
            [b"decided before"] => Ok(DeviceDecision::DecidedBefore),
            [b"unknown"] => Ok(DeviceDecision::Unknown),
            _ => Err(corrupt(DEVICE, "no answer of the script")),
        }
    }

    async fn poll(
        &self,
        device_code: &Digest,
        presented: &DevicePresentation,
        now: Timestamp,
    ) -> Result<DevicePoll, StoreError> {
        let resource = presented.resource.as_ref().map(|text| format!("={text}"));
        let answer: Vec<Vec<u8>> = self
            .run(
                "DeviceStore.poll",
                DEVICE,
                &POLL,
                &[&self.keys.device(device_code)],
                &[
                    &now.as_micros().to_string(),
                    &presented.client.to_string(),
                    &resource.unwrap_or_default(),
                ],
            )
            .await?;
        let answer: Vec<&[u8]> = answer.iter().map(Vec::as_slice).collect();
        match answer.as_slice() {
            [b"pending"] => Ok(DevicePoll::Pending),
            [b"slow down", wait] => {
                let wait = text(wait)?.parse().map_err(|error| corrupt(DEVICE, error))?;
                Ok(DevicePoll::SlowDown(Duration::from_micros(wait)))
            }
            [b"granted", row, username, scope, decided_at] => {
                let request = read(*device_code, row)?;
                Ok(DevicePoll::Granted(Box::new(DeviceGrant {
                    username: text(username)?.to_owned(),
                    scope: text(scope)?.parse().map_err(|error| corrupt(DEVICE, error))?,
                    granted_at: match text(decided_at)? {
                        // A release before this one kept the approval: it was not earlier than the request.
                        "" => request.issued_at,
                        micros => Timestamp::from_micros(micros.parse().map_err(|error| corrupt(DEVICE, error))?),
                    },
                    request,
                })))
            }
            [b"denied"] => Ok(DevicePoll::Denied),
            [b"expired"] => Ok(DevicePoll::Expired),
            [b"redeemed"] => Ok(DevicePoll::Redeemed),
            [b"client"] => Ok(DevicePoll::OtherClient),
            [b"resource"] => Ok(DevicePoll::OtherResource),
            [b"unknown"] => Ok(DevicePoll::Unknown),
            _ => Err(corrupt(DEVICE, "no answer of the script")),
        }
    }

    /// Redis forgets device authorizations by itself.
    async fn purge(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }
}
