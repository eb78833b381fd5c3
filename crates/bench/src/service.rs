//! The service under measurement, started as an operator would.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use informer_oauth_testkit::servers::{ThrowawayDatabase, redis};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::measure::Meter;
use crate::pinning::Pinning;
use crate::process::{Process, authority};
use crate::stores::Stores;

pub(crate) const ADMINISTRATOR: &str = "admin";
pub(crate) const PASSWORD: &str = "a rather long passphrase";

/// What to start, and where.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) binary: PathBuf,
    pub(crate) pinning: Pinning,
}

/// An empty database, and keys in Redis of its own.
struct Home {
    database: ThrowawayDatabase,
    postgres: u32,
    redis: u32,
}

pub(crate) struct Service {
    program: Program,
    folder: TempDir,
    environment: Vec<(String, String)>,
    home: Option<Rc<Home>>,
    is_second: bool,
    running: Option<Process>,
}

impl Service {
    /// Starts it on empty stores: these, or its own folder.
    pub(crate) fn start(program: &Program, stores: Option<&Stores>) -> Result<Self> {
        let mut service = Self {
            program: program.clone(),
            folder: tempfile::tempdir().context("a temporary folder")?,
            environment: Vec::new(),
            home: None,
            is_second: false,
            running: None,
        };
        for (name, value) in [
            ("HTTP__LISTEN", "127.0.0.1:0"),
            ("HTTP__METRICS_LISTEN", "127.0.0.1:0"),
            ("HTTP__WORKERS", "1"),
            ("BOOTSTRAP__ADMIN_USERNAME", ADMINISTRATOR),
            ("BOOTSTRAP__ADMIN_PASSWORD", PASSWORD),
            // Many are made before they are redeemed.
            ("TOKENS__CODE_SECONDS", "600"),
            // The bench starts all device flows from one address and leaves them pending.
            ("LIMITS__DEVICE_ATTEMPTS", "1000000"),
            ("LIMITS__DEVICE_ADDRESS_PENDING", "1000000"),
            ("LIMITS__DEVICE_PENDING", "1000000"),
            ("LOG__FORMAT", "json"),
        ] {
            service.set(name, value);
        }
        if let Some(stores) = stores {
            let database = stores.database();
            service.set("DATABASE__URL", &database.url());
            service.set("CACHE__URL", &stores.redis_url());
            service.set("CACHE__KEY_PREFIX", &redis::key_prefix());
            service.set(
                "SECRETS__ENCRYPTION_KEY",
                "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            );
            service.home = Some(Rc::new(Home {
                database,
                postgres: stores.postgres_pid(),
                redis: stores.redis_pid(),
            }));
        }
        service.launch()?;
        Ok(service)
    }

    /// Another one on the same stores, with the same issuer.
    pub(crate) fn replica(&self) -> Result<Self> {
        if self.home.is_none() {
            bail!("there are replicas on Postgres and Redis only: --stores production");
        }
        let mut replica = Self {
            program: self.program.clone(),
            folder: tempfile::tempdir().context("a temporary folder")?,
            environment: self.environment.clone(),
            home: self.home.clone(),
            is_second: true,
            running: None,
        };
        replica.set("ISSUER", &format!("http://{}", self.address()?));
        replica.set("HTTP__LISTEN", "127.0.0.1:0");
        replica.launch()?;
        Ok(replica)
    }

    /// Starts the process; how long it took until it answered 200.
    pub(crate) fn launch(&mut self) -> Result<Duration> {
        let mut command = self.program.pinning.command(&self.program.binary, self.is_second);
        command
            .args(["serve", "--migrate"])
            .current_dir(self.folder.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        let started = Instant::now();
        let process = Process::start(command, &self.folder.path().join("log"))?;
        let address = process.address();
        Browser::to(address).get("/.well-known/jwks.json", "")?.is(200)?;
        let took = started.elapsed();
        // So that tokens stay good over a restart.
        self.set("HTTP__LISTEN", &address.to_string());
        self.running = Some(process);
        Ok(took)
    }

    /// Sets what was not set, or anew, for the next start.
    fn set(&mut self, name: &str, value: &str) {
        self.environment
            .push((format!("INFORMER_OAUTH__{name}"), value.to_owned()));
    }

    fn running(&self) -> Result<&Process> {
        self.running.as_ref().context("the service does not run")
    }

    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.running()?.address())
    }

    pub(crate) fn pid(&self) -> Result<u32> {
        Ok(self.running()?.pid())
    }

    pub(crate) fn meter(&self) -> Result<Meter> {
        Ok(Meter {
            service: vec![self.pid()?],
            postgres: self.home.as_ref().map(|home| home.postgres),
            redis: self.home.as_ref().map(|home| home.redis),
        })
    }

    /// Its database, where that is a Postgres.
    pub(crate) fn database(&self) -> Result<&ThrowawayDatabase> {
        let home = self.home.as_ref();
        Ok(&home
            .context("this is measured on Postgres only: --stores production")?
            .database)
    }

    /// The value of a counter that it exports, named with its labels.
    pub(crate) fn counter(&self, series: &str) -> Result<f64> {
        let mut said = self.running()?.said().iter();
        let metrics = said.find_map(|line| line.trim().strip_prefix("Metrics "));
        let metrics = authority(metrics.context("it serves no metrics")?)?;
        let answer = Browser::to(metrics).get("/metrics", "")?;
        let page = answer.is(200)?;
        let line = page.body.lines().find_map(|line| line.strip_prefix(series));
        let value = line.with_context(|| format!("no {series} in the metrics"))?;
        value.trim().parse().with_context(|| format!("{series}{value}"))
    }

    /// Stops it as an operator would.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.running.take().map_or(Ok(()), Process::stop)
    }

    /// An error with what the service said of it.
    pub(crate) fn explained(&self, error: anyhow::Error) -> anyhow::Error {
        let log = self.running().map(Process::log).unwrap_or_default();
        match complaint(&log) {
            Some(line) => error.context(format!("the service complained: {line}")),
            None => error,
        }
    }
}

fn complaint(log: &str) -> Option<&str> {
    log.lines()
        .find(|line| line.contains(r#""level":"WARN""#) || line.contains(r#""level":"ERROR""#))
}

/// The binary beside which this one was built, unless another is meant.
pub(crate) fn binary(named: Option<&Path>) -> Result<PathBuf> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name("informer-oauth"),
    };
    path.canonicalize()
        .with_context(|| format!("{}: build it, or name one with --binary", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_found_in_the_log() {
        let fine = "{\"level\":\"INFO\",\"message\":\"serving\"}\n";
        assert_eq!(complaint(fine), None);
        let line = r#"{"level":"WARN","message":"purging failed"}"#;
        assert_eq!(complaint(&format!("{fine}{line}\n")), Some(line));
    }
}
