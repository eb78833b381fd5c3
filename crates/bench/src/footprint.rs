//! Memory, the time until the first answer, the size of the binary.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::machine::megabytes;
use crate::ours::{NAME, Ours};
use crate::peer::Peer;
use crate::proc;
use crate::report::{Budget, Footprint};
use crate::run::Run;
use crate::statistics::Spread;

/// Starts on the database that there is.
const STARTS: usize = 5;

/// How much the service took before it was asked anything, in MB.
pub(crate) fn idle(pid: u32) -> Result<f64> {
    Ok(proc::memory(pid)?.resident)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// What the service takes up. It is started anew for it, so it comes last.
pub(crate) fn of_ours(run: &Run<'_>, ours: &mut Ours, idle: f64) -> Result<Footprint> {
    run.say("footprint");
    let loaded = proc::memory(ours.service.pid()?)?.peak;
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        ours.service.stop()?;
        starts.push(milliseconds(ours.service.launch()?));
    }
    let binary = fs::metadata(&run.program.binary)?.len();
    let footprint = Footprint {
        name: NAME.into(),
        idle,
        loaded,
        start: Spread::of(starts).context("it was never started")?,
        binary: Some(megabytes(binary)),
        findings: Vec::new(),
    };
    Ok(footprint.judged([
        ("idle MB", Budget::AtMost(25.0)),
        ("MB at most", Budget::AtMost(60.0)),
        (
            "ms until the first answer, on an existing database",
            Budget::AtMost(100.0),
        ),
        ("MB of the binary", Budget::AtMost(25.0)),
    ]))
}

/// The same of the peer, as far as it can be said.
pub(crate) fn of_peer(peer: &Peer, idle: f64) -> Result<Footprint> {
    Ok(Footprint {
        name: peer.name.into(),
        idle,
        loaded: proc::memory(peer.process.pid())?.peak,
        start: Spread::of([milliseconds(peer.started_in)]).context("one value")?,
        binary: None,
        findings: Vec::new(),
    })
}
