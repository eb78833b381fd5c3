//! Every operation against the peer and the ceiling, in turns.

use std::net::SocketAddr;

use anyhow::Result;

use crate::arguments::Subject;
use crate::hello::{AS_LONG, HELLO, Hello};
use crate::load::Users;
use crate::measure::{Side, interleave};
use crate::operations::{self, Operation, Rival};
use crate::ours::{self, Ours, fetching, introspecting, start_devices};
use crate::peer::Peer;
use crate::report::{Budget, CPU, Comparison, Figures, Finding, RATE, Report};
use crate::run::Run;
use crate::service::Service;
use crate::users::{Kept, Pending, Polling, Post, Redeeming, Refreshing, Seen, Stock, get};
use crate::{footprint, races};

/// Grants of the peer that are refreshed in turn.
const REFRESHED: usize = 1_024;
const SHOWN: usize = 64;

impl Peer {
    /// `None` where it has nothing of the kind.
    fn side(&self, operation: Operation, run: &Run<'_>) -> Result<Option<Side<'_>>> {
        let count = run.arguments.connections();
        let confidential = matches!(operation, Operation::Confidential | Operation::Introspect);
        let client = Self::client(confidential);
        let post = |path: &str| Post::new(path, &client);
        let mut prepare: Box<dyn FnMut() -> Result<()> + '_> = Box::new(|| Ok(()));
        let users: Users = match operation {
            Operation::Refresh | Operation::Confidential => {
                let made = Kept::default();
                self.make(&client, &made, REFRESHED)?;
                let seen = Seen::default();
                let user = |chains| Refreshing::new(post("/token"), chains, seen.clone());
                made.dealt(count)
                    .into_iter()
                    .map(|chains| Box::new(user(chains)) as _)
                    .collect()
            }
            Operation::Code => {
                let (stock, wanted, seen) = (Stock::default(), run.consumed(), Seen::default());
                let redeeming = || Redeeming {
                    post: post("/token"),
                    stock: stock.clone(),
                    seen: seen.clone(),
                    kept: None,
                };
                let users = (0..count).map(|_| Box::new(redeeming()) as _).collect();
                let client = client.clone();
                prepare = Box::new(move || self.stock_up(&client, &stock, wanted));
                users
            }
            Operation::Introspect if self.has_signed_tokens => return Ok(None),
            Operation::Introspect => {
                let made = Kept::default();
                self.make(&client, &made, SHOWN)?;
                introspecting(&made, count, &post("/token/introspection"))
            }
            Operation::Device => {
                let pending = Pending::default();
                let polling = || Polling::new(post("/token"), pending.clone());
                let users = (0..count).map(|_| Box::new(polling()) as _).collect();
                let (address, start, wanted) = (self.process.address(), post("/device/auth"), run.consumed());
                prepare = Box::new(move || start_devices(address, &start, &pending, wanted));
                users
            }
            Operation::Gate => return Ok(None),
            Operation::Jwks => fetching(vec![get("/jwks", "")], count, "\"keys\"", true),
            Operation::Metadata => {
                let path = "/.well-known/oauth-authorization-server";
                fetching(vec![get(path, "")], count, "\"issuer\"", true)
            }
        };
        let addresses: Vec<SocketAddr> = vec![self.process.address()];
        Ok(Some(Side {
            name: self.name.to_owned(),
            addresses,
            meter: self.meter(),
            users,
            prepare,
        }))
    }
}

/// Whatever is to be compared, and what comes with it.
pub(crate) fn all(run: &Run<'_>, report: &mut Report) -> Result<()> {
    let pinning = run.program.pinning;
    let service = Service::start(run.program, run.stores)?;
    let own_idle = footprint::idle(service.pid()?)?;
    let mut ours = Ours::around(service)?;
    let hello = Hello::start(pinning)?;
    let peer = (!run.arguments.no_peer).then(|| Peer::start(pinning, run.stores, run.arguments.peer_tokens));
    let peer = peer.transpose()?;
    let peer_idle = peer
        .as_ref()
        .map(|peer| footprint::idle(peer.process.pid()))
        .transpose()?;
    report
        .conditions
        .extend(peer.as_ref().map(Peer::condition).transpose()?);
    for operation in Operation::ALL {
        if run.arguments.means(Subject::of(operation)) {
            let compared = one(run, operation, &ours, peer.as_ref(), &hello)?;
            report.comparisons.push(compared);
        }
    }
    if run.arguments.means(Subject::Races) {
        report.races = races::run(run, &ours, peer.as_ref())?;
    }
    if run.arguments.means(Subject::Footprint) {
        report.footprints.push(footprint::of_ours(run, &mut ours, own_idle)?);
        if let (Some(peer), Some(idle)) = (&peer, peer_idle) {
            report.footprints.push(footprint::of_peer(peer, idle)?);
        }
    }
    Ok(())
}

/// One operation.
fn one(run: &Run<'_>, operation: Operation, ours: &Ours, peer: Option<&Peer>, hello: &Hello) -> Result<Comparison> {
    run.say(operation.title());
    let own = ours.side(ours::NAME, operation, run)?;
    let peers = peer.map(|peer| peer.side(operation, run)).transpose()?.flatten();
    let least = hello.side(run.arguments.connections());
    let (rounds, lasting) = run.rounds_of(operation);
    let mut as_long = None;
    let mut sides = vec![own];
    if matches!(operation.rival(), Rival::Hello(_)) && !run.arguments.quick {
        let asked = ours.asked(operation)?;
        let hello = as_long.insert(Hello::as_long(run.program.pinning, ours.service.address()?, &asked)?);
        sides.push(least);
        sides.push(hello.side_of(asked, run.arguments.connections()));
        sides.extend(peers);
    } else {
        sides.extend(peers);
        sides.push(least);
    }
    // What the operation before has left to be written is not this one's.
    run.settle();
    let samples = interleave(&mut sides, rounds, lasting).map_err(|error| ours.service.explained(error))?;
    let figures: Result<Vec<Figures>> = sides
        .iter()
        .zip(samples)
        .map(|(side, samples)| Figures::new(&side.name, samples))
        .collect();
    let figures = figures?;
    let mut findings = Vec::new();
    if let Some((own, others)) = figures.split_first() {
        for other in others {
            let is_hello = other.name == HELLO;
            let budget = match operation.rival() {
                Rival::Peer(least) if !is_hello => Some(Budget::AtLeast(least)),
                Rival::Hello(least) if is_hello => Some(Budget::AtLeast(least)),
                _ => None,
            };
            findings.extend(own.ratio(other, RATE, budget));
            if is_hello {
                findings.extend(own.ratio(other, CPU, None).map(|ratio| Finding {
                    what: format!("µs of server CPU, where a {HELLO} takes {}", operations::HELLO),
                    spread: ratio.spread.times(operations::HELLO),
                    budget: Some(operation.cpu()),
                }));
            }
        }
    }
    Ok(Comparison {
        title: operation.title().into(),
        method: format!(
            "{} connections, each asking as fast as it is answered. A {HELLO} is the least that a service on actix-web can do: GET, one word. \
             Where it is {AS_LONG}, it is asked as the service is, and answers the same fields and body.",
            run.arguments.connections()
        ),
        sides: figures,
        findings,
    })
}
