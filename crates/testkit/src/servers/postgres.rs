//! A throwaway Postgres.

use std::{
    env,
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    postgres_databases::run,
    programs::{Unprivileged, folder_with},
};

/// The environment variable that names a server to use: a URL of somebody who may make databases.
pub const THROWAWAY_POSTGRES: &str = "INFORMER_OAUTH_TEST_POSTGRES_URL";

/// How long a server may take to start, and a program to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nobody makes the shared server's machine crash: what is committed outlives the server's own end without waiting for the disk.
const WITHOUT_THE_DISK: (&str, &str) = ("fsync", "off");

const MISSING: &str = "there is no Postgres to test with: initdb, postgres and psql are neither in PATH nor in \
     /usr/lib/postgresql/*/bin. Install the package postgresql (Debian and Ubuntu: apt-get install postgresql; Fedora: \
     dnf install postgresql-server), or name a server in INFORMER_OAUTH_TEST_POSTGRES_URL.";

/// A Postgres for tests. Clones are the same server.
///
/// - [`ThrowawayPostgres::shared`] is for tests that need a database: one server for all the processes of a test run, in
///   a database of its own for every test. It does not wait for the disk (`fsync` is off).
/// - [`ThrowawayPostgres::start`] is for tests of what becomes of a server: one that can be stopped and frozen, with `fsync`.
///
/// A server that was started here ends when nobody uses it any more, however the tests end.
#[derive(Clone, Debug)]
pub struct ThrowawayPostgres {
    /// Its URL, with a database that is always there.
    url: String,
    psql: PathBuf,
    kept: Kept,
}

#[derive(Clone, Debug)]
enum Kept {
    Elsewhere,
    /// While this lock is held, the supervisor keeps the server.
    Shared(#[expect(dead_code, reason = "held, not read")] Arc<File>),
    Own(Arc<Own>),
}

#[derive(Debug)]
struct Own {
    folder: PathBuf,
    supervisor: Mutex<Supervisor>,
}

#[derive(Debug)]
struct Supervisor {
    process: Child,
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Drop for Own {
    fn drop(&mut self) {
        let supervisor = self.supervisor.get_mut().unwrap_or_else(PoisonError::into_inner);
        supervisor.words = None;
        // It has nobody left to tell if this fails.
        let _ = supervisor.process.wait();
    }
}

/// The programs of an installation.
struct Programs(PathBuf);

impl Programs {
    fn find() -> Self {
        Self::installed().expect(MISSING)
    }

    fn installed() -> Option<Self> {
        let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .collect();
        versions.sort_by_key(|path| {
            let version = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
            std::cmp::Reverse(version.and_then(|version| version.parse::<u32>().ok()))
        });
        folder_with(&["initdb", "postgres", "psql"], versions).map(Self)
    }

    /// Of an installation rather than what PATH has: there it may be Debian's `pg_wrapper`, which takes longer than a statement.
    fn psql() -> PathBuf {
        let installed = Self::installed().map(|programs| programs.0);
        let folder = installed.or_else(|| folder_with(&["psql"], [])).expect(MISSING);
        folder.join("psql")
    }

    /// Makes a server's folder inside `folder` and starts a supervisor that runs it.
    fn start(
        &self,
        folder: &Path,
        until: &str,
        settings: &[(&str, &str)],
        files: &[(&str, Vec<u8>)],
    ) -> (Command, u16) {
        let user = Unprivileged::needed();
        fs::create_dir(folder).expect("a folder can be made");
        Unprivileged::own(user, folder);
        let data = folder.join("data");
        let mut initdb = Command::new(self.0.join("initdb"));
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ]);
        initdb.arg(&data).current_dir(folder);
        let made = Unprivileged::run(user, &mut initdb)
            .output()
            .expect("initdb can be run");
        assert!(
            made.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        for (name, bytes) in files {
            let path = data.join(name);
            fs::write(&path, bytes).expect("a file can be written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a file can be closed to others");
            Unprivileged::own(user, &path);
        }
        let port = free_port();
        let mut supervisor = Command::new("sh");
        supervisor.args(["-c", include_str!("supervise.sh"), "supervise"]);
        supervisor.arg(folder).arg(self.0.join("postgres")).arg(until);
        supervisor.args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", "", "-N", "400"]);
        for (name, value) in [("fsync", "on"), ("logging_collector", "off")].iter().chain(settings) {
            supervisor.args(["-c", &format!("{name}={value}")]);
        }
        supervisor.current_dir(folder).stderr(Stdio::null());
        Unprivileged::run(user, &mut supervisor);
        (supervisor, port)
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("a listener has an address").port()
}

fn local(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable")
}

/// Somebody took the port between when it was found free and when the server wanted it.
#[derive(Debug)]
struct PortTaken;

fn with_a_free_port<T>(start: impl Fn() -> Result<T, PortTaken>) -> T {
    let mut attempts = (0..3).map(|_| start());
    let started = attempts.find_map(Result::ok);
    started.expect("a port that is free stays so for a moment")
}

pub(super) fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

pub(super) fn locked(path: &Path) -> File {
    let file = File::create(path).expect("a lock file can be made");
    file.lock().expect("a file can be locked");
    file
}

impl ThrowawayPostgres {
    /// The server of this test run: the one that [`THROWAWAY_POSTGRES`] names, or one that every process of the run
    /// shares, which the first of them starts and which ends soon after the last.
    ///
    /// # Panics
    ///
    /// When there is no Postgres, saying what to install, or it does not start.
    pub fn shared() -> Self {
        if let Ok(url) = env::var(THROWAWAY_POSTGRES) {
            return Self {
                url,
                psql: Programs::psql(),
                kept: Kept::Elsewhere,
            };
        }
        let programs = Programs::find();
        let owner = Unprivileged::needed().map_or_else(|| "own".to_owned(), |user| user.uid.to_string());
        let name = env::var("USER").unwrap_or_default();
        let folder = env::temp_dir().join(format!("informer-oauth-postgres-{name}-{owner}"));
        fs::create_dir_all(&folder).expect("a folder can be made");
        Unprivileged::own(Unprivileged::needed(), &folder);

        // In this order: holding the first, nobody's server ends while the second is waited for.
        let used = File::options()
            .create(true)
            .append(true)
            .open(folder.join("used"))
            .expect("a lock file can be made");
        used.lock_shared().expect("a file can be locked");
        let _starting = locked(&folder.join("starting"));

        let server = |port: u16| Self {
            url: local(port),
            psql: programs.0.join("psql"),
            kept: Kept::Shared(Arc::new(used.try_clone().expect("a file can be shared"))),
        };
        let address = folder.join("address");
        let known = fs::read_to_string(&address).ok();
        if let Some(port) = known.and_then(|port| port.parse().ok()) {
            let server = server(port);
            if server.try_sql("SELECT 1").is_ok() {
                return server;
            }
        }
        with_a_free_port(|| {
            let own = folder.join(format!("{:016x}", random()));
            let (mut supervisor, port) = programs.start(&own, "used", &[WITHOUT_THE_DISK], &[]);
            supervisor.stdin(Stdio::null()).stdout(Stdio::null());
            #[expect(clippy::zombie_processes, reason = "it outlives this process")]
            supervisor.spawn().expect("a shell can be run");
            let server = server(port);
            server.wait_until_answering(&own)?;
            fs::write(&address, port.to_string()).expect("a file can be written");
            Ok(server)
        })
    }

    /// A server of this test's own.
    ///
    /// # Panics
    ///
    /// As [`ThrowawayPostgres::shared`].
    pub fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// A server of this test's own, with further settings, and files in its data folder that only it can read.
    ///
    /// # Panics
    ///
    /// As [`ThrowawayPostgres::shared`].
    pub fn start_with(settings: &[(&str, &str)], files: &[(&str, Vec<u8>)]) -> Self {
        let programs = Programs::find();
        with_a_free_port(|| {
            let folder = env::temp_dir().join(format!("informer-oauth-postgres-{:016x}", random()));
            let (mut supervisor, port) = programs.start(&folder, "told", settings, files);
            supervisor.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut process = supervisor.spawn().expect("a shell can be run");
            let words = process.stdin.take();
            let answers = process.stdout.take().expect("it is a pipe");
            let server = Self {
                url: local(port),
                psql: programs.0.join("psql"),
                kept: Kept::Own(Arc::new(Own {
                    folder: folder.clone(),
                    supervisor: Mutex::new(Supervisor {
                        process,
                        words,
                        answers: BufReader::new(answers),
                    }),
                })),
            };
            server.wait_until_answering(&folder)?;
            Ok(server)
        })
    }

    /// Waits until the server answers that runs in this folder.
    fn wait_until_answering(&self, folder: &Path) -> Result<(), PortTaken> {
        let start = Instant::now();
        while let Err(error) = self.try_sql("SELECT 1") {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            if log.contains("could not create any TCP/IP sockets") {
                return Err(PortTaken);
            }
            assert!(start.elapsed() < PATIENCE, "Postgres does not start: {error}\n{log}");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The folder of its programs, `psql` and `pg_dump` among them.
    pub fn programs(&self) -> &Path {
        self.psql.parent().unwrap_or(Path::new(""))
    }

    /// The URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        let (base, query) = self
            .url
            .split_once('?')
            .map_or((self.url.as_str(), None), |(b, q)| (b, Some(q)));
        let authority = base.find("://").map_or(0, |at| at + 3);
        let end = base[authority..].find('/').map_or(base.len(), |at| authority + at);
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}/{database}{query}", &base[..end])
    }

    /// Runs a statement and returns what it says: rows as lines, columns with `|` between.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        run(&self.psql, &self.url(database), statement).unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    pub(super) fn try_sql(&self, statement: &str) -> Result<String, String> {
        run(&self.psql, &self.url, statement)
    }

    pub(super) fn administer(&self, statement: &str) {
        self.try_sql(statement)
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    /// Stops the server, as for a restart: connections are told.
    pub fn stop(&self) {
        self.tell("stop");
    }

    /// Stops the server at once, without a last checkpoint.
    pub fn crash(&self) {
        self.tell("crash");
    }

    /// Starts the stopped server again, on the same port with the same data, and waits until it answers.
    pub fn restart(&self) {
        let folder = self.tell("start");
        let answering = self.wait_until_answering(&folder);
        answering.expect("nobody has taken its port meanwhile");
    }

    /// Stops every process of the server in its tracks (SIGSTOP): connections stay open and nobody answers.
    pub fn freeze(&self) {
        self.tell("freeze");
    }

    /// Lets the frozen server go on.
    pub fn thaw(&self) {
        self.tell("thaw");
    }

    /// Has the supervisor do something, and returns its server's folder.
    fn tell(&self, word: &str) -> PathBuf {
        let Kept::Own(own) = &self.kept else {
            panic!("a server that others use as well is not to be meddled with: start one");
        };
        let mut supervisor = own.supervisor.lock().unwrap_or_else(PoisonError::into_inner);
        let words = supervisor
            .words
            .as_mut()
            .expect("it is only taken when the server is dropped");
        writeln!(words, "{word}").expect("the supervisor listens");
        let mut answer = String::new();
        supervisor
            .answers
            .read_line(&mut answer)
            .expect("the supervisor answers");
        assert_eq!(answer.trim_end(), "done", "{word}");
        own.folder.clone()
    }
}
