//! Authorization codes.

use async_trait::async_trait;
use diesel::{
    dsl::{AsSelect, SqlTypeOf},
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Nullable, Text},
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
    schema::authorization_codes,
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
        .await
    }

    async fn redeem(
        &self,
        digest: &Digest,
        presented: &CodePresentation,
        now: Timestamp,
    ) -> Result<CodeRedemption, StoreError> {
        let digest = *digest;
        let presented = presented.clone();
        self.write(move |connection| redeem(connection, &digest, &presented, now))
            .await
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.purge_rows(PURGE, now.minus(REPLAY_MEMORY), limit).await
    }
}

/// [`AuthorizationCode::matches`] as one conditional update. Only what it does not hit is read and judged.
fn redeem(
    connection: &mut SqliteConnection,
    digest: &Digest,
    presented: &CodePresentation,
    now: Timestamp,
) -> Result<CodeRedemption, Failure> {
    let redeemed: Vec<CodeRow> = Redeem::of(digest, presented, now).load(connection)?;
    match redeemed.into_iter().next() {
        Some(row) => Ok(CodeRedemption::Redeemed(row.try_into()?)),
        None => judge_unredeemed(connection, digest, presented, now),
    }
}

/// The update, written out because diesel keeps no updates prepared.
struct Redeem<'a> {
    digest: &'a [u8],
    presented: &'a CodePresentation,
    client: Vec<u8>,
    now: i64,
    challenge: Option<&'a str>,
    returned: AsSelect<CodeRow, Backend>,
}

impl<'a> Redeem<'a> {
    fn of(digest: &'a Digest, presented: &'a CodePresentation, now: Timestamp) -> Self {
        Self {
            digest: digest.as_bytes(),
            presented,
            client: blob(presented.client.uuid()),
            now: now.as_micros(),
            challenge: presented.challenge.as_ref().map(CodeChallenge::as_str),
            returned: CodeRow::as_returning(),
        }
    }
}

impl QueryFragment<Backend> for Redeem<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql("UPDATE authorization_codes SET redeemed_at = ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(" WHERE redeemed_at IS NULL AND digest = ");
        out.push_bind_param::<Binary, _>(self.digest)?;
        out.push_sql(" AND client_uid = ");
        out.push_bind_param::<Binary, _>(&self.client)?;
        out.push_sql(" AND expires_at > ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(" AND challenge IS ");
        out.push_bind_param::<Nullable<Text>, _>(&self.challenge)?;
        // What is not presented must not have been sent; a resource need not be presented.
        out.push_sql(" AND redirect_uri = ifnull(");
        out.push_bind_param::<Nullable<Text>, _>(&self.presented.redirect_uri)?;
        out.push_sql(", iif(redirect_uri_sent, NULL, redirect_uri)) AND audience = ifnull(");
        out.push_bind_param::<Nullable<Text>, _>(&self.presented.resource)?;
        out.push_sql(", audience) RETURNING ");
        self.returned.walk_ast(out.reborrow())
    }
}

impl QueryId for Redeem<'_> {
    type QueryId = Redeem<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Redeem<'_> {
    type SqlType = SqlTypeOf<AsSelect<CodeRow, Backend>>;
}

impl RunQueryDsl<SqliteConnection> for Redeem<'_> {}

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
