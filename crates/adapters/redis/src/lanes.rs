//! Lanes: connections that callers share.
//!
//! A connection's bytes are moved by a task of the runtime that it was opened in. Where that is the caller's, a call wakes no
//! other thread, which would take longer than all the rest of it; so every runtime has lanes of its own. A server has a
//! runtime for each of its threads, and one that ends takes its connections along: nobody else is waiting on them. The first
//! lane lives at home, in the runtime that the lanes were made in, and is for those for whom there is no other.

use std::{
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use informer_oauth_ports::PoolState;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, Value};
use tokio::runtime::{Handle, Id};

use crate::{
    connections::{Connection, Connector, SHARED_BY},
    failure::STORE,
};

/// A connection that nobody has used for so long is asked whether it still is one.
const SILENCE: Duration = Duration::from_secs(10);

/// As many lanes as there may be connections. Of a runtime's own the first that has room is taken, so another is opened
/// only when all those are busy.
pub(crate) struct Lanes {
    connector: Arc<Connector>,
    home: Option<Handle>,
    all: Box<[Arc<Lane>]>,
}

#[derive(Default)]
struct Lane {
    state: Mutex<State>,
    owner: Mutex<Option<Owner>>,
    /// Calls that wait for the connection or for an answer.
    under_way: AtomicUsize,
}

/// The runtime that a lane lives in.
struct Owner {
    runtime: Id,
    /// Held by a task of it.
    alive: Weak<()>,
}

impl Owner {
    /// The caller's.
    fn new(runtime: &Handle) -> Self {
        let alive = Arc::new(());
        let owner = Self {
            runtime: runtime.id(),
            alive: Arc::downgrade(&alive),
        };
        runtime.spawn(async move {
            pending::<()>().await;
            drop(alive);
        });
        owner
    }

    fn has_ended(&self) -> bool {
        self.alive.strong_count() == 0
    }
}

#[derive(Default)]
enum State {
    #[default]
    Shut,
    /// A task, which all wait for who came in the meantime.
    Opening(Opening),
    Open {
        connection: Connection,
        used: Instant,
    },
}

type Opening = Shared<BoxFuture<'static, RedisResult<Connection>>>;

impl Lanes {
    /// `limit` lanes, at least one. None is opened yet.
    pub(crate) fn new(connector: Connector, limit: usize) -> Self {
        Self {
            connector: Arc::new(connector),
            home: Handle::try_current().ok(),
            all: (0..limit.max(1)).map(|_| Arc::default()).collect(),
        }
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// A connection that works, as far as anybody knows.
    pub(crate) async fn lend(&self) -> RedisResult<Lent<'_>> {
        let lane = self.lane_of(&Handle::current());
        let turn = Turn::on(lane);
        let connection = match self.open(lane) {
            Ok(connection) => connection,
            Err(opening) => {
                self.shut_broken();
                opening.await?
            }
        };
        Ok(Lent {
            connection,
            connector: &self.connector,
            _turn: turn,
        })
    }

    /// One of this runtime's own that has room, or one that nobody has, or else the one at home; or whichever of these is
    /// the least busy.
    fn lane_of(&self, runtime: &Handle) -> &Arc<Lane> {
        let mut own: Option<&Arc<Lane>> = None;
        let (at_home, others) = self.all.split_first().expect("there is at least one lane");
        let is_home = self.home.as_ref().is_none_or(|home| home.id() == runtime.id());
        let near = is_home.then_some(at_home);
        for lane in near.into_iter().chain(others) {
            let is_own = (is_home && Arc::ptr_eq(lane, at_home)) || lane.belongs_to(runtime);
            if !is_own {
                continue;
            }
            if lane.under_way() < SHARED_BY {
                return lane;
            }
            own = own.filter(|least| least.under_way() <= lane.under_way()).or(Some(lane));
        }
        if let Some(free) = others.iter().find(|lane| lane.claim(runtime)) {
            return free;
        }
        own.filter(|own| own.under_way() <= at_home.under_way())
            .unwrap_or(at_home)
    }

    fn open(&self, lane: &Arc<Lane>) -> Result<Connection, Opening> {
        let mut state = lane.state();
        let silent = match &mut *state {
            State::Open { connection, used } if self.connector.is_good(connection) => {
                let now = Instant::now();
                if now.duration_since(*used) < SILENCE {
                    *used = now;
                    return Ok(connection.clone());
                }
                Some(connection.clone())
            }
            // One that is over and has left nothing here ended with its runtime.
            State::Opening(opening) if opening.peek().is_none() => return Err(opening.clone()),
            State::Shut | State::Opening(_) | State::Open { .. } => None,
        };
        let opening = self.renew(lane, silent);
        *state = State::Opening(opening.clone());
        Err(opening)
    }

    fn renew(&self, lane: &Arc<Lane>, silent: Option<Connection>) -> Opening {
        let is_at_home = self.all.first().is_some_and(|first| Arc::ptr_eq(first, lane));
        let (lane, connector) = (Arc::clone(lane), Arc::clone(&self.connector));
        let work = async move {
            let renewed = connector.renew(silent).await;
            *lane.state() = match &renewed {
                Ok(connection) => State::Open {
                    connection: connection.clone(),
                    used: Instant::now(),
                },
                Err(_) => State::Shut,
            };
            renewed
        };
        let task = match &self.home {
            Some(home) if is_at_home => home.spawn(work),
            _ => tokio::spawn(work),
        };
        task.map(|renewed| renewed.unwrap_or_else(|_| Err(ended())))
            .boxed()
            .shared()
    }

    /// What broke is kept in no lane, also in those that nobody comes to.
    fn shut_broken(&self) {
        for lane in &self.all {
            let mut state = lane.state();
            if matches!(&*state, State::Open { connection, .. } if !self.connector.is_good(connection)) {
                *state = State::Shut;
            }
        }
    }

    pub(crate) fn pool(&self) -> PoolState {
        let mut pool = PoolState {
            name: STORE,
            limit: self.all.len(),
            open: 0,
            busy: 0,
            waiting: 0,
        };
        for lane in &self.all {
            let under_way = lane.under_way();
            match &*lane.state() {
                State::Open { connection, .. } if self.connector.is_good(connection) && !lane.has_ended() => {
                    pool.open += 1;
                    pool.busy += usize::from(under_way > 0);
                    pool.waiting += under_way.saturating_sub(SHARED_BY);
                }
                _ => pool.waiting += under_way,
            }
        }
        pool
    }
}

fn ended() -> RedisError {
    (ErrorKind::Io, "the runtime that the connection lived in has ended").into()
}

impl Lane {
    /// Never held while waiting for anything.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn owner(&self) -> MutexGuard<'_, Option<Owner>> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn belongs_to(&self, runtime: &Handle) -> bool {
        self.owner().as_ref().is_some_and(|owner| owner.runtime == runtime.id())
    }

    fn has_ended(&self) -> bool {
        self.owner().as_ref().is_some_and(Owner::has_ended)
    }

    /// Makes it this runtime's, if it is nobody's, or of one that has ended and taken its connection along.
    fn claim(&self, runtime: &Handle) -> bool {
        let mut owner = self.owner();
        if owner.as_ref().is_some_and(|owner| !owner.has_ended()) {
            return false;
        }
        *owner = Some(Owner::new(runtime));
        *self.state() = State::Shut;
        true
    }

    fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }
}

/// A call under way on a lane.
struct Turn<'a>(&'a Lane);

impl<'a> Turn<'a> {
    fn on(lane: &'a Lane) -> Self {
        lane.under_way.fetch_add(1, Ordering::Relaxed);
        Self(lane)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A share in a connection.
pub(crate) struct Lent<'a> {
    connection: Connection,
    connector: &'a Connector,
    _turn: Turn<'a>,
}

impl Lent<'_> {
    /// Which connections go with this one when it breaks.
    pub(crate) fn born(&self) -> u64 {
        self.connection.born()
    }

    /// One command, one answer.
    pub(crate) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        let answer = self.connection.send(command).await;
        self.connector.answered(self.connection.born(), &answer);
        answer
    }
}
