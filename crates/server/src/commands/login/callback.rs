//! Where the browser comes back: one answer, on a free port of 127.0.0.1.

use std::{io, net::Ipv4Addr, time::Duration};

use anyhow::Context as _;
use informer_oauth_domain::secret::Secret;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use url::form_urlencoded;

const PATH: &str = "/callback";

/// How long a browser may take to say what it wants: some open connections before they need them.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest head of a request that is read, in bytes.
const LONGEST: usize = 16 * 1024;

/// Listens until an answer comes.
pub(super) struct Callback {
    listener: TcpListener,
    redirect_uri: String,
}

/// The parameters that the browser brought, none twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Returned(Vec<(String, String)>);

impl Returned {
    fn read(query: &str) -> Option<Self> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let once = |name: &str| pairs.iter().filter(|(known, _)| known == name).count() == 1;
        pairs.iter().all(|(name, _)| once(name)).then_some(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What a request of the browser comes to.
#[derive(Debug, PartialEq, Eq)]
enum Judged {
    /// The answer that is waited for.
    Answer(Returned),
    /// Something else that browsers ask for.
    Elsewhere,
    /// An answer to a question that was not asked here.
    NotOurs,
}

impl Callback {
    /// Takes a port.
    pub(super) async fn listen() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("no port of 127.0.0.1 can be listened on")?;
        let redirect_uri = format!("http://{}{PATH}", listener.local_addr()?);
        Ok(Self { listener, redirect_uri })
    }

    /// Where the browser is to be sent.
    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the answer with this `state`; any other is turned away, since everybody can send one.
    pub(super) async fn wait(self, state: &str) -> anyhow::Result<Returned> {
        let state = Secret::new(state.to_owned());
        let (heard, mut requests) = mpsc::channel(8);
        loop {
            tokio::select! {
                connection = self.listener.accept() => {
                    let Ok((stream, _)) = connection else { continue };
                    let heard = heard.clone();
                    // At the side: a connection that stays silent must not keep the others waiting.
                    tokio::spawn(async move {
                        if let Ok(Ok(request)) = timeout(PATIENCE, read(stream)).await {
                            let _ = heard.send(request).await;
                        }
                    });
                }
                Some((mut stream, target)) = requests.recv() => {
                    let judged = judge(&target, &state);
                    let answered = stream.write_all(&page(&judged)).await;
                    if answered.is_ok() {
                        let _ = stream.shutdown().await;
                    }
                    if let Judged::Answer(returned) = judged {
                        return Ok(returned);
                    }
                }
            }
        }
    }
}

/// The target of a GET request, with the connection that it came on; of any other method, nothing.
async fn read(mut stream: TcpStream) -> io::Result<(TcpStream, String)> {
    let mut head = Vec::new();
    let mut part = [0; 2048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut part).await?;
        if count == 0 || head.len() + count > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(part.get(..count).unwrap_or_default());
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let target = match (words.next(), words.next()) {
        (Some("GET"), Some(target)) => target.to_owned(),
        _ => String::new(),
    };
    Ok((stream, target))
}

fn judge(target: &str, state: &Secret) -> Judged {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != PATH {
        return Judged::Elsewhere;
    }
    match Returned::read(query) {
        Some(returned)
            if returned
                .get("state")
                .is_some_and(|named| Secret::new(named.to_owned()) == *state) =>
        {
            Judged::Answer(returned)
        }
        _ => Judged::NotOurs,
    }
}

fn page(judged: &Judged) -> Vec<u8> {
    let (status, title, words) = match judged {
        Judged::Answer(returned) if returned.get("code").is_some() => (
            "200 OK",
            "Go back to your terminal",
            "It goes on there by itself. You can close this page.",
        ),
        Judged::Answer(_) => (
            "200 OK",
            "Nobody was signed in",
            "Your terminal says why. You can close this page.",
        ),
        Judged::Elsewhere => ("404 Not Found", "Nothing here", "There is no page at this address."),
        Judged::NotOurs => (
            "400 Bad Request",
            "This does not belong here",
            "Your terminal is waiting for another answer than this one. Nothing has been done.",
        ),
    };
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <main>\n<h1>{title}</h1>\n<p>{words}</p>\n</main>\n</html>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_with_our_state_is_taken_and_nothing_that_is_said_twice() {
        let state = Secret::new("right".into());
        let judged = |target: &str| judge(target, &state);
        assert!(
            matches!(judged("/callback?state=right&code=a%20b"), Judged::Answer(returned) if returned.get("code") == Some("a b"))
        );
        for target in [
            "/callback",
            "/callback?code=1",
            "/callback?code=1&state=wrong",
            "/callback?code=1&state=right&state=right",
            "/callback?code=1&code=2&state=right",
        ] {
            assert_eq!(judged(target), Judged::NotOurs, "{target}");
        }
        for target in [
            "",
            "/",
            "/favicon.ico",
            "/callback/?state=right",
            "//callback?state=right",
        ] {
            assert_eq!(judged(target), Judged::Elsewhere, "{target}");
        }
    }
}
