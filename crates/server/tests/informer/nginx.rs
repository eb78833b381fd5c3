//! A real nginx with the configuration that `deploy/` ships: addresses are all that is changed.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

const SHIPPED: &str = include_str!("../../../../deploy/nginx/informer-oauth.conf");

/// The addresses that the shipped configuration names.
const LISTEN: &str = "127.0.0.1:8080";
const INFORMER: &str = "127.0.0.1:3000";
const SERVICE: &str = "127.0.0.1:8787";

/// A port that nobody had a moment ago, for an address that must be known before somebody listens there.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A running nginx in a folder of its own. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Nginx {
    process: Child,
    file: PathBuf,
    folder: TempDir,
    base: String,
}

impl Nginx {
    /// Starts one on a port, in front of Informer and of one or more replicas of the service.
    pub(crate) fn start(port: u16, informer: SocketAddr, services: &[SocketAddr]) -> Self {
        assert!(
            [LISTEN, INFORMER, SERVICE]
                .iter()
                .all(|address| SHIPPED.contains(address)),
            "the shipped configuration names other addresses"
        );
        let lines = SHIPPED.lines().flat_map(|line| {
            let replicas = if line.contains(SERVICE) { services } else { &[informer] };
            replicas
                .iter()
                .map(|service| line.replace(SERVICE, &service.to_string()))
                .collect::<Vec<_>>()
        });
        let site = lines.collect::<Vec<_>>().join("\n");
        let site = site
            .replace(INFORMER, &informer.to_string())
            .replace(LISTEN, &format!("127.0.0.1:{port}"));
        let folder = tempfile::tempdir().unwrap();
        // Workers of an nginx that root starts run as somebody else, and keep large bodies here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
            .concat();
        let configuration = format!(
            "worker_processes 1;\nerror_log {path}/error.log warn;\npid {path}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{site}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let process = Self::command(&folder, &file)
            .args(["-g", "daemon off;"])
            .stdout(Stdio::null())
            .spawn()
            .expect("nginx must be installed: cargo xtask test installs it");
        let nginx = Self {
            process,
            file,
            folder,
            base: format!("http://127.0.0.1:{port}"),
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "nginx does not listen\n{}", nginx.log());
            thread::sleep(Duration::from_millis(20));
        }
        nginx
    }

    /// What a browser sees, for instance `http://127.0.0.1:40321`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// What it complained of.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }

    /// `nginx -s reload`: new workers take over, old ones finish what they do.
    pub(crate) fn reload(&self) {
        let reload = Self::command(&self.folder, &self.file)
            .args(["-s", "reload"])
            .output()
            .unwrap();
        assert!(reload.status.success(), "{reload:?}");
    }

    fn command(folder: &TempDir, file: &PathBuf) -> Command {
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(file);
        command
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM, so that the master takes its workers along.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
