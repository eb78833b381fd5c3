//! Requests to others, one at a time and rarely: whether the issuer answers, and traces for a collector. Blocks.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs as _},
    time::Duration,
};

use anyhow::{Context as _, bail};
use openssl::ssl::{SslConnector, SslMethod};
use url::Url;

/// How long connecting, and each read and write, may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The largest answer that is read.
const LARGEST: u64 = 256 * 1024;

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// One request in HTTP/1.0, so that the answer ends with the connection and comes in one piece. Over https, certificates are
/// verified with what the system trusts.
pub(crate) fn send(url: &Url, method: &str, headers: &[(&str, &str)], body: &[u8]) -> anyhow::Result<Answer> {
    let host = url.host_str().context("it has no host")?;
    let port = url.port_or_known_default().context("it has no port")?;
    let authority = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut request = format!("{method} {} HTTP/1.0\r\nHost: {authority}\r\n", url.path());
    // Writing to a String cannot fail.
    for (name, value) in headers {
        let _ = write!(request, "{name}: {value}\r\n");
    }
    if !body.is_empty() {
        let _ = write!(request, "Content-Length: {}\r\n", body.len());
    }
    request.push_str("\r\n");
    let request = [request.as_bytes(), body].concat();

    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = connect((bare, port).to_socket_addrs()?)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let answer = if url.scheme() == "https" {
        let mut connector = SslConnector::builder(SslMethod::tls_client())?;
        let found = openssl_probe::probe();
        if let Some(file) = found.cert_file {
            connector.set_ca_file(file)?;
        }
        exchange(connector.build().connect(bare, stream)?, &request)?
    } else {
        exchange(stream, &request)?
    };
    read(answer).context("it does not speak HTTP")
}

fn connect(addresses: impl Iterator<Item = SocketAddr>) -> anyhow::Result<TcpStream> {
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) => Err(error.into()),
        None => bail!("its host has no address"),
    }
}

fn exchange(mut stream: impl Read + Write, request: &[u8]) -> anyhow::Result<Vec<u8>> {
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.take(LARGEST).read_to_end(&mut answer)?;
    Ok(answer)
}

fn read(mut answer: Vec<u8>) -> Option<Answer> {
    const END: &[u8] = b"\r\n\r\n";
    let head = answer.windows(END.len()).position(|window| window == END)?;
    let body = answer.split_off(head + END.len());
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let status = str::from_utf8(line).ok()?.strip_prefix("HTTP/")?.split(' ').nth(1)?;
    Some(Answer {
        status: status.parse().ok()?,
        body,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_status_and_what_follows_the_head() {
        let answer = read(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\none\r\n\r\ntwo".to_vec()).unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, b"one\r\n\r\ntwo".as_slice())
        );
        for other in ["", "HTTP/1.1 200 OK\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 fine\r\n\r\n"] {
            assert!(read(other.as_bytes().to_vec()).is_none(), "{other}");
        }
    }
}
