//! Starts the real binary on a temporary folder and a free port, for black-box tests: on embedded stores, or on Postgres
//! and Redis when `INFORMER_OAUTH_TEST_STORES` is `production`.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::unused_self,
    reason = "test support: each test file uses a part of it"
)]

pub mod stores;

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use self::stores::ProductionStores;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_informer-oauth");

const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// A command of the binary in `folder`, without any of this process's own settings, with cheap hashing.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("INFORMER_OAUTH") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("INFORMER_OAUTH__SECRETS__BCRYPT_COST", "4");
    command
}

/// A running service. Dropping it kills the process and removes the folder.
pub struct Service {
    folder: TempDir,
    stores: Option<Arc<ProductionStores>>,
    environment: Vec<(String, String)>,
    process: Option<Child>,
    base: String,
    password: Option<String>,
    stdout: Arc<Mutex<String>>,
}

impl Service {
    /// Starts on an empty folder with defaults.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts on an empty folder with further environment variables (they win over the launcher's own).
    pub fn start_with(environment: &[(&str, &str)]) -> Self {
        let mut service = Self::prepare(environment);
        service.launch();
        service
    }

    /// A folder and settings, with nothing running yet: [`Service::launch`] starts it.
    pub fn prepare(environment: &[(&str, &str)]) -> Self {
        let stores = stores::are_production().then(|| Arc::new(ProductionStores::new()));
        Self::prepare_on(stores, environment)
    }

    /// As [`Service::prepare`], on these Postgres and Redis, or on embedded stores.
    pub fn prepare_on(stores: Option<Arc<ProductionStores>>, environment: &[(&str, &str)]) -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            stores,
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            process: None,
            base: String::new(),
            password: None,
            stdout: Arc::default(),
        }
    }

    /// A service on Postgres and Redis, whatever the other tests run on.
    pub fn start_on(stores: &Arc<ProductionStores>, environment: &[(&str, &str)]) -> Self {
        let mut service = Self::prepare_on(Some(Arc::clone(stores)), environment);
        service.launch();
        service
    }

    /// Another replica: on the same stores, with the same settings and issuer. It has no administrator of its own.
    pub fn replica(&self) -> Self {
        let mut environment = self.environment.clone();
        environment.push(("INFORMER_OAUTH__ISSUER".to_owned(), self.base.clone()));
        let mut replica = Self::prepare_on(self.stores.clone(), &[]);
        replica.environment = environment;
        replica.launch();
        replica
    }

    /// Where it listens, for instance `http://127.0.0.1:40321`; also the issuer. The same after a restart.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `base` with a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The first administrator's name.
    pub fn admin_username(&self) -> &'static str {
        "admin"
    }

    /// The first administrator's password: as configured, or as printed by the first start.
    pub fn admin_password(&self) -> &str {
        self.environment
            .iter()
            .find(|(name, _)| name == "INFORMER_OAUTH__BOOTSTRAP__ADMIN_PASSWORD")
            .map(|(_, password)| password.as_str())
            .or(self.password.as_deref())
            .expect("the first start printed a password")
    }

    /// The working folder, in which a configuration file `informer-oauth.toml` would be found.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the database and the key are.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("the service runs").id()
    }

    /// All that the last start wrote to stdout so far.
    pub fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    /// All log lines, of every start, so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// All log lines so far, once `wanted` is among them or five seconds are over: a thread writes them after the answer is sent.
    pub fn log_with(&self, wanted: &str) -> String {
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let log = self.log();
            if log.contains(wanted) || Instant::now() > end {
                return log;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it as an operator would and starts it again on the same folder and port.
    pub fn restart(&mut self) {
        if self.process.is_some() {
            let status = self.terminate();
            assert!(status.success(), "it ended with {status}\n{}", self.log());
        }
        self.launch();
    }

    /// SIGKILL, and waits for the end.
    pub fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// SIGTERM, and waits for the end.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal("-TERM");
        self.wait(STOP_TIMEOUT)
    }

    /// Sends a signal, for instance `-TERM`.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Stops it, and waits until all of its threads have: one that runs may give one more answer after the signal was sent.
    pub fn freeze(&self) {
        self.signal("-STOP");
        let tasks = format!("/proc/{}/task", self.pid());
        let is_stopped = |task: PathBuf| {
            let stat = fs::read_to_string(task.join("stat")).unwrap_or_default();
            // The name in parentheses may hold anything; its state follows it.
            stat.rsplit_once(')').is_none_or(|(_, rest)| rest.starts_with(" T"))
        };
        let started = Instant::now();
        while !fs::read_dir(&tasks)
            .unwrap()
            .all(|task| is_stopped(task.unwrap().path()))
        {
            assert!(started.elapsed() < STOP_TIMEOUT, "it did not stop");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for the end of the process.
    pub fn wait(&mut self, timeout: Duration) -> ExitStatus {
        let started = Instant::now();
        let process = self.process.as_mut().expect("the service runs");
        loop {
            if let Some(status) = process.try_wait().unwrap() {
                self.process = None;
                return status;
            }
            assert!(
                started.elapsed() < timeout,
                "the service did not end within {timeout:?}"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Runs a command of the binary with the service's settings, in its folder, beside it.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        self.cli_command(arguments).output().unwrap()
    }

    /// As [`Service::cli`], through a program that is given the command line as its last arguments.
    pub fn cli_under(&self, wrapper: &[&str], arguments: &[&str]) -> Output {
        let inner = self.cli_command(arguments);
        let mut command = Command::new(wrapper[0]);
        command
            .args(&wrapper[1..])
            .arg(inner.get_program())
            .args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .stdin(Stdio::null())
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// As [`Service::cli`], with text on stdin.
    pub fn cli_with_input(&self, arguments: &[&str], input: &str) -> Output {
        use std::io::Write as _;
        let mut process = self
            .cli_command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        process.wait_with_output().unwrap()
    }

    /// As [`Service::cli`], where nobody reads what it prints.
    pub fn cli_unread(&self, arguments: &[&str]) -> Output {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = self.cli_command(arguments);
        command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        command.spawn().unwrap().wait_with_output().unwrap()
    }

    /// As [`Service::cli`], which must succeed: what it printed.
    pub fn cli_ok(&self, arguments: &[&str]) -> String {
        let output = self.cli(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}\n{stderr}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// A browser-like client: keeps cookies, follows no redirects.
    pub fn client(&self) -> reqwest::blocking::Client {
        reqwest::blocking::Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap()
    }

    /// Changes a setting, for the next start and for commands.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.environment.push((variable.to_owned(), value.to_owned()));
    }

    /// Starts the process and waits until it listens.
    pub fn launch(&mut self) {
        assert!(self.process.is_none(), "the service runs already");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        // The port of a killed service can be another connection's for a moment.
        let tries = if self.base.is_empty() { 1 } else { 20 };
        for attempt in 1..=tries {
            match self.try_launch(log.try_clone().unwrap()) {
                Ok(()) => return,
                Err(reason) if attempt == tries => panic!("the service did not start: {reason}\n{}", self.log()),
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    fn try_launch(&mut self, log: File) -> Result<(), String> {
        let mut process = self
            .cli_command(if self.stores.is_some() {
                &["serve", "--migrate"]
            } else {
                &["serve"]
            })
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (lines, heard) = mpsc::channel();
        let collected = Arc::new(Mutex::new(String::new()));
        self.stdout = Arc::clone(&collected);
        let stdout = BufReader::new(process.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                {
                    let mut collected = collected.lock().unwrap();
                    collected.push_str(&line);
                    collected.push('\n');
                }
                let _ = lines.send(line);
            }
        });
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            match heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(password) = line.trim().strip_prefix("password: ") {
                        self.password = Some(password.trim().to_owned());
                    }
                    if let Some((_, address)) = line.split_once("listening on ") {
                        address.trim().clone_into(&mut self.base);
                        self.process = Some(process);
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = process.wait().unwrap();
                    return Err(format!("it ended with {status}"));
                }
                Err(RecvTimeoutError::Timeout) => {
                    let _ = process.kill();
                    let _ = process.wait();
                    return Err("it did not listen in time".into());
                }
            }
        }
    }

    fn cli_command(&self, arguments: &[&str]) -> Command {
        let listen = self.base.strip_prefix("http://").unwrap_or("127.0.0.1:0");
        let mut command = command(self.folder.path());
        command
            .env("INFORMER_OAUTH__HTTP__LISTEN", listen)
            .env("INFORMER_OAUTH__HTTP__WORKERS", "2")
            .env("INFORMER_OAUTH__LOG__FORMAT", "json")
            .envs(self.stores.iter().flat_map(|stores| stores.environment()))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .args(arguments);
        command
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("service.log")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(process) = self.process.as_mut() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Signs in through the page, which must work: `http` then has the session's cookie.
pub fn sign_in(http: &reqwest::blocking::Client, base: &str, username: &str, password: &str) {
    assert!(
        try_sign_in(http, base, username, password),
        "{username} could not sign in"
    );
}

/// Fills in the sign-in page; whether a session came of it.
pub fn try_sign_in(http: &reqwest::blocking::Client, base: &str, username: &str, password: &str) -> bool {
    let address = format!("{base}/oauth/sign-in");
    let page = http.get(&address).send().unwrap().text().unwrap();
    let form = page
        .split_once(r#"name="form" value=""#)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or_else(|| panic!("there is no sign-in form in {page}"), |(value, _)| value);
    let answer = http
        .post(&address)
        .header("Origin", base)
        .form(&[("form", form), ("username", username), ("password", password)])
        .send()
        .unwrap();
    answer.status().is_redirection()
}
