//! Calls of one kind that wait at the same moment go as one statement, with one commit for all.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;
use informer_oauth_domain::id::TokenRecordId;
use informer_oauth_ports::StoreError;
use tokio::{sync::oneshot, time::timeout};

use crate::{
    failure::{Failure, unavailable},
    pool::{Haste, Pool},
};

/// How many statements of a kind may be under way. What comes meanwhile waits, and then goes together.
const UNDER_WAY: usize = 2;

/// How many calls go together at most.
const TOGETHER: usize = 64;

/// What several calls were answered, by their records. Who is not among them is to ask alone.
pub(crate) type Answers<T> = HashMap<TokenRecordId, Result<T, StoreError>>;

/// What a call asks about one token record, in a statement of its own or in one for several.
pub(crate) trait Request: Sized + Send + 'static {
    /// What it is answered.
    type Answer: Send + 'static;
    /// The statement for several.
    type Statement: Send + 'static;

    /// Whether the statement for one is prepared once for a connection, as the one for several is. Where it is prepared for every
    /// call, which takes a round trip more, one goes as several do.
    const ALONE_IS_PREPARED: bool;

    /// Of several that are about the same record, one at a time goes together with others.
    fn record(&self) -> TokenRecordId;

    /// Whether the server may refuse this one for itself, with an error that says nothing of it: then it goes alone.
    fn may_be_refused(&self) -> bool {
        false
    }

    /// Asks alone.
    fn alone(self, connection: &mut AsyncPgConnection) -> BoxFuture<'_, Result<Self::Answer, Failure>>;

    /// The statement for all of these, each about another record.
    fn statement<'r>(requests: impl Iterator<Item = &'r Self>) -> Self::Statement;

    /// Asks for several, and waits neither for any one of them nor, in a circle, for what another replica asks.
    fn together(
        statement: Self::Statement,
        connection: &mut AsyncPgConnection,
    ) -> BoxFuture<'_, Result<Answers<Self::Answer>, Failure>>;
}

/// The calls of a kind that wait for their turn, of one pool.
pub(crate) struct Together<R: Request>(Mutex<Line<R>>);

struct Line<R: Request> {
    waiting: VecDeque<Waiting<R>>,
    under_way: usize,
}

struct Waiting<R: Request> {
    since: Instant,
    request: R,
    answer: oneshot::Sender<Result<R::Answer, StoreError>>,
}

impl<R: Request> Default for Together<R> {
    fn default() -> Self {
        Self(Mutex::new(Line {
            waiting: VecDeque::new(),
            under_way: 0,
        }))
    }
}

impl<R: Request> Together<R> {
    /// Asks as soon as it can be begun: alone, or together with others that have waited as well. It is not begun any more
    /// when the caller has gone away, and given up when it has waited for as long as a call may take.
    pub(crate) fn ask(
        self: &Arc<Self>,
        pool: &Pool,
        request: R,
    ) -> impl Future<Output = Result<R::Answer, StoreError>> + use<R> {
        let (answer, answered) = oneshot::channel();
        let since = Instant::now();
        if let Some(mut turn) = self.wait(Waiting { since, request, answer }) {
            let here = pool.clone();
            pool.spawn(async move {
                while let Some(waiting) = turn.next() {
                    ask_all(&here, waiting).await;
                }
            });
        }
        let patience = pool.patience();
        async move {
            match timeout(patience, answered).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(unavailable("the call has ended")),
                Err(_) => Err(unavailable("it did not answer in time")),
            }
        }
    }

    /// Adds to those that wait; a turn, if one more may be under way.
    fn wait(self: &Arc<Self>, waiting: Waiting<R>) -> Option<Turn<R>> {
        let mut line = self.line();
        line.waiting.push_back(waiting);
        if line.under_way == UNDER_WAY {
            return None;
        }
        line.under_way += 1;
        Some(Turn {
            of: Arc::clone(self),
            is_over: false,
        })
    }

    fn line(&self) -> MutexGuard<'_, Line<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the [`UNDER_WAY`].
struct Turn<R: Request> {
    of: Arc<Together<R>>,
    is_over: bool,
}

impl<R: Request> Turn<R> {
    /// Those that go next; when there are none, the turn is over in the same moment, so that nobody is overlooked.
    fn next(&mut self) -> Option<Vec<Waiting<R>>> {
        let mut line = self.of.line();
        line.waiting.retain(|one| !one.answer.is_closed());
        if line.waiting.is_empty() {
            line.under_way -= 1;
            self.is_over = true;
            return None;
        }
        let count = line.waiting.len().min(TOGETHER);
        Some(line.waiting.drain(..count).collect())
    }
}

impl<R: Request> Drop for Turn<R> {
    fn drop(&mut self) {
        if !self.is_over {
            self.of.line().under_way -= 1;
        }
    }
}

async fn ask_all<R: Request>(pool: &Pool, mut waiting: Vec<Waiting<R>>) {
    let mut alone = Vec::new();
    if waiting.len() > 1 {
        let mut records = HashSet::with_capacity(waiting.len());
        let apart = |one: &mut Waiting<R>| one.request.may_be_refused() || !records.insert(one.request.record());
        alone.extend(waiting.extract_if(.., apart));
    }
    // The statement for one costs less, unless it has to be prepared.
    if waiting.len() > usize::from(R::ALONE_IS_PREPARED) {
        let statement = R::statement(waiting.iter().map(|one| &one.request));
        // The first has waited longest.
        let answers = pool.run_since(waiting[0].since, Haste::Usual, move |connection| {
            R::together(statement, connection)
        });
        match answers.await {
            Ok(mut answers) => {
                for one in mem::take(&mut waiting) {
                    match answers.remove(&one.request.record()) {
                        // Whoever asked may have stopped waiting.
                        Some(answer) => drop(one.answer.send(answer)),
                        None => alone.push(one),
                    }
                }
            }
            Err(StoreError::Unavailable { store, reason }) => {
                for one in mem::take(&mut waiting) {
                    let reason = reason.clone();
                    drop(one.answer.send(Err(StoreError::Unavailable { store, reason })));
                }
            }
            // One of them breaks a rule of the table; the others should not suffer for it.
            Err(StoreError::Corrupt { .. }) => alone.append(&mut waiting),
        }
    }
    // What the statement passed over is judged, and what others hold is waited for, without holding anybody up.
    for one in alone {
        let here = pool.clone();
        pool.spawn(async move { ask_alone(&here, one).await });
    }
    for one in waiting {
        ask_alone(pool, one).await;
    }
}

async fn ask_alone<R: Request>(pool: &Pool, one: Waiting<R>) {
    if one.answer.is_closed() {
        return;
    }
    let request = one.request;
    let answer = pool.run_since(one.since, Haste::Usual, move |connection| request.alone(connection));
    drop(one.answer.send(answer.await));
}
