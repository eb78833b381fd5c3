//! Rows of device authorizations.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sqlite::Sqlite as Backend;
use informer_oauth_domain::{
    device::{DeviceAuthorization, DeviceOrigin, DeviceRequest, DeviceState},
    id::{ClientUid, TokenRecordId},
    timestamp::Timestamp,
};
use informer_oauth_ports::StoreError;

use crate::{
    columns::{blob, client_id, digest, micros, resource, scope, time, uuid},
    failure::corrupt,
    schema::device_authorizations,
};

const DEVICE: &str = "device authorization";

/// What [`StateRow`] calls a pending one.
pub(crate) const PENDING: &str = "pending";
const APPROVED: &str = "approved";
const DENIED: &str = "denied";
const REDEEMED: &str = "redeemed";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = device_authorizations, check_for_backend(Backend), treat_none_as_default_value = false)]
pub(crate) struct RequestRow {
    digest: Vec<u8>,
    user_code: String,
    client_uid: Vec<u8>,
    client_id: String,
    scope: String,
    audience: String,
    address: Option<String>,
    agent: Option<String>,
    token_record: Vec<u8>,
    issued_at: i64,
    expires_at: i64,
    address_group: String,
}

/// The columns that change.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = device_authorizations, check_for_backend(Backend))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct StateRow {
    state: String,
    poll_interval: Option<i64>,
    polled_at: Option<i64>,
    username: Option<String>,
    granted: Option<String>,
    decided_at: Option<i64>,
}

impl From<&DeviceRequest> for RequestRow {
    fn from(request: &DeviceRequest) -> Self {
        Self {
            digest: request.device_code.as_bytes().to_vec(),
            user_code: request.user_code.letters(),
            client_uid: blob(request.client.uuid()),
            client_id: request.client_id.to_string(),
            scope: request.scope.to_string(),
            audience: request.audience.as_str().to_owned(),
            address: request.origin.address().map(|address| address.to_string()),
            agent: request.origin.agent().map(str::to_owned),
            token_record: blob(request.token_record.uuid()),
            issued_at: request.issued_at.as_micros(),
            expires_at: request.expires_at.as_micros(),
            address_group: request.origin.address_group(),
        }
    }
}

impl TryFrom<RequestRow> for DeviceRequest {
    type Error = StoreError;

    fn try_from(row: RequestRow) -> Result<Self, StoreError> {
        let address = row.address.map(|text| text.parse()).transpose();
        let address = address.map_err(|error| corrupt(DEVICE, error))?;
        Ok(Self {
            device_code: digest(DEVICE, &row.digest)?,
            user_code: row.user_code.parse().map_err(|error| corrupt(DEVICE, error))?,
            client: ClientUid::new(uuid(DEVICE, &row.client_uid)?),
            client_id: client_id(DEVICE, &row.client_id)?,
            scope: scope(DEVICE, &row.scope)?,
            audience: resource(DEVICE, &row.audience)?,
            origin: DeviceOrigin::new(address, row.agent.as_deref()),
            token_record: TokenRecordId::new(uuid(DEVICE, &row.token_record)?),
            issued_at: time(row.issued_at),
            expires_at: time(row.expires_at),
        })
    }
}

impl From<&DeviceState> for StateRow {
    fn from(state: &DeviceState) -> Self {
        let named = |name: &str| Self {
            state: name.to_owned(),
            poll_interval: None,
            polled_at: None,
            username: None,
            granted: None,
            decided_at: None,
        };
        match state {
            DeviceState::Pending { interval, polled_at } => Self {
                poll_interval: Some(i64::try_from(interval.as_micros()).unwrap_or(i64::MAX)),
                polled_at: micros(*polled_at),
                ..named(PENDING)
            },
            DeviceState::Approved { username, scope, at } => Self {
                username: Some(username.clone()),
                granted: Some(scope.to_string()),
                decided_at: Some(at.as_micros()),
                ..named(APPROVED)
            },
            DeviceState::Denied => named(DENIED),
            DeviceState::Redeemed => named(REDEEMED),
        }
    }
}

impl StateRow {
    /// The state; of an approval that an earlier release kept without its time, `issued_at` stands for it.
    fn state(self, issued_at: Timestamp) -> Result<DeviceState, StoreError> {
        match (self.state.as_str(), self.poll_interval, self.username, self.granted) {
            (PENDING, Some(interval), None, None) => Ok(DeviceState::Pending {
                interval: Duration::from_micros(u64::try_from(interval).map_err(|error| corrupt(DEVICE, error))?),
                polled_at: self.polled_at.map(time),
            }),
            (APPROVED, None, Some(username), Some(granted)) => Ok(DeviceState::Approved {
                username,
                scope: scope(DEVICE, &granted)?,
                at: self.decided_at.map_or(issued_at, time),
            }),
            (DENIED, None, None, None) => Ok(DeviceState::Denied),
            (REDEEMED, None, None, None) => Ok(DeviceState::Redeemed),
            _ => Err(corrupt(DEVICE, "no state")),
        }
    }
}

/// A whole row as it was kept.
pub(crate) fn authorization(request: RequestRow, state: StateRow) -> Result<DeviceAuthorization, StoreError> {
    let request = DeviceRequest::try_from(request)?;
    let state = state.state(request.issued_at)?;
    Ok(DeviceAuthorization::from_stored(request, state))
}
