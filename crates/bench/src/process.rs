//! A process that answers on a port which it tells.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

const STARTING: Duration = Duration::from_secs(60);
/// The service has eight seconds to finish what is under way.
const STOPPING: Duration = Duration::from_secs(15);
/// As much of a log as says why.
const LAST_LINES: usize = 10;
const LISTENING: &str = "listening on ";

/// A running process; dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    address: SocketAddr,
    said: Vec<String>,
}

impl Process {
    /// Starts it and waits until it says where it listens. What it complains of goes to the log.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self> {
        let shown = format!("{command:?}");
        let errors = File::create(log).with_context(|| format!("making {}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("starting {shown}"))?;
        match listening(&mut child) {
            Ok((address, said)) => Ok(Self {
                child,
                log: log.to_owned(),
                address,
                said,
            }),
            Err(error) => {
                // Either it has ended, or nobody waits for it any more.
                let _ = child.kill();
                let _ = child.wait();
                let log = fs::read_to_string(log).unwrap_or_default();
                Err(error.context(format!("{shown}\n{}", last_lines(&log))))
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it printed before it listened.
    pub(crate) fn said(&self) -> &[String] {
        &self.said
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Stops it as an operator would.
    pub(crate) fn stop(mut self) -> Result<()> {
        // The shell's own `kill`: the program of that name is not installed everywhere.
        Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.pid())])
            .status()?;
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                if status.success() {
                    return Ok(());
                }
                bail!("it ended with {status}\n{}", last_lines(&self.log()));
            }
            if started.elapsed() > STOPPING {
                bail!("it did not stop within {} s", STOPPING.as_secs());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listening(child: &mut Child) -> Result<(SocketAddr, Vec<String>)> {
    let stdout = child.stdout.take().context("no standard output")?;
    let (lines, heard) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Read also when nobody listens any more: the process must be able to write.
            let _ = lines.send(line);
        }
    });
    let deadline = Instant::now() + STARTING;
    let mut said = Vec::new();
    loop {
        match heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some(url) = line.strip_prefix(LISTENING) {
                    return Ok((authority(url)?, said));
                }
                said.push(line);
            }
            Err(RecvTimeoutError::Disconnected) => bail!("it ended at once"),
            Err(RecvTimeoutError::Timeout) => bail!("it did not listen within {} s", STARTING.as_secs()),
        }
    }
}

/// The address of an http URL of this machine.
pub(crate) fn authority(url: &str) -> Result<SocketAddr> {
    let rest = url
        .trim()
        .strip_prefix("http://")
        .with_context(|| format!("no URL: {url}"))?;
    let address = rest.split('/').next().unwrap_or_default();
    address.parse().with_context(|| format!("no address: {url}"))
}

fn last_lines(log: &str) -> String {
    let first = log.lines().count().saturating_sub(LAST_LINES);
    log.lines().skip(first).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_process_is_known_by_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = "echo one; echo oops >&2; echo listening on http://127.0.0.1:4711; sleep 60";
        let process = Process::start(shell(script), &log).unwrap();
        assert_eq!(process.address().port(), 4711);
        assert_eq!(process.said(), ["one"]);
        assert_eq!(process.log(), "oops\n");
    }

    #[test]
    fn one_that_ends_at_once_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let error = Process::start(shell("echo oops >&2; exit 3"), &folder.path().join("log"));
        let error = format!("{:#}", error.err().unwrap());
        assert!(error.contains("oops") && error.contains("ended at once"), "{error}");
    }

    #[test]
    fn stopping_asks_before_it_kills() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = "trap 'exit 0' TERM; echo listening on http://127.0.0.1:1/; while :; do sleep 0.01; done";
        Process::start(shell(script), &log).unwrap().stop().unwrap();
        let script = "trap 'exit 3' TERM; echo listening on http://127.0.0.1:1/; while :; do sleep 0.01; done";
        assert!(Process::start(shell(script), &log).unwrap().stop().is_err());
    }

    #[test]
    fn addresses_are_read_from_urls() {
        assert_eq!(
            authority("http://127.0.0.1:80/metrics").unwrap().to_string(),
            "127.0.0.1:80"
        );
        assert_eq!(authority("http://127.0.0.1:81").unwrap().port(), 81);
        assert!(authority("https://x").is_err());
    }
}
