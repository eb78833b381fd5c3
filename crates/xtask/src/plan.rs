//! `cargo xtask test`: what runs, in which order.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{Metadata, TargetKind};
use clap::ValueEnum;

use crate::graph::Graph;
use crate::process::{answer, cargo, succeed, test, unaware};
use crate::programs::{self, Program};
use crate::report::{Outcome, Report};
use crate::servers::Servers;
use crate::suites::{NodeSuite, PythonSuite};
use crate::summary::Runner;
use crate::{bench, layers};

/// The crate whose integration tests drive the real binary from outside.
const SERVER: &str = "informer-oauth";

/// Those of its tests that run twice: on embedded stores, and on Postgres and Redis.
const ON_EITHER_STORES: [&str; 4] = ["blackbox", "cli", "informer", "proxies"];

/// Modules of them that run once: they use Postgres and Redis whatever the others use, or nothing is kept in them.
const ONCE: [&str; 6] = [
    "costs",
    "outages",
    "replicas",
    "restarts",
    "login::refusals",
    "informer",
];

/// Tests of them, one a line, of what only embedded stores have.
const EMBEDDED_ONLY: &str = include_str!("../../server/tests/embedded-only.txt");

/// What tells them which stores to use.
const STORES: (&str, &str) = ("INFORMER_OAUTH_TEST_STORES", "production");

fn embedded_only() -> impl Iterator<Item = &'static str> {
    EMBEDDED_ONLY
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Formatting
    Fmt,
    /// Who depends on whom
    Layers,
    /// Lints, as errors
    Clippy,
    /// The crates' documentation, warnings as errors
    Docs,
    /// What would be uploaded of the published crates
    Packages,
    /// Licences and sources of the dependencies
    #[value(alias = "deny", alias = "licenses")]
    Licences,
    /// Every target, examples among them
    Build,
    /// Unit, contract and documentation tests of all crates; each micro-benchmark once, unmeasured
    Unit,
    /// Tests of the real binary over HTTP
    Blackbox,
    /// What deploy/ ships: schemas, linters, systemd-analyze
    Deploy,
    /// Clients written by others: openid-client, Octokit, Authlib, requests_oauth2client
    Clients,
    /// The pages in Chromium
    Browser,
}

impl Part {
    fn programs(self) -> &'static [Program] {
        use Program::{Bash, Chromium, Curl, Fonts, Make, Nginx, Node, Npm, Perl, Python, Redis, Systemd};
        match self {
            Self::Fmt | Self::Layers | Self::Packages => &[],
            Self::Licences => &[Python],
            Self::Clippy | Self::Docs | Self::Build => &[Make, Perl],
            Self::Unit => &[Make, Perl, Nginx, Node, Npm],
            Self::Blackbox => &[Make, Perl, Nginx, Bash, Curl, Python],
            Self::Deploy => &[Make, Perl, Nginx, Python, Redis, Systemd],
            Self::Clients => &[Make, Perl, Nginx, Chromium, Fonts, Node, Npm, Python],
            Self::Browser => &[Make, Perl, Nginx, Chromium, Fonts, Node, Npm],
        }
    }

    /// Whether its tests ask for Postgres and Redis.
    fn needs_servers(self) -> bool {
        matches!(self, Self::Unit | Self::Blackbox)
    }
}

/// Runs the parts asked for (all when none is named) to the end; true when nothing failed.
pub(crate) fn run(metadata: &Metadata, only: &[Part]) -> bool {
    let parts: Vec<Part> = Part::value_variants()
        .iter()
        .copied()
        .filter(|part| only.is_empty() || only.contains(part))
        .collect();
    let wants = |part| parts.contains(&part);
    let suites = wants(Part::Deploy) || wants(Part::Clients) || wants(Part::Browser);
    let needs_servers = parts.iter().any(|part| part.needs_servers());
    let workspace = Workspace::new(metadata);
    let mut servers = Servers::default();
    let mut report = Report::default();

    let mut needed: Vec<Program> = parts.iter().flat_map(|part| part.programs()).copied().collect();
    if needs_servers {
        needed.extend(programs::SERVERS);
    }
    needed.sort_unstable();
    needed.dedup();
    if !needed.is_empty() {
        report.step("programs", || programs::provide(&needed));
    }
    if wants(Part::Licences) {
        report.step("packages for cargo-deny", || workspace.dependencies.install());
    }
    if wants(Part::Deploy) {
        report.step("packages for deploy/", || workspace.deployment.install());
    }
    if wants(Part::Unit) {
        report.step("packages of the peer of the bench", || workspace.bench_peer.install());
    }
    if wants(Part::Clients) {
        report.step("packages for Node.js", || workspace.node_clients.install());
        report.step("packages for Python", || workspace.python_clients.install());
    }
    if wants(Part::Blackbox) {
        report.step("Envoy and Traefik", || workspace.proxies.install());
    }
    if wants(Part::Browser) {
        report.step("packages browser", || workspace.browser.install());
    }

    if wants(Part::Fmt) {
        report.step("fmt", || workspace.check(&["fmt", "--all", "--check"]));
    }
    if wants(Part::Layers) {
        report.step("layers", || Ok(Outcome::Holds(layers::check(&Graph::read(metadata)?)?)));
    }
    if wants(Part::Licences) {
        report.step("cargo-deny", || workspace.cargo_deny());
    }
    if wants(Part::Clippy) {
        report.step("clippy", || {
            workspace.check(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
        });
    }
    if wants(Part::Docs) {
        report.step("docs", || workspace.docs());
    }
    if wants(Part::Packages) {
        report.step("packages", || workspace.packages());
    }
    if needs_servers {
        report.step("servers", || servers.provide());
    }
    if wants(Part::Unit) {
        report.step("unit tests", || workspace.unit_tests(&servers));
        report.step("micro-benchmarks, once each", || workspace.benches());
    }
    if wants(Part::Blackbox) {
        report.step("black-box tests", || workspace.blackbox_tests(&servers));
        report.step("black-box tests on Postgres and Redis", || {
            workspace.blackbox_tests_on_servers(&servers)
        });
    }
    if wants(Part::Unit) {
        report.step("documentation tests", || {
            let mut command = workspace.cargo(&["test", "--workspace", "--doc"]);
            test(servers.tell(&mut command), Runner::CargoTest, None)
        });
    }
    if needs_servers {
        report.step("servers stopped", || servers.stop());
    }
    // The same targets and features as the tests were built with, so that nothing is built twice.
    let built = (wants(Part::Build) || suites)
        && report.step("build", || workspace.check(&["build", "--workspace", "--all-targets"]));
    // After a failed build, an older binary may still lie there; a suite says nothing about this tree then.
    let binary = || {
        ensure!(built, "not run: the build failed");
        Ok(workspace.binary.as_path())
    };
    if wants(Part::Deploy) {
        report.step("deployment files", || workspace.deployment.run(binary()?));
    }
    if wants(Part::Clients) {
        report.step("clients in Node.js", || workspace.node_clients.run(binary()?));
        report.step("clients in Python", || workspace.python_clients.run(binary()?));
    }
    if wants(Part::Browser) {
        report.step("browser", || workspace.browser.run(binary()?));
    }
    report.close()
}

/// Runs one command with the servers that the tests have; true when it succeeds.
pub(crate) fn with_servers(words: &[OsString]) -> Result<bool> {
    programs::provide(programs::SERVERS)?;
    let mut servers = Servers::default();
    servers.provide()?;
    let (program, arguments) = words.split_first().context("no command")?;
    let status = servers
        .tell(unaware(Command::new(program).args(arguments)))
        .status()
        .with_context(|| format!("starting {}", program.display()))?;
    servers.stop()?;
    Ok(status.success())
}

/// How many tests run at a time: twice as many as there are cores, since most wait for servers, pauses and each other's
/// processes for half of their time.
fn at_once() -> usize {
    2 * std::thread::available_parallelism().map_or(1, usize::from)
}

struct Workspace<'a> {
    metadata: &'a Metadata,
    binary: std::path::PathBuf,
    bench_peer: NodeSuite,
    node_clients: NodeSuite,
    python_clients: PythonSuite,
    deployment: PythonSuite,
    dependencies: PythonSuite,
    proxies: PythonSuite,
    browser: NodeSuite,
}

impl<'a> Workspace<'a> {
    fn new(metadata: &'a Metadata) -> Self {
        let tests = metadata.workspace_root.join("tests");
        let target = &metadata.target_directory;
        let binary = format!("{SERVER}{}", std::env::consts::EXE_SUFFIX);
        Self {
            metadata,
            binary: target.join("debug").join(binary).into(),
            bench_peer: bench::peer(metadata),
            node_clients: NodeSuite {
                folder: tests.join("clients/node").into(),
            },
            python_clients: PythonSuite {
                folder: tests.join("clients/python").into(),
                environment: target.join("clients-venv").into(),
            },
            dependencies: PythonSuite {
                folder: tests.join("dependencies").into(),
                environment: target.join("dependencies-venv").into(),
            },
            deployment: PythonSuite {
                folder: tests.join("deploy").into(),
                environment: target.join("deploy-venv").into(),
            },
            proxies: PythonSuite {
                folder: tests.join("proxies").into(),
                environment: target.join("proxies-venv").into(),
            },
            browser: NodeSuite {
                folder: tests.join("browser").into(),
            },
        }
    }

    fn cargo(&self, words: &[&str]) -> Command {
        let mut command = cargo(self.metadata);
        command.args(words);
        command
    }

    fn check(&self, words: &[&str]) -> Result<Outcome> {
        succeed(&mut self.cargo(words))?;
        Ok(Outcome::Holds(String::new()))
    }

    /// All that deny.toml says but for advisories, whose database is elsewhere.
    fn cargo_deny(&self) -> Result<Outcome> {
        let words = [
            "--offline",
            "--log-level",
            "error",
            "check",
            "licenses",
            "bans",
            "sources",
        ];
        let root = self.metadata.workspace_root.as_std_path();
        self.dependencies.program("cargo-deny", &words, root)
    }

    /// Packages what `cargo publish` would upload, without building it again: `build` and `unit` do so.
    fn packages(&self) -> Result<Outcome> {
        self.check(&["publish", "--workspace", "--dry-run", "--no-verify", "--allow-dirty"])
    }

    fn docs(&self) -> Result<Outcome> {
        let mut command = self.cargo(&["doc", "--workspace", "--no-deps"]);
        succeed(command.env("RUSTDOCFLAGS", "-Dwarnings"))?;
        Ok(Outcome::Holds(String::new()))
    }

    fn unit_tests(&self, servers: &Servers) -> Result<Outcome> {
        if self.has_nextest() {
            let filter = format!("not (package({SERVER}) and kind(test))");
            return self.nextest(&filter, servers, None);
        }
        let mut command = self.cargo(&["test", "--workspace", "--no-fail-fast"]);
        command.args(["--lib", "--bins", "--examples"]);
        for name in self.integration_tests(false) {
            command.args(["--test", name]);
        }
        test(servers.tell(&mut command), Runner::CargoTest, None)
    }

    /// Each bench once and unmeasured, all in one process: `cargo metadata`, which criterion asks where its figures go, would
    /// be most of what a process for each costs.
    fn benches(&self) -> Result<Outcome> {
        let mut command = self.cargo(&["test", "--workspace"]);
        for name in self.targets(TargetKind::Bench, |_| true) {
            command.args(["--bench", name]);
        }
        test(&mut command, Runner::Criterion, None)
    }

    fn blackbox_tests(&self, servers: &Servers) -> Result<Outcome> {
        if self.has_nextest() {
            return self.nextest(&format!("package({SERVER}) and kind(test)"), servers, None);
        }
        let names = self.integration_tests(true);
        ensure!(!names.is_empty(), "no tests: {SERVER} has no tests/*.rs");
        let mut command = self.cargo(&["test", "--workspace", "--no-fail-fast"]);
        for name in names {
            command.args(["--test", name]);
        }
        test(servers.tell(&mut command), Runner::CargoTest, None)
    }

    fn blackbox_tests_on_servers(&self, servers: &Servers) -> Result<Outcome> {
        if self.has_nextest() {
            let binaries = ON_EITHER_STORES.map(|name| format!("binary({name})")).join(" or ");
            let left_out = embedded_only()
                .map(|name| format!("test(={name})"))
                .chain(ONCE.map(|module| format!("test(/^{module}::/)")));
            let left_out = left_out.collect::<Vec<_>>().join(" or ");
            let filter = format!("package({SERVER}) and ({binaries}) and not ({left_out})");
            return self.nextest(&filter, servers, Some(STORES));
        }
        let mut command = self.cargo(&["test", "--workspace", "--no-fail-fast"]);
        for name in ON_EITHER_STORES {
            command.args(["--test", name]);
        }
        command.arg("--");
        for name in embedded_only() {
            command.args(["--skip", name]);
        }
        for module in ONCE {
            command.args(["--skip", &format!("{module}::")]);
        }
        command.env(STORES.0, STORES.1);
        test(servers.tell(&mut command), Runner::CargoTest, None)
    }

    /// The whole workspace with a filter, and never one package: another set of packages is another set of features,
    /// and would be another build.
    fn nextest(&self, filter: &str, servers: &Servers, variable: Option<(&str, &str)>) -> Result<Outcome> {
        let mut command = self.cargo(&["nextest", "run", "--workspace", "--filterset", filter]);
        command.arg("--test-threads").arg(at_once().to_string());
        command.envs(variable);
        test(servers.tell(&mut command), Runner::Nextest, None)
    }

    fn has_nextest(&self) -> bool {
        answer(&mut self.cargo(&["nextest", "--version"])).is_some()
    }

    /// Integration tests by name: the server's, or everybody else's.
    fn integration_tests(&self, of_server: bool) -> Vec<&str> {
        self.targets(TargetKind::Test, |package| (package == SERVER) == of_server)
    }

    /// Targets of a kind by name, of the packages that `wants` takes.
    fn targets(&self, kind: TargetKind, wants: impl Fn(&str) -> bool) -> Vec<&str> {
        self.metadata
            .workspace_packages()
            .into_iter()
            .filter(|package| wants(package.name.as_str()))
            .flat_map(|package| &package.targets)
            .filter(|target| target.is_kind(kind.clone()))
            .map(|target| target.name.as_str())
            .collect()
    }
}
