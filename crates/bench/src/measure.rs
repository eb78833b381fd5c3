//! Rounds: each side's turn, one after the other, again and again.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use crate::load::{self, Histogram, Pace, Users};
use crate::proc;

/// At most one request of so many may be answered 503.
const MOST_REFUSED: u64 = 50;

const WARMING_UP: Duration = Duration::from_millis(1_500);

/// Whose processor time a round takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    /// The processes that answer.
    pub(crate) service: Vec<u32>,
    pub(crate) postgres: Option<u32>,
    pub(crate) redis: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    service: f64,
    postgres: Option<f64>,
    redis: Option<f64>,
}

impl Meter {
    fn read(&self) -> Result<Reading> {
        let service: Result<Vec<f64>> = self.service.iter().map(|pid| proc::cpu_seconds(*pid)).collect();
        Ok(Reading {
            service: service?.into_iter().sum(),
            postgres: self.postgres.map(proc::cpu_seconds_with_children).transpose()?,
            redis: self.redis.map(proc::cpu_seconds_with_children).transpose()?,
        })
    }
}

/// What is measured against others: something that answers, and those who ask it.
pub(crate) struct Side<'a> {
    pub(crate) name: String,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) meter: Meter,
    pub(crate) users: Users,
    /// Gets ready what a round uses up; not measured.
    pub(crate) prepare: Box<dyn FnMut() -> Result<()> + 'a>,
}

/// One round of one side.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    /// Requests a second.
    pub(crate) rate: f64,
    /// Microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
    /// Microseconds of processor time a request.
    pub(crate) cpu: f64,
    pub(crate) postgres_cpu: Option<f64>,
    pub(crate) redis_cpu: Option<f64>,
    /// Requests that were answered 503.
    pub(crate) refused: u64,
    #[serde(skip)]
    pub(crate) latencies: Histogram,
}

pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

impl Side<'_> {
    /// One round.
    pub(crate) fn round(&mut self, lasting: Duration, pace: Pace) -> Result<Sample> {
        self.try_round(lasting, pace).with_context(|| self.name.clone())
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer requests than 2^52")]
    fn try_round(&mut self, lasting: Duration, pace: Pace) -> Result<Sample> {
        (self.prepare)().context("preparing a round")?;
        let before = self.meter.read()?;
        let outcome = load::run(&self.addresses, &mut self.users, lasting, pace)?;
        let after = self.meter.read()?;
        let requests = outcome.latencies.count();
        // More are no hiccup of the disk, and would not be measured as what they are.
        ensure!(
            outcome.refused * MOST_REFUSED <= requests,
            "{} of {requests} requests were refused",
            outcome.refused
        );
        let seconds = outcome.elapsed.as_secs_f64();
        let each = |after: f64, before: f64| (after - before) * 1e6 / requests.max(1) as f64;
        let maybe = |after: Option<f64>, before: Option<f64>| Some(each(after?, before?));
        Ok(Sample {
            requests,
            seconds,
            rate: requests as f64 / seconds.max(1e-9),
            p50: micros(outcome.latencies.quantile(0.5)),
            p99: micros(outcome.latencies.quantile(0.99)),
            longest: micros(outcome.latencies.longest()),
            cpu: each(after.service, before.service),
            postgres_cpu: maybe(after.postgres, before.postgres),
            redis_cpu: maybe(after.redis, before.redis),
            refused: outcome.refused,
            latencies: outcome.latencies,
        })
    }
}

/// So many rounds of every side, A B C A B C …, after one of each that does not count: a just-in-time compiler is not done
/// before.
pub(crate) fn interleave(sides: &mut [Side<'_>], rounds: usize, lasting: Duration) -> Result<Vec<Vec<Sample>>> {
    for side in sides.iter_mut() {
        side.round(lasting.min(WARMING_UP), Pace::Full)?;
    }
    let mut samples: Vec<Vec<Sample>> = sides.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for _ in 0..rounds {
        for (side, samples) in sides.iter_mut().zip(&mut samples) {
            samples.push(side.round(lasting, Pace::Full)?);
        }
    }
    Ok(samples)
}
