//! Authorization codes.

use std::collections::hash_map::Entry;

use async_trait::async_trait;
use diesel::{
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Bool},
    sqlite::{Sqlite as Backend, SqliteConnection},
};
use informer_oauth_domain::{
    code::{AuthorizationCode, CodeMismatch, CodePresentation, CodeRedemption, REPLAY_MEMORY},
    id::{ClientUid, TokenRecordId},
    pkce::CodeChallenge,
    secret::Digest,
    timestamp::Timestamp,
};
use informer_oauth_ports::{CodeStore, StoreError};

use crate::{
    Sqlite,
    columns::{blob, client_id, digest, resource, scope, time, uuid},
    failure::{Failure, corrupt},
    memory::Expiring,
    schema::authorization_codes::{self, dsl},
};

pub(crate) const PURGE: &[&str] = &["DELETE FROM authorization_codes WHERE rowid IN (
         SELECT rowid FROM authorization_codes WHERE expires_at < ?1 LIMIT ?2)"];

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = authorization_codes, check_for_backend(Backend), treat_none_as_default_value = false)]
struct CodeRow {
    digest: Vec<u8>,
    client_uid: Vec<u8>,
    client_id: String,
    redirect_uri: String,
    redirect_uri_sent: bool,
    challenge: Option<String>,
    username: String,
    scope: String,
    audience: String,
    token_record: Vec<u8>,
    issued_at: i64,
    expires_at: i64,
    redeemed_at: Option<i64>,
}

const CODE: &str = "authorization code";

impl From<&AuthorizationCode> for CodeRow {
    fn from(code: &AuthorizationCode) -> Self {
        Self {
            digest: code.digest.as_bytes().to_vec(),
            client_uid: blob(code.client.uuid()),
            client_id: code.client_id.to_string(),
            redirect_uri: code.redirect_uri.clone(),
            redirect_uri_sent: code.redirect_uri_sent,
            challenge: code.challenge.as_ref().map(|challenge| challenge.as_str().to_owned()),
            username: code.username.clone(),
            scope: code.scope.to_string(),
            audience: code.audience.as_str().to_owned(),
            token_record: blob(code.token_record.uuid()),
            issued_at: code.issued_at.as_micros(),
            expires_at: code.expires_at.as_micros(),
            redeemed_at: None,
        }
    }
}

impl TryFrom<CodeRow> for AuthorizationCode {
    type Error = StoreError;

    fn try_from(row: CodeRow) -> Result<Self, StoreError> {
        let challenge = row.challenge.map(|text| CodeChallenge::parse(&text)).transpose();
        Ok(Self {
            digest: digest(CODE, &row.digest)?,
            client: ClientUid::new(uuid(CODE, &row.client_uid)?),
            client_id: client_id(CODE, &row.client_id)?,
            redirect_uri: row.redirect_uri,
            redirect_uri_sent: row.redirect_uri_sent,
            challenge: challenge.map_err(|error| corrupt(CODE, error))?,
            username: row.username,
            scope: scope(CODE, &row.scope)?,
            audience: resource(CODE, &row.audience)?,
            token_record: TokenRecordId::new(uuid(CODE, &row.token_record)?),
            issued_at: time(row.issued_at),
            expires_at: time(row.expires_at),
        })
    }
}

#[async_trait]
impl CodeStore for Sqlite {
    async fn insert(&self, code: &AuthorizationCode) -> Result<(), StoreError> {
        let row = CodeRow::from(code);
        self.write(move |connection| {
            diesel::insert_into(authorization_codes::table)
                .values(row)
                .execute(connection)?;
            Ok(())
        })
        .await?;
        self.codes.lock().add(code.clone(), code.issued_at);
        Ok(())
    }

    async fn redeem(
        &self,
        digest: &Digest,
        presented: &CodePresentation,
        now: Timestamp,
    ) -> Result<CodeRedemption, StoreError> {
        let digest = *digest;
        if let Some(code) = self.redeem_remembered(&digest, presented, now)? {
            return Ok(CodeRedemption::Redeemed(code));
        }
        let presented = presented.clone();
        self.write(move |connection| redeem(connection, &digest, &presented, now))
            .await
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.codes.purge(now);
        self.purge_rows(PURGE, now.minus(REPLAY_MEMORY), limit).await
    }
}

impl Expiring for AuthorizationCode {
    fn digest(&self) -> &Digest {
        &self.digest
    }

    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl Sqlite {
    /// Redeems a code that is remembered and fits; whatever else is the case, the file is asked.
    ///
    /// The mark is queued under the lock: whoever presents the code next comes after it. Nobody waits for its commit, since the
    /// token record of the code is written after it, or together with it, and only then does anybody get a token. A crash
    /// before leaves a code that has given nothing, and is good for another try.
    fn redeem_remembered(
        &self,
        digest: &Digest,
        presented: &CodePresentation,
        now: Timestamp,
    ) -> Result<Option<AuthorizationCode>, StoreError> {
        let mut remembered = self.codes.lock();
        let Entry::Occupied(code) = remembered.rows.entry(*digest.as_bytes()) else {
            return Ok(None);
        };
        if code.get().matches(presented, now).is_err() {
            return Ok(None);
        }
        let mark = Mark {
            digest: *digest.as_bytes(),
            now: now.as_micros(),
        };
        self.write_later(move |connection| {
            mark.execute(connection)?;
            Ok(())
        })?;
        Ok(Some(*code.remove()))
    }
}

/// Marks a code as redeemed. Written out because diesel keeps no updates prepared.
struct Mark {
    digest: [u8; 32],
    now: i64,
}

impl QueryFragment<Backend> for Mark {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql("UPDATE authorization_codes SET redeemed_at = ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(" WHERE redeemed_at IS NULL AND digest = ");
        out.push_bind_param::<Binary, _>(self.digest.as_slice())
    }
}

impl QueryId for Mark {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for Mark {}

/// [`AuthorizationCode::matches`] as one conditional update. Only what it does not hit is read and judged.
fn redeem(
    connection: &mut SqliteConnection,
    digest: &Digest,
    presented: &CodePresentation,
    now: Timestamp,
) -> Result<CodeRedemption, Failure> {
    let uri = presented.redirect_uri.as_deref();
    let challenge = presented.challenge.as_ref().map(CodeChallenge::as_str);
    let resource = presented.resource.as_deref();
    let resource_fits = dsl::audience
        .nullable()
        .is(resource)
        .or(resource.is_none().into_sql::<Bool>());
    let redirect_fits = dsl::redirect_uri
        .nullable()
        .is(uri)
        .or(uri.is_none().into_sql::<Bool>().and(dsl::redirect_uri_sent.eq(false)));
    let redeemed: Option<CodeRow> = diesel::update(authorization_codes::table.find(digest.as_bytes().as_slice()))
        .filter(dsl::redeemed_at.is_null())
        .filter(dsl::client_uid.eq(blob(presented.client.uuid())))
        .filter(dsl::expires_at.gt(now.as_micros()))
        .filter(redirect_fits)
        .filter(dsl::challenge.is(challenge))
        .filter(resource_fits)
        .set(dsl::redeemed_at.eq(now.as_micros()))
        .returning(CodeRow::as_returning())
        .get_result(connection)
        .optional()?;
    match redeemed {
        Some(row) => Ok(CodeRedemption::Redeemed(row.try_into()?)),
        None => judge_unredeemed(connection, digest, presented, now),
    }
}

fn judge_unredeemed(
    connection: &mut SqliteConnection,
    digest: &Digest,
    presented: &CodePresentation,
    now: Timestamp,
) -> Result<CodeRedemption, Failure> {
    let row: Option<CodeRow> = authorization_codes::table
        .find(digest.as_bytes().as_slice())
        .select(CodeRow::as_select())
        .first(connection)
        .optional()?;
    let Some(row) = row else {
        return Ok(CodeRedemption::Unknown);
    };
    let is_used = row.redeemed_at.is_some();
    let code = AuthorizationCode::try_from(row)?;
    match code.matches(presented, now) {
        Err(CodeMismatch::Client) => Ok(CodeRedemption::Refused(CodeMismatch::Client)),
        _ if is_used => Ok(CodeRedemption::Replayed(code)),
        Err(mismatch) => Ok(CodeRedemption::Refused(mismatch)),
        Ok(()) => Err(corrupt(CODE, "a live code that no update finds").into()),
    }
}
