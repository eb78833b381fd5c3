//! The gate behind a real nginx, with the configuration that `deploy/` ships: the ports are all that is changed.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::support::World;

const SHIPPED: &str = include_str!("../../../../deploy/nginx/informer-oauth.conf");

/// Stands for Informer: answers every request with the request line and headers that reached it.
fn echo_upstream() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || echo(stream));
        }
    });
    port
}

fn echo(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = format!("{head}\n{}", String::from_utf8_lossy(&body));
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    );
}

struct Nginx {
    process: Child,
    base: String,
    _folder: tempfile::TempDir,
}

impl Nginx {
    fn start(service_port: u16) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let site = SHIPPED
            .replace("127.0.0.1:3000", &format!("127.0.0.1:{}", echo_upstream()))
            .replace("127.0.0.1:8787", &format!("127.0.0.1:{service_port}"))
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
            .concat();
        let configuration = format!(
            "worker_processes 1;\nerror_log stderr warn;\npid {path}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{site}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        let process = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .args(["-g", "daemon off;"])
            .stdout(Stdio::null())
            .spawn()
            .expect("nginx must be installed: cargo xtask test installs it");
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            process,
            base: format!("http://127.0.0.1:{port}"),
            _folder: folder,
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM, so that the master takes its worker along.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// A service, nginx before it, and an access token with `scope`.
fn behind_nginx(scope: &str) -> (World, Nginx, String) {
    let world = World::start();
    let client = world.public_client();
    let token = world.tokens_with(&client, scope).access;
    let port = world.base_url().port().unwrap();
    (world, Nginx::start(port), token)
}

#[test]
fn a_token_reaches_informer_through_nginx_as_far_as_its_scope_goes() {
    let (_world, nginx, token) = behind_nginx("read:dataset");
    let http = reqwest::blocking::Client::new();

    let passed = http
        .post(format!("{}/api/datasets/sales/_search?q=%20x", nginx.base))
        .bearer_auth(&token)
        .header("X-Informer-User", "mallory")
        .header("X-Forwarded-Method", "GET")
        .body("the body")
        .send()
        .unwrap();
    assert_eq!(passed.status(), 200);
    let seen = passed.text().unwrap();
    assert!(
        seen.starts_with("POST /api/datasets/sales/_search?q=%20x HTTP/1.1"),
        "{seen}"
    );
    assert!(
        seen.contains("X-Informer-User: admin") && !seen.contains("mallory"),
        "{seen}"
    );
    assert!(seen.contains("X-Informer-Scope: read:dataset"), "{seen}");
    assert!(seen.ends_with("the body"), "{seen}");

    let refused = http
        .delete(format!("{}/api/datasets/sales", nginx.base))
        .bearer_auth(&token)
        .send()
        .unwrap();
    assert_eq!(refused.status(), 403);
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("insufficient_scope") && challenge.contains("write:dataset"),
        "{challenge}"
    );

    let smuggled = http
        .get(format!("{}/api/datasets/..%2fusers", nginx.base))
        .bearer_auth(&token)
        .send()
        .unwrap();
    assert_eq!(smuggled.status(), 403);
}

#[test]
fn without_a_token_informer_decides_and_a_bad_token_never_arrives() {
    let (_world, nginx, _) = behind_nginx("read:profile");
    let http = reqwest::blocking::Client::new();
    let anonymous = http
        .get(format!("{}/api/datasets", nginx.base))
        .header("X-Informer-User", "mallory")
        .send()
        .unwrap();
    assert_eq!(anonymous.status(), 200);
    let seen = anonymous.text().unwrap();
    assert!(!seen.to_lowercase().contains("x-informer"), "{seen}");

    let bad = http
        .get(format!("{}/api/datasets", nginx.base))
        .bearer_auth("nonsense")
        .send()
        .unwrap();
    assert_eq!(bad.status(), 401);
    assert!(
        bad.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .contains("invalid_token")
    );
}

#[test]
fn a_gate_that_is_down_keeps_everything_out() {
    let (mut world, nginx, token) = behind_nginx("write:global");
    let http = reqwest::blocking::Client::new();
    let health = http.get(format!("{}/oauth/docs", nginx.base)).send().unwrap();
    assert_eq!(health.status(), 200, "what belongs to the service is routed to it");
    world.service.kill9();
    let refused = http
        .get(format!("{}/api/datasets", nginx.base))
        .bearer_auth(&token)
        .send()
        .unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
}
