//! Rotations that wait at the same moment go as one statement, with one commit for all.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use diesel::{
    QueryResult, SelectableHelper,
    dsl::{AsSelect, SqlTypeOf},
    pg::Pg as Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use informer_oauth_domain::{
    id::TokenRecordId,
    token_record::{Rotation, RotationRequest, TokenRecord},
};
use informer_oauth_ports::StoreError;
use tokio::{sync::oneshot, time::timeout};
use uuid::Uuid;

use crate::{
    failure::{Failure, unavailable},
    pool::{Haste, Pool},
    token_rows::TokenRow,
    tokens::rotate,
};

/// How many statements may be under way. What comes meanwhile waits, and then goes together.
const UNDER_WAY: usize = 2;

/// How many rotations go together at most.
const TOGETHER: usize = 64;

/// Rotations that wait for their turn, of one pool.
#[derive(Default)]
pub(crate) struct Rotations(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    under_way: usize,
}

struct Waiting {
    since: Instant,
    request: RotationRequest,
    answer: oneshot::Sender<Result<Rotation, StoreError>>,
}

impl Rotations {
    /// Rotates as soon as it can be begun: alone, or together with others that have waited as well. It is not begun any
    /// more when the caller has gone away, and given up when it has waited for as long as a call may take.
    pub(crate) async fn rotate(
        self: &Arc<Self>,
        pool: &Pool,
        request: RotationRequest,
    ) -> Result<Rotation, StoreError> {
        let (answer, answered) = oneshot::channel();
        let since = Instant::now();
        if let Some(mut turn) = self.wait(Waiting { since, request, answer }) {
            let here = pool.clone();
            pool.spawn(async move {
                while let Some(waiting) = turn.next() {
                    rotate_all(&here, waiting).await;
                }
            });
        }
        match timeout(pool.patience(), answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(unavailable("the call has ended")),
            Err(_) => Err(unavailable("it did not answer in time")),
        }
    }

    /// Adds to those that wait; a turn, if one more may be under way.
    fn wait(self: &Arc<Self>, waiting: Waiting) -> Option<Turn> {
        let mut queue = self.queue();
        queue.waiting.push_back(waiting);
        if queue.under_way == UNDER_WAY {
            return None;
        }
        queue.under_way += 1;
        Some(Turn {
            rotations: Arc::clone(self),
            is_over: false,
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the [`UNDER_WAY`].
struct Turn {
    rotations: Arc<Rotations>,
    is_over: bool,
}

impl Turn {
    /// Those that go next; when there are none, the turn is over in the same moment, so that nobody is overlooked.
    fn next(&mut self) -> Option<Vec<Waiting>> {
        let mut queue = self.rotations.queue();
        queue.waiting.retain(|one| !one.answer.is_closed());
        if queue.waiting.is_empty() {
            queue.under_way -= 1;
            self.is_over = true;
            return None;
        }
        let count = queue.waiting.len().min(TOGETHER);
        Some(queue.waiting.drain(..count).collect())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over {
            self.rotations.queue().under_way -= 1;
        }
    }
}

async fn rotate_all(pool: &Pool, waiting: Vec<Waiting>) {
    let mut records = HashSet::new();
    let (mut together, mut alone): (Vec<_>, Vec<_>) =
        waiting.into_iter().partition(|one| records.insert(one.request.record));
    // The statement for one costs less.
    if together.len() > 1 {
        let statement = RotateTogether::of(together.iter().map(|one| &one.request));
        // The first has waited longest.
        let rotated = pool.run_since(together[0].since, Haste::Usual, move |connection| {
            rotate_together(connection, statement).boxed()
        });
        match rotated.await {
            Ok(mut rotated) => {
                for one in std::mem::take(&mut together) {
                    match rotated.remove(&one.request.record) {
                        // Whoever asked may have stopped waiting.
                        Some(record) => drop(one.answer.send(record.map(Rotation::Rotated))),
                        None => alone.push(one),
                    }
                }
            }
            Err(StoreError::Unavailable { store, reason }) => {
                for one in std::mem::take(&mut together) {
                    let reason = reason.clone();
                    drop(one.answer.send(Err(StoreError::Unavailable { store, reason })));
                }
            }
            // One of them breaks a rule of the table; the others should not suffer for it.
            Err(StoreError::Corrupt { .. }) => alone.append(&mut together),
        }
    }
    // What is not rotated is judged, and what others hold is waited for, without holding anybody up.
    for one in alone {
        let here = pool.clone();
        pool.spawn(async move { rotate_alone(&here, one).await });
    }
    for one in together {
        rotate_alone(pool, one).await;
    }
}

async fn rotate_alone(pool: &Pool, one: Waiting) {
    if one.answer.is_closed() {
        return;
    }
    let request = one.request;
    let answer = pool.run_since(one.since, Haste::Usual, move |connection| {
        rotate(connection, request).boxed()
    });
    drop(one.answer.send(answer.await));
}

/// The records that were rotated, as they are now.
async fn rotate_together(
    connection: &mut AsyncPgConnection,
    statement: RotateTogether,
) -> Result<HashMap<TokenRecordId, Result<TokenRecord, StoreError>>, Failure> {
    // To the end of the answer: see the crate's "acknowledged when it is committed".
    let rows: Vec<TokenRow> = statement.get_results(connection).await?;
    let rotated = rows
        .into_iter()
        .map(|row| (TokenRecordId::new(row.id()), TokenRecord::try_from(row)));
    Ok(rotated.collect())
}

/// Rotates the records whose presented token is the live one, as `tokens::rotate` does one, each record once. What another
/// transaction holds is passed over: waiting for one record would hold up the others, and could go round in a circle.
///
/// It is written out because diesel has no update from other rows, and is no `sql_query`, which is prepared each time.
struct RotateTogether {
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
        out.push_sql("WITH request AS MATERIALIZED (SELECT * FROM unnest(");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.records)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.presented)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.successors)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.times)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.asked)?;
        out.push_sql(
            ") AS request (id, presented, successor, time, asked)),
             held AS MATERIALIZED (
                 SELECT token_records.id FROM token_records JOIN request ON token_records.id = request.id
                 FOR NO KEY UPDATE OF token_records SKIP LOCKED)
             UPDATE token_records SET
                 generation = token_records.generation + 1,
                 previous_jti = token_records.current_jti,
                 previous_issued_at = token_records.current_issued_at,
                 previous_asked = request.asked,
                 current_jti = request.successor,
                 current_issued_at = request.time,
                 last_used_at = request.time
             FROM request JOIN held ON held.id = request.id
             WHERE token_records.id = request.id
                 AND token_records.current_jti = request.presented
                 AND token_records.revoked_at IS NULL
                 AND (token_records.expires_at IS NULL OR token_records.expires_at > request.time)
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
