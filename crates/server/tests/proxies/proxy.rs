//! The proxies, started as an operator would with what `deploy/` ships.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use url::Url;

use crate::support::comes_true;

/// Where Envoy and Traefik are, if not in the build's own folder or on the PATH: a folder with both programs.
const VARIABLE: &str = "INFORMER_OAUTH_TEST_PROXIES";

/// What the shipped configurations have for Informer, the service and the proxy itself.
const ADDRESSES: [&str; 3] = ["127.0.0.1:3000", "127.0.0.1:8787", "127.0.0.1:8080"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Envoy,
    Traefik,
}

/// A running proxy. Dropping it ends it.
pub(crate) struct Proxy {
    kind: Kind,
    process: Child,
    folder: TempDir,
    pub(crate) base: Url,
}

impl Proxy {
    /// Starts one and waits until it reaches the service.
    pub(crate) fn start(kind: Kind, informer: SocketAddr, service: SocketAddr) -> Self {
        let own = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = TempDir::new().unwrap();
        // nginx's workers are somebody else where root starts it.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let addresses = [informer, service, own];
        let mut command = match kind {
            Kind::Nginx => nginx(folder.path(), addresses),
            Kind::Envoy => envoy(folder.path(), addresses),
            Kind::Traefik => traefik(folder.path(), addresses),
        };
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; cargo xtask test installs it"));
        let proxy = Self {
            kind,
            process,
            folder,
            base: Url::parse(&format!("http://{own}/")).unwrap(),
        };
        let keys = proxy.base.join("/.well-known/jwks.json").unwrap();
        let is_up = || reqwest::blocking::get(keys.clone()).is_ok_and(|answer| answer.status() == 200);
        assert!(
            comes_true(Duration::from_secs(60), is_up),
            "{kind:?} does not reach the service\n{}",
            fs::read_to_string(proxy.folder.path().join("log")).unwrap_or_default()
        );
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // SIGTERM, so that nginx's master takes its worker along. Traefik would take its time.
        let _ = match self.kind {
            Kind::Nginx => Command::new("kill")
                .arg(self.process.id().to_string())
                .status()
                .map(drop),
            Kind::Envoy | Kind::Traefik => self.process.kill(),
        };
        let _ = self.process.wait();
    }
}

/// A shipped file, with other addresses.
fn shipped(name: &str, addresses: [SocketAddr; 3]) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
    let mut text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for (shipped, address) in ADDRESSES.iter().zip(addresses) {
        let port = |address: &str| {
            format!(
                "address: 127.0.0.1, port_value: {}",
                address.rsplit(':').next().unwrap()
            )
        };
        text = text
            .replace(shipped, &address.to_string())
            .replace(&port(shipped), &port(&address.to_string()));
    }
    text
}

fn nginx(folder: &Path, addresses: [SocketAddr; 3]) -> Command {
    let path = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
        .concat();
    let site = shipped("nginx/informer-oauth.conf", addresses);
    let whole = format!(
        "worker_processes 1;\nerror_log stderr warn;\npid {path}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{site}\n}}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, whole).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(file);
    command.args(["-g", "daemon off;"]);
    command
}

fn envoy(folder: &Path, addresses: [SocketAddr; 3]) -> Command {
    let file = folder.join("envoy.yaml");
    fs::write(&file, shipped("envoy/informer-oauth.yaml", addresses)).unwrap();
    let mut command = Command::new(program("envoy"));
    command.arg("-c").arg(file);
    command.args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "warn"]);
    command
}

fn traefik(folder: &Path, addresses: [SocketAddr; 3]) -> Command {
    let routes = folder.join("informer-oauth.yaml");
    fs::write(&routes, shipped("traefik/informer-oauth.yaml", addresses)).unwrap();
    let file = folder.join("traefik.yaml");
    let settings = shipped("traefik/traefik.yaml", addresses).replace(
        "filename: informer-oauth.yaml",
        &format!("filename: {}", routes.display()),
    );
    fs::write(&file, settings).unwrap();
    let mut command = Command::new(program("traefik"));
    command.arg(format!("--configFile={}", file.display()));
    command
}

/// Where a program is that no package of the system brings.
fn program(name: &str) -> PathBuf {
    let built = Path::new(crate::common::BINARY).ancestors().nth(2).unwrap();
    let folders = [
        std::env::var_os(VARIABLE).map(PathBuf::from),
        Some(built.join("proxies-venv/bin")),
    ];
    let mut candidates = folders.into_iter().flatten().map(|folder| folder.join(name));
    candidates
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}
