//! Rotations, one statement for several.

use diesel::{
    QueryResult, SelectableHelper,
    dsl::{AsSelect, SqlTypeOf},
    pg::Pg as Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt, future::BoxFuture};
use informer_oauth_domain::{
    id::TokenRecordId,
    token_record::{Rotation, RotationRequest, TokenRecord},
};
use uuid::Uuid;

use crate::{
    failure::Failure,
    together::{Answers, Request},
    token_rows::TokenRow,
    tokens::rotate,
};

impl Request for RotationRequest {
    // diesel keeps no updates prepared.
    const ALONE_IS_PREPARED: bool = false;

    type Answer = Rotation;
    type Statement = RotateTogether;

    fn record(&self) -> TokenRecordId {
        self.record
    }

    fn alone(self, connection: &mut AsyncPgConnection) -> BoxFuture<'_, Result<Rotation, Failure>> {
        rotate(connection, self).boxed()
    }

    fn statement<'r>(requests: impl Iterator<Item = &'r Self>) -> RotateTogether {
        RotateTogether::of(requests)
    }

    fn together(
        statement: RotateTogether,
        connection: &mut AsyncPgConnection,
    ) -> BoxFuture<'_, Result<Answers<Rotation>, Failure>> {
        async {
            // To the end of the answer: see the crate's "acknowledged when it is committed".
            let rows: Vec<TokenRow> = statement.get_results(connection).await?;
            let rotated = rows.into_iter().map(|row| {
                let record = TokenRecordId::new(row.id);
                (record, TokenRecord::try_from(row).map(Rotation::Rotated))
            });
            Ok(rotated.collect())
        }
        .boxed()
    }
}

/// Rotates the records whose presented token is the live one, as `tokens::rotate` does one, each record once. What another
/// transaction holds is passed over: waiting for one record would hold up the others, and could go round in a circle. What
/// is expected of a record is looked at when it is locked, and then stays so.
///
/// Each array is a `(SELECT $1)`, whose length the planner does not see: for less than about ten it would find a plan for so
/// few to be worth planning the statement anew each time, which costs more than to run it.
///
/// Each record is looked up by itself (`LATERAL`, `LIMIT`), by its id and nothing else: `num_nonnulls` is `IS NULL` in words that no
/// partial index answers to. A server that knows nothing of the table yet takes it for small, and would read all of it for every
/// statement until it is analysed.
///
/// It is written out because diesel has no update from other rows, and is no `sql_query`, which is prepared each time.
pub(crate) struct RotateTogether {
    records: Vec<Uuid>,
    presented: Vec<Uuid>,
    successors: Vec<Uuid>,
    times: Vec<i64>,
    asked: Vec<String>,
    returned: AsSelect<TokenRow, Backend>,
}

impl RotateTogether {
    fn of<'r>(requests: impl Iterator<Item = &'r RotationRequest>) -> Self {
        let mut statement = Self {
            records: Vec::new(),
            presented: Vec::new(),
            successors: Vec::new(),
            times: Vec::new(),
            asked: Vec::new(),
            returned: TokenRow::as_returning(),
        };
        for request in requests {
            statement.records.push(request.record.uuid());
            statement.presented.push(request.presented.uuid());
            statement.successors.push(request.successor.uuid());
            statement.times.push(request.now.as_micros());
            statement.asked.push(request.asked.to_string());
        }
        statement
    }
}

impl QueryFragment<Backend> for RotateTogether {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql(
            "WITH held AS MATERIALIZED (
                 SELECT request.* FROM (SELECT unnest((SELECT ",
        );
        out.push_bind_param::<Array<SqlUuid>, _>(&self.records)?;
        out.push_sql(")) AS id, unnest((SELECT ");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.presented)?;
        out.push_sql(")) AS presented, unnest((SELECT ");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.successors)?;
        out.push_sql(")) AS successor, unnest((SELECT ");
        out.push_bind_param::<Array<BigInt>, _>(&self.times)?;
        out.push_sql(")) AS time, unnest((SELECT ");
        out.push_bind_param::<Array<Text>, _>(&self.asked)?;
        out.push_sql(
            ")) AS asked) AS request,
                 LATERAL (
                     SELECT 1 FROM token_records
                     WHERE token_records.id = request.id
                         AND token_records.current_jti = request.presented
                         AND num_nonnulls(token_records.revoked_at) = 0
                         AND (token_records.expires_at IS NULL OR token_records.expires_at > request.time)
                     LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS record)
             UPDATE token_records SET
                 generation = token_records.generation + 1,
                 previous_jti = token_records.current_jti,
                 previous_issued_at = token_records.current_issued_at,
                 previous_asked = held.asked,
                 current_jti = held.successor,
                 current_issued_at = held.time,
                 last_used_at = held.time
             FROM held WHERE token_records.id = held.id
             RETURNING ",
        );
        self.returned.walk_ast(out.reborrow())
    }
}

impl QueryId for RotateTogether {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for RotateTogether {
    type SqlType = SqlTypeOf<AsSelect<TokenRow, Backend>>;
}
