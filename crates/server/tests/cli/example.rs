use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    common::{BINARY, Service},
    grant::{public_client, tokens},
};

/// The example resource server, ended when dropped.
struct ResourceServer {
    process: Child,
    base: String,
}

impl ResourceServer {
    fn start(issuer: &str) -> Self {
        let program = Path::new(BINARY).with_file_name("examples").join("resource_server");
        // `cargo test` and nextest build the examples of a package along with its tests.
        assert!(program.exists(), "{} was not built with the tests", program.display());
        let mut process = Command::new(program)
            .args([issuer, "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let base = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { process, base }
    }
}

impl Drop for ResourceServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_example_resource_server_takes_a_token_for_what_its_scope_reaches() {
    let service = Service::start();
    let tokens = tokens(&service, &public_client(&service, "Phone"));
    let server = ResourceServer::start(service.base());
    let http = service.client();
    let ask = |method: reqwest::Method, token: Option<&str>| {
        let mut request = http.request(method, format!("{}/api/datasets/sales", server.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().unwrap()
    };
    let token = tokens["access_token"].as_str().unwrap();
    let read = ask(reqwest::Method::GET, Some(token));
    assert_eq!(read.status(), 200);
    assert_eq!(read.text().unwrap(), "hello, admin\n");
    let write = ask(reqwest::Method::DELETE, Some(token));
    assert_eq!(write.status(), 403);
    assert!(write.text().unwrap().contains("needs write:dataset"));

    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{other}{}", &signature[1..]);
    for bad in [None, Some(forged.as_str()), Some("x"), tokens["refresh_token"].as_str()] {
        assert_eq!(ask(reqwest::Method::GET, bad).status(), 401, "{bad:?}");
    }
}
