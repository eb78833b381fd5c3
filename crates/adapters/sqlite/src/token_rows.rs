//! Rows of token records.

use diesel::prelude::*;
use diesel::sqlite::Sqlite as Backend;
use informer_oauth_domain::{
    id::{ClientUid, TokenId, TokenRecordId},
    token_record::{RefreshState, Revocation, RevocationReason, RotatedToken, TokenRecord},
};
use informer_oauth_ports::StoreError;

use crate::{
    columns::{blob, client_id, micros, resource, scope, time, uuid},
    failure::corrupt,
    schema::token_records,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = token_records, check_for_backend(Backend), treat_none_as_default_value = false)]
pub(crate) struct TokenRow {
    id: Vec<u8>,
    pub(crate) client_uid: Vec<u8>,
    client_id: String,
    pub(crate) username: String,
    scope: String,
    audience: String,
    pub(crate) created_at: i64,
    expires_at: Option<i64>,
    generation: Option<i64>,
    current_jti: Option<Vec<u8>>,
    current_issued_at: Option<i64>,
    previous_jti: Option<Vec<u8>>,
    previous_issued_at: Option<i64>,
    previous_asked: Option<String>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
    revoked_reason: Option<String>,
}

const RECORD: &str = "token record";

impl From<&TokenRecord> for TokenRow {
    fn from(record: &TokenRecord) -> Self {
        let refresh = record.refresh.as_ref();
        let previous = refresh.and_then(|refresh| refresh.previous.as_ref());
        Self {
            id: blob(record.id.uuid()),
            client_uid: blob(record.client.uuid()),
            client_id: record.client_id.to_string(),
            username: record.username.clone(),
            scope: record.scope.to_string(),
            audience: record.audience.as_str().to_owned(),
            created_at: record.created_at.as_micros(),
            expires_at: micros(record.expires_at),
            generation: refresh.map(|refresh| i64::from(refresh.generation)),
            current_jti: refresh.map(|refresh| blob(refresh.current.uuid())),
            current_issued_at: refresh.map(|refresh| refresh.current_issued_at.as_micros()),
            previous_jti: previous.map(|previous| blob(previous.token_id.uuid())),
            previous_issued_at: previous.map(|previous| previous.issued_at.as_micros()),
            previous_asked: previous.map(|previous| previous.asked.to_string()),
            last_used_at: micros(record.last_used_at),
            revoked_at: record.revoked.map(|revoked| revoked.at.as_micros()),
            revoked_reason: record.revoked.map(|revoked| revoked.reason.as_str().to_owned()),
        }
    }
}

impl TryFrom<TokenRow> for TokenRecord {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        let previous = match (&row.previous_jti, row.previous_issued_at, &row.previous_asked) {
            (None, None, None) => None,
            (Some(jti), Some(issued_at), Some(asked)) => Some(RotatedToken {
                token_id: TokenId::new(uuid(RECORD, jti)?),
                issued_at: time(issued_at),
                asked: scope(RECORD, asked)?,
            }),
            _ => return Err(corrupt(RECORD, "half of a previous refresh token")),
        };
        let refresh = match (row.generation, &row.current_jti, row.current_issued_at) {
            (None, None, None) if previous.is_none() => None,
            (Some(generation), Some(jti), Some(issued_at)) => Some(RefreshState {
                generation: u32::try_from(generation).map_err(|error| corrupt(RECORD, error))?,
                current: TokenId::new(uuid(RECORD, jti)?),
                current_issued_at: time(issued_at),
                previous,
            }),
            _ => return Err(corrupt(RECORD, "half of a refresh token")),
        };
        let revoked = match (row.revoked_at, &row.revoked_reason) {
            (None, None) => None,
            (Some(at), Some(reason)) => Some(Revocation {
                at: time(at),
                reason: RevocationReason::from_stored(reason).ok_or_else(|| corrupt(RECORD, "unknown reason"))?,
            }),
            _ => return Err(corrupt(RECORD, "half of a revocation")),
        };
        Ok(Self {
            id: TokenRecordId::new(uuid(RECORD, &row.id)?),
            client: ClientUid::new(uuid(RECORD, &row.client_uid)?),
            client_id: client_id(RECORD, &row.client_id)?,
            username: row.username,
            scope: scope(RECORD, &row.scope)?,
            audience: resource(RECORD, &row.audience)?,
            created_at: time(row.created_at),
            expires_at: row.expires_at.map(time),
            refresh,
            last_used_at: row.last_used_at.map(time),
            revoked,
        })
    }
}
