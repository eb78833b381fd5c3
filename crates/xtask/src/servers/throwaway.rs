//! A server in a temporary folder: started on a free port, waited for, stopped.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::account::Account;
use super::sweeper::{Sweeper, apart};
use crate::process::answer;
use crate::programs::on_path;

/// How long a server may take until it answers.
const COMING_UP: Duration = Duration::from_secs(20);
/// How long it may take to end; the sweeper kills it before.
const GOING: Duration = Duration::from_secs(10);
/// How long one question whether it answers may take.
const QUESTION: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(25);
/// Somebody else may take the free port before the server does.
const ATTEMPTS: usize = 3;
const TAKEN: &str = "Address already in use";
/// As much of a log as says why.
const LAST_LINES: usize = 20;

/// What is particular about a kind of server.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    /// Ends it at once, and all that it started.
    pub(super) signal: &'static str,
    /// Whether it answers clients on this connection.
    pub(super) answers: fn(&mut TcpStream) -> std::io::Result<bool>,
    /// Its address, given the port.
    pub(super) url: fn(u16) -> String,
}

/// Where a server will live; the folder goes with it.
pub(super) struct Place {
    recipe: &'static Recipe,
    owner: Option<Account>,
    patience: Duration,
    sweeper: Sweeper,
    folder: TempDir,
}

/// A server that answers. Dropped, it is stopped and its folder removed; so it is when this process ends in any way.
pub(super) struct Throwaway {
    version: String,
    port: u16,
    server: Child,
    place: Place,
}

impl Place {
    pub(super) fn new(recipe: &'static Recipe, owner: Option<Account>) -> Result<Self> {
        let prefix = format!("informer-oauth-{}-", recipe.name.to_lowercase());
        let folder = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(roomy_memory().map_or_else(std::env::temp_dir, Path::to_path_buf))
            .context("making a temporary folder")?;
        if let Some(owner) = owner {
            owner.own(folder.path())?;
        }
        let sweeper = Sweeper::new(folder.path(), recipe.signal)?;
        Ok(Self {
            recipe,
            owner,
            patience: COMING_UP,
            sweeper,
            folder,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command that prepares the folder, with its output kept for the error.
    pub(super) fn prepare(&self, program: &Path, arguments: &[String]) -> Result<()> {
        let status = self
            .command(program, arguments)?
            .status()
            // As another account, also because that may not enter the folder for temporary files (TMPDIR).
            .with_context(|| format!("running {} in {}", program.display(), self.folder().display()))?;
        if !status.success() {
            bail!("{} failed ({status}):\n{}", program.display(), self.last_lines());
        }
        Ok(())
    }

    /// Starts the server and waits until it answers; what it says goes to its log, whose end is the error.
    pub(super) fn serve(
        mut self,
        program: &Path,
        version: String,
        arguments: impl Fn(&Path, u16) -> Vec<String>,
    ) -> Result<Throwaway> {
        for _ in 0..ATTEMPTS {
            let port = free_port()?;
            let mut server = self
                .command(program, &arguments(self.folder(), port))?
                .spawn()
                .with_context(|| format!("starting {}", program.display()))?;
            let watched = self.sweeper.watch(&server);
            match watched.and_then(|()| self.wait_for(&mut server, port)) {
                Ok(None) => {
                    return Ok(Throwaway {
                        version,
                        port,
                        server,
                        place: self,
                    });
                }
                Ok(Some(status)) => {
                    self.sweeper.forget()?;
                    if !self.last_lines().contains(TAKEN) {
                        bail!("it ended at once ({status}):\n{}", self.last_lines());
                    }
                }
                Err(error) => {
                    let log = self.last_lines();
                    self.sweeper.begin();
                    end(&mut server);
                    bail!("{error:#}:\n{log}");
                }
            }
        }
        bail!(
            "{ATTEMPTS} free ports were taken by others before it could:\n{}",
            self.last_lines()
        )
    }

    /// A command in the folder, whose output goes to the log, and which ends with this thread where the system has
    /// that (`PR_SET_PDEATHSIG`).
    fn command(&self, program: &Path, arguments: &[String]) -> Result<Command> {
        let log = File::create(self.log()).with_context(|| format!("making {}", self.log().display()))?;
        let mut command = match setpriv() {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", self.recipe.signal]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command
            .args(arguments)
            .current_dir(self.folder())
            // Messages are looked for in the log.
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("sharing the log")?)
            .stderr(log);
        if let Some(owner) = self.owner {
            owner.run(&mut command);
        }
        apart(&mut command);
        Ok(command)
    }

    /// `None` when it answers, its status when it ended instead.
    fn wait_for(&self, server: &mut Child, port: u16) -> Result<Option<ExitStatus>> {
        let started = Instant::now();
        let mut answered = false;
        loop {
            if let Some(status) = server.try_wait()? {
                return Ok(Some(status));
            }
            // One round later, or it might have been another's server on the port that this one did not get.
            if answered {
                return Ok(None);
            }
            if started.elapsed() > self.patience {
                bail!("it did not answer within {} s", self.patience.as_secs());
            }
            answered = self.answers(port);
            thread::sleep(POLL);
        }
    }

    fn answers(&self, port: u16) -> bool {
        let ask = || {
            let mut connection = TcpStream::connect_timeout(&loopback(port), QUESTION)?;
            connection.set_read_timeout(Some(QUESTION))?;
            connection.set_write_timeout(Some(QUESTION))?;
            (self.recipe.answers)(&mut connection)
        };
        ask().unwrap_or(false)
    }

    fn log(&self) -> PathBuf {
        self.folder().join("log")
    }

    fn last_lines(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        last_lines(&String::from_utf8_lossy(&log))
    }
}

impl Throwaway {
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn url(&self) -> String {
        (self.place.recipe.url)(self.port)
    }

    /// Stops it; the error is that it has ended before.
    pub(super) fn stop(mut self) -> Result<()> {
        if let Some(status) = self.server.try_wait()? {
            self.place.sweeper.forget()?;
            bail!(
                "ended by itself during the run ({status}):\n{}",
                self.place.last_lines()
            );
        }
        Ok(())
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        self.place.sweeper.begin();
        end(&mut self.server);
    }
}

/// A folder in memory with room for a server, unless somebody has said where temporary files go. A disk is not what the tests
/// wait for then: a database, of which they make hundreds, is 300 files.
fn roomy_memory() -> Option<&'static Path> {
    const MEMORY: &str = "/dev/shm";
    const ROOM: u64 = 4 << 30;
    if std::env::var_os("TMPDIR").is_some() {
        return None;
    }
    let said = answer(Command::new("df").args(["-P", "-k", MEMORY]))?;
    (available(&said)? >= ROOM).then_some(Path::new(MEMORY))
}

/// Bytes that are free on a file system in memory, as `df -P -k` says it.
fn available(said: &str) -> Option<u64> {
    let mut fields = said.lines().nth(1)?.split_ascii_whitespace();
    let is_memory = fields.next()? == "tmpfs";
    let kilobytes: u64 = fields.nth(2)?.parse().ok()?;
    is_memory.then_some(kilobytes * 1024)
}

/// Waits for a server that the sweeper stops; without a sweeper, kills it.
fn end(server: &mut Child) {
    let started = Instant::now();
    while let Ok(None) = server.try_wait() {
        if started.elapsed() > GOING {
            // Errors say that it is gone.
            let _ = server.kill();
            let _ = server.wait();
            return;
        }
        thread::sleep(POLL);
    }
}

/// Where `setpriv` is and knows `--pdeathsig` (util-linux 2.33).
fn setpriv() -> Option<PathBuf> {
    let setpriv = on_path(&["setpriv"]).ok()?;
    answer(Command::new(&setpriv).args(["--pdeathsig", "TERM", "true"]))?;
    Some(setpriv)
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(loopback(0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let first = lines.len().saturating_sub(LAST_LINES);
    let lines: Vec<String> = lines.iter().skip(first).map(|line| format!("    | {line}")).collect();
    lines.join("\n")
}

#[cfg(all(test, unix))]
mod tests;
