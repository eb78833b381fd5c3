//! Whether clients can reach the issuer: its metadata (RFC 8414) as they would fetch it.

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use url::Url;

use crate::outbound::{self, Answer};

/// Whether the metadata of an issuer answers for it; the address that answered.
pub(super) fn check(issuer: &str) -> anyhow::Result<Url> {
    read(issuer).map(|(url, _)| url)
}

/// Fetches the metadata of an issuer and compares its `issuer` byte for byte (RFC 8414 §3.3): where it is and what it says.
pub(in crate::commands) fn read(issuer: &str) -> anyhow::Result<(Url, Value)> {
    let url = well_known(issuer)?;
    let answer = fetch(&url).with_context(|| format!("{url} does not answer"))?;
    ensure!(answer.status == 200, "{url} answers {}", answer.status);
    let metadata: Value = serde_json::from_slice(&answer.body).with_context(|| format!("{url} is no JSON"))?;
    match metadata.get("issuer").and_then(Value::as_str) {
        Some(found) if found == issuer => Ok((url, metadata)),
        Some(found) => bail!("{url} says that the issuer is {found}, not {issuer}"),
        None => bail!("{url} names no issuer"),
    }
}

/// Between host and path (RFC 8414 §3.1).
fn well_known(issuer: &str) -> anyhow::Result<Url> {
    let mut url = Url::parse(issuer)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    Ok(url)
}

fn fetch(url: &Url) -> anyhow::Result<Answer> {
    outbound::send(url, "GET", &[("Accept", "application/json")], &[])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::TcpListener,
        thread,
    };

    use super::*;

    /// Answers one request with `answer` and returns where.
    fn answering(answer: impl FnOnce(&str) -> String + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let own = issuer.clone();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            stream.write_all(answer(&own).as_bytes()).unwrap();
        });
        issuer
    }

    fn ok(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}")
    }

    #[test]
    fn the_address_lies_between_host_and_path() {
        let path = |issuer: &str| well_known(issuer).unwrap().to_string();
        assert_eq!(
            path("https://a.example"),
            "https://a.example/.well-known/oauth-authorization-server"
        );
        assert_eq!(
            path("https://a.example/auth"),
            "https://a.example/.well-known/oauth-authorization-server/auth"
        );
    }

    #[test]
    fn the_issuer_that_answers_must_be_the_one_that_was_asked() {
        check(&answering(|own| ok(&format!(r#"{{"issuer":"{own}"}}"#)))).unwrap();
        let wrong = check(&answering(|_| ok(r#"{"issuer":"https://other.example"}"#))).unwrap_err();
        assert!(wrong.to_string().contains("https://other.example"), "{wrong}");
    }

    #[test]
    fn errors_and_other_servers_are_told() {
        let down = check("http://127.0.0.1:1").unwrap_err();
        assert!(down.to_string().contains("does not answer"), "{down}");
        let missing = check(&answering(|_| "HTTP/1.1 404 Not Found\r\n\r\n".into())).unwrap_err();
        assert!(missing.to_string().contains("404"), "{missing}");
        let page = check(&answering(|_| ok("<html>"))).unwrap_err();
        assert!(page.to_string().contains("no JSON"), "{page}");
    }
}
