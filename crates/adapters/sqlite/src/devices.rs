//! Device authorizations.
//!
//! What changes one reads it, asks the domain and writes, in one job: the writer's transactions are `BEGIN IMMEDIATE`, so
//! nothing comes between, from this process or another. What only counts a device's polls stays in memory.

use std::sync::Arc;

use async_trait::async_trait;
use diesel::{
    dsl::{count_star, min},
    prelude::*,
    sqlite::{Sqlite as Backend, SqliteConnection},
};
use informer_oauth_domain::{
    device::{
        Decision, DeviceAuthorization, DeviceDecision, DevicePoll, DevicePresentation, DeviceRequest, DeviceState,
        EXPIRY_MEMORY, PendingLimits, UserCode,
    },
    secret::Digest,
    timestamp::Timestamp,
};
use informer_oauth_ports::{DeviceInsertion, DeviceStore, StoreError};

use crate::{
    Sqlite,
    columns::time,
    device_rows::{PENDING, RequestRow, StateRow, authorization},
    failure::Failure,
    memory::{Expiring, Memory},
    schema::device_authorizations::{self, dsl},
};

pub(crate) const PURGE: &[&str] = &["DELETE FROM device_authorizations WHERE rowid IN (
         SELECT rowid FROM device_authorizations WHERE expires_at <= ?1 LIMIT ?2)"];

#[async_trait]
impl DeviceStore for Sqlite {
    async fn insert(
        &self,
        request: &DeviceRequest,
        limits: PendingLimits,
        now: Timestamp,
    ) -> Result<DeviceInsertion, StoreError> {
        let new = DeviceAuthorization::new(request.clone());
        let row = (RequestRow::from(request), StateRow::from(new.state()));
        let (letters, forgotten) = (request.user_code.letters(), now.minus(EXPIRY_MEMORY));
        let group = request.origin.address_group();
        let memory = Arc::clone(&self.devices);
        self.write(move |connection| {
            if let Some(until) = full_until(connection, group, limits, now)? {
                return Ok(DeviceInsertion::TooManyPending { until });
            }
            let forgotten = device_authorizations::table
                .filter(dsl::user_code.eq(letters))
                .filter(dsl::expires_at.le(forgotten.as_micros()));
            diesel::delete(forgotten).execute(connection)?;
            let rows = diesel::insert_into(device_authorizations::table)
                .values(row)
                .on_conflict(dsl::user_code)
                .do_nothing()
                .execute(connection)?;
            if rows == 0 {
                return Ok(DeviceInsertion::UserCodeTaken);
            }
            note(&memory, new, now);
            Ok(DeviceInsertion::Inserted)
        })
        .await
    }

    async fn find(&self, user_code: &UserCode, now: Timestamp) -> Result<Option<DeviceRequest>, StoreError> {
        let letters = user_code.letters();
        self.read(move |connection| {
            let open: Option<RequestRow> = device_authorizations::table
                .filter(dsl::user_code.eq(letters))
                .filter(dsl::state.eq(PENDING))
                .filter(dsl::expires_at.gt(now.as_micros()))
                .select(RequestRow::as_select())
                .first(connection)
                .optional()?;
            Ok(open.map(DeviceRequest::try_from).transpose()?)
        })
        .await
    }

    async fn decide(
        &self,
        user_code: &UserCode,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<DeviceDecision, StoreError> {
        let (letters, decision) = (user_code.letters(), decision.clone());
        let memory = Arc::clone(&self.devices);
        self.write(move |connection| {
            let meant = device_authorizations::table.filter(dsl::user_code.eq(letters));
            let change = |kept: DeviceAuthorization| kept.decide(&decision, now);
            Ok(step(connection, &memory, meant.into_boxed(), now, change)?.unwrap_or(DeviceDecision::Unknown))
        })
        .await
    }

    async fn poll(
        &self,
        device_code: &Digest,
        presented: &DevicePresentation,
        now: Timestamp,
    ) -> Result<DevicePoll, StoreError> {
        if let Some(answer) = poll_remembered(&self.devices, device_code, presented, now) {
            return Ok(answer);
        }
        let (digest, presented) = (*device_code, presented.clone());
        let memory = Arc::clone(&self.devices);
        self.write(move |connection| {
            let meant = device_authorizations::table.filter(dsl::digest.eq(digest.as_bytes().to_vec()));
            let change = |kept: DeviceAuthorization| kept.poll(&presented, now);
            Ok(step(connection, &memory, meant.into_boxed(), now, change)?.unwrap_or(DevicePoll::Unknown))
        })
        .await
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.devices.purge(now);
        self.purge_rows(PURGE, now.minus(EXPIRY_MEMORY), limit).await
    }
}

/// Returns the expiry of the oldest pending request if a limit is reached.
fn full_until(
    connection: &mut SqliteConnection,
    group: String,
    limits: PendingLimits,
    now: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    let pending = || {
        device_authorizations::table
            .filter(dsl::state.eq(PENDING))
            .filter(dsl::expires_at.gt(now.as_micros()))
            .select((count_star(), min(dsl::expires_at)))
    };
    let of_group: (i64, Option<i64>) = pending().filter(dsl::address_group.eq(group)).first(connection)?;
    if of_group.0 >= i64::from(limits.per_address) {
        return Ok(of_group.1.map(time));
    }
    let all: (i64, Option<i64>) = pending().first(connection)?;
    Ok(all.1.map(time).filter(|_| all.0 >= i64::from(limits.total)))
}

impl Expiring for DeviceAuthorization {
    fn digest(&self) -> &Digest {
        &self.request().device_code
    }

    fn expires_at(&self) -> Timestamp {
        self.request().expires_at
    }
}

/// Takes note of what a job of the writer found or made. Called by nobody else, so that a decision and what was read before
/// it cannot be noted in the wrong order. Only pending ones are remembered.
fn note(memory: &Memory<DeviceAuthorization>, kept: DeviceAuthorization, now: Timestamp) {
    let mut remembered = memory.lock();
    if matches!(kept.state(), DeviceState::Pending { .. }) {
        remembered.add(kept, now);
    } else {
        remembered.rows.remove(kept.digest().as_bytes());
    }
}

/// The answer to a poll of a pending one, by the domain's rule; `None` where the file must be asked. The device's pace is not
/// written: a restart forgets it.
fn poll_remembered(
    memory: &Memory<DeviceAuthorization>,
    device_code: &Digest,
    presented: &DevicePresentation,
    now: Timestamp,
) -> Option<DevicePoll> {
    let mut remembered = memory.lock();
    let kept = remembered.rows.get_mut(device_code.as_bytes())?;
    let (after, answer) = kept.as_ref().clone().poll(presented, now);
    matches!(answer, DevicePoll::Pending | DevicePoll::SlowDown(_)).then(|| {
        **kept = after;
        answer
    })
}

/// Applies a rule of the domain to the one that is meant; `None` when there is none, or none any more. Runs in the
/// writer's transaction.
fn step<T>(
    connection: &mut SqliteConnection,
    memory: &Memory<DeviceAuthorization>,
    meant: device_authorizations::BoxedQuery<'_, Backend>,
    now: Timestamp,
    change: impl FnOnce(DeviceAuthorization) -> (DeviceAuthorization, T),
) -> Result<Option<T>, Failure> {
    let row: Option<(RequestRow, StateRow)> = meant
        .select((RequestRow::as_select(), StateRow::as_select()))
        .first(connection)
        .optional()?;
    let Some((request, state)) = row else { return Ok(None) };
    let before = authorization(request, state)?;
    if now >= before.request().forgotten_at() {
        return Ok(None);
    }
    let (after, answer) = change(before.clone());
    if after.state() != before.state() {
        let digest = before.request().device_code;
        diesel::update(device_authorizations::table.find(digest.as_bytes().as_slice()))
            .set(StateRow::from(after.state()))
            .execute(connection)?;
    }
    note(memory, after, now);
    Ok(Some(answer))
}
