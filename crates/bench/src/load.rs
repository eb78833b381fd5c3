//! The load generator: one thread, kept-alive connections, one virtual user on each.

mod connection;
mod histogram;
mod http;
mod pace;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mio::{Events, Poll, Token};

use self::connection::{Connection, Done};
pub(crate) use self::histogram::Histogram;
pub(crate) use self::http::{Answer, read};
pub(crate) use self::pace::Pace;
use self::pace::Timetable;

/// How long every answer may take. Something is wrong then, and no figure would say what.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody who asks one thing after the other, and knows what the answers must be.
pub(crate) trait VirtualUser {
    /// Appends the next request; false when there is nothing left to ask.
    fn ask(&mut self, request: &mut Vec<u8>) -> bool;

    /// Checks the answer and keeps what the next request needs.
    fn hear(&mut self, answer: &Answer<'_>) -> Result<()>;

    /// The server had no time (503): what was asked is not to be asked again, for nobody knows what came of it.
    fn refused(&mut self) {}
}

/// Virtual users, one for each connection.
pub(crate) type Users = Vec<Box<dyn VirtualUser>>;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    pub(crate) latencies: Histogram,
    /// Of them were 503.
    pub(crate) refused: u64,
}

/// Lets the users ask until the time is over or they have nothing left, and hears every answer. One that is not as it
/// should be is an error. The connections are dealt out among the addresses.
pub(crate) fn run(addresses: &[SocketAddr], users: &mut Users, lasting: Duration, pace: Pace) -> Result<Outcome> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(users.len().max(1));
    let mut connections = Vec::with_capacity(users.len());
    for (at, address) in (0..users.len()).zip(addresses.iter().cycle()) {
        connections.push(Connection::open(*address, poll.registry(), Token(at))?);
    }
    ensure!(connections.len() == users.len(), "nowhere to connect to");
    let start = Instant::now();
    let mut run = Run {
        connections,
        free: (0..users.len()).collect(),
        users,
        end: start + lasting,
        timetable: match pace {
            Pace::Full => None,
            Pace::PerSecond(count) => Some(Timetable::new(count, start)),
        },
        waiting: VecDeque::new(),
        under_way: 0,
        latencies: Histogram::default(),
        refused: 0,
        last: start,
        progress: start,
    };
    loop {
        let now = Instant::now();
        run.send(now)?;
        if run.is_over(now) {
            break;
        }
        match poll.poll(&mut events, Some(run.wait(now))) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other.context("waiting for answers")?,
        }
        for event in &events {
            run.receive(event.token())?;
        }
        ensure!(
            run.under_way == 0 || run.progress.elapsed() < PATIENCE,
            "no answer within {} s",
            PATIENCE.as_secs()
        );
    }
    Ok(Outcome {
        elapsed: run.last.duration_since(start),
        latencies: run.latencies,
        refused: run.refused,
    })
}

struct Run<'a> {
    connections: Vec<Connection>,
    users: &'a mut Users,
    /// Connections without a request under way, the one that has been so for longest first.
    free: VecDeque<usize>,
    end: Instant,
    timetable: Option<Timetable>,
    /// Requests that came up by the timetable and wait for a connection.
    waiting: VecDeque<Instant>,
    under_way: usize,
    latencies: Histogram,
    refused: u64,
    last: Instant,
    /// When there was last nothing to wait for, or an answer.
    progress: Instant,
}

impl Run<'_> {
    /// Sends whatever has come up.
    fn send(&mut self, now: Instant) -> Result<()> {
        if now < self.end {
            if let Some(table) = &mut self.timetable {
                self.waiting.extend(std::iter::repeat_n(now, table.due(now)));
            }
        } else if self.timetable.is_none() {
            self.free.clear();
        }
        while let Some(at) = self.free.pop_front() {
            let since = if self.timetable.is_some() {
                let Some(since) = self.waiting.pop_front() else {
                    self.free.push_front(at);
                    break;
                };
                since
            } else {
                Instant::now()
            };
            let (Some(connection), Some(user)) = (self.connections.get_mut(at), self.users.get_mut(at)) else {
                continue;
            };
            if connection.ask(user.as_mut(), since)? {
                if self.under_way == 0 {
                    self.progress = now;
                }
                self.under_way += 1;
            } else if self.timetable.is_some() {
                // Others may have something left.
                self.waiting.push_front(since);
            }
        }
        Ok(())
    }

    fn receive(&mut self, token: Token) -> Result<()> {
        let Token(at) = token;
        let (Some(connection), Some(user)) = (self.connections.get_mut(at), self.users.get_mut(at)) else {
            return Ok(());
        };
        if let Some(Done { since, refused }) = connection.go_on(user.as_mut())? {
            self.refused += u64::from(refused);
            self.last = Instant::now();
            self.progress = self.last;
            self.latencies.record(self.last.duration_since(since));
            self.under_way -= 1;
            self.free.push_back(at);
        }
        Ok(())
    }

    /// How long nothing needs to be done unless an answer comes.
    fn wait(&self, now: Instant) -> Duration {
        let table = self.timetable.as_ref().filter(|_| now < self.end);
        table.map_or(PATIENCE, |table| table.wait(now))
    }

    fn is_over(&self, now: Instant) -> bool {
        let nobody_asks = self.free.is_empty() || (now >= self.end && self.waiting.is_empty());
        self.under_way == 0 && nobody_asks
    }
}

#[cfg(test)]
mod tests;
