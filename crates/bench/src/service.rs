//! The service under measurement, started as an operator would.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use informer_oauth_testkit::servers::{ThrowawayDatabase, redis};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::measure::Meter;
use crate::pinning::Pinning;
use crate::stores::Stores;

pub(crate) const ADMINISTRATOR: &str = "admin";
pub(crate) const PASSWORD: &str = "a rather long passphrase";

const PATIENCE: Duration = Duration::from_secs(60);
/// It has eight seconds to finish what is under way.
const STOPPING: Duration = Duration::from_secs(15);

/// What to start, and where.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) binary: PathBuf,
    pub(crate) pinning: Pinning,
}

/// Where it keeps what lasts and what does not.
pub(crate) enum Home {
    /// In its own folder.
    Embedded,
    /// In this database, and in Redis below this prefix.
    Production {
        database: ThrowawayDatabase,
        key_prefix: String,
    },
}

impl Home {
    /// An empty database of the run's stores, or the folder.
    pub(crate) fn new(stores: Option<&Stores>) -> Self {
        match stores {
            None => Self::Embedded,
            Some(stores) => Self::Production {
                database: stores.database(),
                key_prefix: redis::key_prefix(),
            },
        }
    }
}

pub(crate) struct Service {
    program: Program,
    folder: TempDir,
    environment: Vec<(String, String)>,
    home: Home,
    stores: Option<(u32, u32)>,
    listening: Option<Listening>,
}

struct Listening {
    process: Child,
    address: SocketAddr,
    metrics: SocketAddr,
}

impl Service {
    /// Starts it on empty stores.
    pub(crate) fn start(program: &Program, stores: Option<&Stores>) -> Result<Self> {
        let home = Home::new(stores);
        let mut environment = vec![
            ("HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("HTTP__METRICS_LISTEN", "127.0.0.1:0".into()),
            ("HTTP__WORKERS", "1".into()),
            ("BOOTSTRAP__ADMIN_USERNAME", ADMINISTRATOR.into()),
            ("BOOTSTRAP__ADMIN_PASSWORD", PASSWORD.into()),
            // Many are made before they are redeemed.
            ("TOKENS__CODE_SECONDS", "600".into()),
            ("LOG__FORMAT", "json".into()),
        ];
        if let (Home::Production { database, key_prefix }, Some(stores)) = (&home, stores) {
            environment.extend([
                ("DATABASE__URL", database.url()),
                ("CACHE__URL", stores.redis_url()),
                ("CACHE__KEY_PREFIX", key_prefix.clone()),
                (
                    "SECRETS__ENCRYPTION_KEY",
                    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".into(),
                ),
            ]);
        }
        let environment = environment
            .into_iter()
            .map(|(name, value)| (format!("INFORMER_OAUTH__{name}"), value));
        let mut service = Self {
            program: program.clone(),
            folder: tempfile::tempdir().context("a temporary folder")?,
            environment: environment.collect(),
            home,
            stores: stores.map(|stores| (stores.postgres_pid(), stores.redis_pid())),
            listening: None,
        };
        service.launch()?;
        Ok(service)
    }

    /// Starts the process; how long it took until it answered 200.
    pub(crate) fn launch(&mut self) -> Result<Duration> {
        let log = File::create(self.folder.path().join("log")).context("the log")?;
        let started = Instant::now();
        let mut process = self
            .program
            .pinning
            .command(&self.program.binary)
            .args(["serve", "--migrate"])
            .current_dir(self.folder.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", self.program.binary.display()))?;
        let addresses = match listening(&mut process) {
            Ok(addresses) => addresses,
            Err(error) => {
                // Either it has ended, or nobody waits for it any more.
                let _ = process.kill();
                let _ = process.wait();
                bail!("{error:#}\n{}", self.log());
            }
        };
        let (address, metrics) = addresses;
        self.listening = Some(Listening {
            process,
            address,
            metrics,
        });
        // So that tokens stay good over a restart.
        self.set("HTTP__LISTEN", address.to_string());
        Browser::to(address).get("/.well-known/jwks.json", "")?.is(200)?;
        Ok(started.elapsed())
    }

    fn set(&mut self, name: &str, value: String) {
        self.environment.push((format!("INFORMER_OAUTH__{name}"), value));
    }

    fn listening(&self) -> Result<&Listening> {
        self.listening.as_ref().context("the service does not run")
    }

    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.listening()?.address)
    }

    pub(crate) fn pid(&self) -> Result<u32> {
        Ok(self.listening()?.process.id())
    }

    pub(crate) fn meter(&self) -> Result<Meter> {
        Ok(Meter {
            service: vec![self.pid()?],
            postgres: self.stores.map(|(postgres, _)| postgres),
            redis: self.stores.map(|(_, redis)| redis),
        })
    }

    /// Its database, where that is a Postgres.
    pub(crate) fn database(&self) -> Result<&ThrowawayDatabase> {
        match &self.home {
            Home::Production { database, .. } => Ok(database),
            Home::Embedded => bail!("this is measured on Postgres only: --stores production"),
        }
    }

    /// The value of a counter that it exports, named with its labels.
    pub(crate) fn counter(&self, series: &str) -> Result<f64> {
        let answer = Browser::to(self.listening()?.metrics).get("/metrics", "")?;
        answer.is(200)?;
        let line = answer.body.lines().find_map(|line| line.strip_prefix(series));
        let value = line.with_context(|| format!("no {series} in the metrics"))?;
        value.trim().parse().with_context(|| format!("{series}{value}"))
    }

    /// Stops it as an operator would.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let Some(mut listening) = self.listening.take() else {
            return Ok(());
        };
        let pid = listening.process.id().to_string();
        std::process::Command::new("sh")
            .args(["-c", &format!("kill -TERM {pid}")])
            .status()?;
        let started = Instant::now();
        loop {
            if let Some(status) = listening.process.try_wait()? {
                if status.success() {
                    return Ok(());
                }
                bail!("the service ended with {status}\n{}", self.log());
            }
            if started.elapsed() > STOPPING {
                let _ = listening.process.kill();
                let _ = listening.process.wait();
                bail!("the service did not stop");
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// An error with what the service said of it.
    pub(crate) fn explained(&self, error: anyhow::Error) -> anyhow::Error {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        match complaint(&log) {
            Some(line) => error.context(format!("the service complained: {line}")),
            None => error,
        }
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let first = log.lines().count().saturating_sub(10);
        log.lines().skip(first).collect::<Vec<_>>().join("\n")
    }

    /// An error when it has logged a warning or worse, which it does not when all it is asked is right.
    pub(crate) fn check_log(&self) -> Result<()> {
        let log = std::fs::read_to_string(self.folder.path().join("log")).context("the log")?;
        match complaint(&log) {
            Some(line) => bail!("the service complained: {line}"),
            None => Ok(()),
        }
    }
}

fn complaint(log: &str) -> Option<&str> {
    log.lines()
        .find(|line| line.contains(r#""level":"WARN""#) || line.contains(r#""level":"ERROR""#))
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(listening) = &mut self.listening {
            let _ = listening.process.kill();
            let _ = listening.process.wait();
        }
    }
}

/// Reads the banner: where it serves, and where its metrics are.
fn listening(process: &mut Child) -> Result<(SocketAddr, SocketAddr)> {
    let stdout = process.stdout.take().context("no standard output")?;
    let (lines, heard) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                // Nobody listens any more, but the service must be able to write.
            }
        }
    });
    let deadline = Instant::now() + PATIENCE;
    let mut metrics = None;
    loop {
        let line = match heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => bail!("the service ended at once"),
            Err(RecvTimeoutError::Timeout) => bail!("the service did not listen within {} s", PATIENCE.as_secs()),
        };
        if let Some(url) = line.trim().strip_prefix("Metrics ") {
            metrics = Some(authority(url.trim())?);
        }
        if let Some(url) = line.strip_prefix("listening on ") {
            return Ok((authority(url)?, metrics.context("it serves no metrics")?));
        }
    }
}

/// The address of an http URL of this machine.
fn authority(url: &str) -> Result<SocketAddr> {
    let rest = url
        .trim()
        .strip_prefix("http://")
        .with_context(|| format!("no URL: {url}"))?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (address, _) = rest.split_at(end);
    address.parse().with_context(|| format!("no address: {url}"))
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
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_the_banner() {
        assert_eq!(
            authority("http://127.0.0.1:80/metrics").unwrap().to_string(),
            "127.0.0.1:80"
        );
        assert_eq!(authority("http://127.0.0.1:81").unwrap().port(), 81);
        assert!(authority("https://x").is_err());
    }

    #[test]
    fn a_complaint_is_found_in_the_log() {
        let fine = "{\"level\":\"INFO\",\"message\":\"serving\"}\n";
        assert_eq!(complaint(fine), None);
        let line = r#"{"level":"WARN","message":"purging failed"}"#;
        assert_eq!(complaint(&format!("{fine}{line}\n")), Some(line));
    }
}
