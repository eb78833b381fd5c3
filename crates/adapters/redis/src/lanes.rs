//! Lanes: connections that callers share.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
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
use tokio::runtime::Handle;

use crate::{
    connections::{Connection, Connector},
    failure::STORE,
};

/// How many calls share a connection before another is opened. One connection serves them as fast as several would, and
/// with fewer system calls; but what is large holds up what comes after it.
pub(crate) const SHARED_BY: usize = 64;

/// A connection that nobody has used for so long is asked whether it still is one.
const SILENCE: Duration = Duration::from_secs(10);

/// As many lanes as there may be connections. The first that has room is taken, so the later ones are opened only when
/// all before them are busy.
pub(crate) struct Lanes {
    connector: Arc<Connector>,
    /// The runtime that connections live in. A server has one for each of its threads: one that ended, when the service
    /// stops, would take along the connections that it made, on which other threads' requests are waiting.
    home: Option<Handle>,
    all: Box<[Arc<Lane>]>,
}

#[derive(Default)]
struct Lane {
    state: Mutex<State>,
    /// Calls that wait for the connection or for an answer.
    under_way: AtomicUsize,
}

#[derive(Default)]
enum State {
    #[default]
    Shut,
    /// A task at home, which all wait for who came in the meantime.
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
        let lane = self.roomiest();
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

    fn roomiest(&self) -> &Arc<Lane> {
        let room = self.all.iter().find(|lane| lane.under_way() < SHARED_BY);
        let least = || self.all.iter().min_by_key(|lane| lane.under_way());
        room.or_else(least).expect("there is at least one lane")
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
            Some(home) => home.spawn(work),
            None => tokio::spawn(work),
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
                State::Open { connection, .. } if self.connector.is_good(connection) => {
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
    (ErrorKind::Io, "the runtime that connections live in has ended").into()
}

impl Lane {
    /// Never held while waiting for anything.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
