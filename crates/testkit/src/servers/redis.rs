//! Throwaway Redis servers: one, a master with a replica and a Sentinel, and a Cluster of three.
//!
//! They listen on free loopback ports, keep nothing on disk but what a Cluster and a Sentinel must, and end with the
//! process that started them, however that ends.

mod tls;
mod topologies;

use std::{
    collections::hash_map::RandomState,
    env, fs,
    hash::{BuildHasher, Hasher},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::programs::folder_with;

pub use self::{
    tls::TlsFiles,
    topologies::{RedisCluster, RedisSentinel},
};

/// A Redis that tests may use alongside others: `redis://…`. Tests that stop or change their server start one of their own
/// all the same.
pub const URL_VARIABLE: &str = "INFORMER_OAUTH_TEST_REDIS_URL";

/// How long a server may take to do what it was told.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many ports are tried, should others be faster to use one that was free.
const ATTEMPTS: usize = 5;

/// A key prefix that no other test has, in this run or another.
pub fn key_prefix() -> String {
    format!("test-{:016x}:", RandomState::new().build_hasher().finish())
}

/// Where tests that get along with others find their Redis, and the server itself if it was started for it.
///
/// # Panics
///
/// When there is none and none can be started.
pub fn shared() -> (String, Option<RedisServer>) {
    if let Some(url) = env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty()) {
        return (url, None);
    }
    let server = RedisServer::start();
    (server.url(), Some(server))
}

/// One server, empty at first.
#[derive(Debug)]
pub struct RedisServer {
    process: Option<Process>,
    port: u16,
    arguments: Vec<String>,
    tls: Option<TlsFiles>,
    folder: TempDir,
}

impl RedisServer {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// When `redis-server` is missing or does not start.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with further arguments.
    ///
    /// # Panics
    ///
    /// As [`RedisServer::start`].
    pub fn start_with(arguments: &[&str]) -> Self {
        Self::try_ports(arguments.iter().map(|&argument| argument.to_owned()).collect(), None)
    }

    /// Starts one that speaks TLS only and asks for a certificate.
    ///
    /// # Panics
    ///
    /// As [`RedisServer::start`], or when `openssl` is missing.
    pub fn start_with_tls() -> Self {
        let tls = TlsFiles::make();
        Self::try_ports(tls.arguments(), Some(tls))
    }

    fn try_ports(arguments: Vec<String>, tls: Option<TlsFiles>) -> Self {
        let mut server = Self {
            process: None,
            port: 0,
            arguments,
            tls,
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        for _ in 0..ATTEMPTS {
            server.port = free_port();
            if server.launch() {
                return server;
            }
        }
        panic!("redis-server does not start: {}", server.log());
    }

    /// Whether it runs and answers.
    fn launch(&mut self) -> bool {
        let port = self.port.to_string();
        let listen: &[&str] = if self.tls.is_some() {
            &["--port", "0", "--tls-port", &port]
        } else {
            &["--port", &port]
        };
        let folder = self.folder.path();
        let mut command = program("redis-server");
        command
            .args(listen)
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(folder)
            .args(&self.arguments);
        let mut process = Process::start(command, &folder.join("log"));
        let started = Instant::now();
        while started.elapsed() < PATIENCE && process.runs() {
            if self.try_ask(&["PING"]).is_some_and(|answer| answer == "PONG") {
                self.process = Some(process);
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it is.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Certificates, when it speaks TLS.
    pub const fn tls(&self) -> Option<&TlsFiles> {
        self.tls.as_ref()
    }

    /// The command line client, set up to talk to this server.
    pub fn client(&self) -> Command {
        let mut command = program("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        if let Some(tls) = &self.tls {
            command.arg("--tls").args(["--cacert", &tls.text("ca.pem")]);
            command.args(["--cert", &tls.text("leaf.pem"), "--key", &tls.text("leaf.key")]);
        }
        command
    }

    /// The answer to a command, as `redis-cli` prints it.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn ask(&self, command: &[&str]) -> String {
        self.try_ask(command)
            .unwrap_or_else(|| panic!("the server answers {command:?}"))
    }

    /// As [`RedisServer::ask`], but `None` if there is no answer: a server that becomes a replica closes its connections.
    pub fn try_ask(&self, command: &[&str]) -> Option<String> {
        let output = self.client().args(command).output().expect("redis-cli runs");
        let answer = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        output.status.success().then_some(answer)
    }

    /// Stops it without ending it: connections stay, nothing is answered.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Undoes [`RedisServer::freeze`].
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("the server runs");
        kill_process(process.id(), signal).expect("a child can be signalled");
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it again, at the same port, with nothing of what it held.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start_again(&mut self) {
        self.stop();
        assert!(self.launch(), "redis-server does not start again: {}", self.log());
    }
}

/// A port that is free now, and so is the one 10000 above, which a Cluster's nodes use among themselves.
fn free_port() -> u16 {
    loop {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = free.local_addr().expect("a listener has an address").port();
        if let Some(bus) = port.checked_add(10_000)
            && TcpListener::bind((Ipv4Addr::LOCALHOST, bus)).is_ok()
        {
            return port;
        }
    }
}

/// A program that the system ends together with the thread that starts it.
fn program(name: &str) -> Command {
    let mut command = Command::new(installed("setpriv"));
    command.args(["--pdeathsig", "KILL", "--"]).arg(installed(name));
    command
}

/// Where a program is.
fn installed(name: &str) -> PathBuf {
    let package = match name {
        "redis-cli" => "redis-tools",
        "setpriv" => "util-linux",
        other => other,
    };
    let folder = folder_with(&[name], []);
    let folder = folder.unwrap_or_else(|| panic!("{name} is not installed: install the package {package}"));
    folder.join(name)
}

/// A child, killed when this is dropped, and by the system when this process ends. The system means the thread that
/// started the child, so that gets a thread of its own, which does nothing else for as long as this lives.
#[derive(Debug)]
struct Process {
    child: Child,
    /// Closed when this is dropped, which ends the thread.
    _thread: mpsc::Sender<()>,
}

impl Process {
    fn start(mut command: Command, log: &Path) -> Self {
        let output = fs::File::create(log).expect("a file can be written");
        let errors = output.try_clone().expect("a file can be written");
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let (started, child) = mpsc::channel();
        let (thread, end) = mpsc::channel::<()>();
        thread::spawn(move || {
            let _ = started.send(command.spawn());
            let _ = end.recv();
        });
        let child = child.recv().expect("the thread answers");
        let child = child.expect("a program that is installed can be started");
        Self { child, _thread: thread }
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn runs(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
