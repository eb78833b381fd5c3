//! Requests as bytes on a socket: for what no well-behaved client would send, and for races.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use url::Url;

use super::{Answer, Request};

/// A connection to the service.
pub(crate) fn connect(base: &Url) -> TcpStream {
    let address = (base.host_str().unwrap(), base.port().unwrap());
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// The bytes of a request after which the server closes the connection.
pub(crate) fn bytes(base: &Url, request: &Request) -> Vec<u8> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
        request.method,
        request.target,
        base.authority()
    );
    for (name, value) in &request.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    if !request.body.is_empty() || request.method != "GET" {
        head.extend(["Content-Length: ", &request.body.len().to_string(), "\r\n"]);
    }
    head.push_str("\r\n");
    [head.as_bytes(), &request.body].concat()
}

/// Sends bytes and reads whatever comes back until the connection ends; `None` when it ends without an answer.
pub(crate) fn exchange(base: &Url, sent: &[u8]) -> Option<Answer> {
    let mut stream = connect(base);
    // The server may have answered and closed before it has read everything.
    let _ = stream.write_all(sent);
    read(&mut stream)
}

/// Reads one answer from a connection that the server then closes.
pub(crate) fn read(stream: &mut TcpStream) -> Option<Answer> {
    let mut received = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    parse(&received)
}

fn parse(received: &[u8]) -> Option<Answer> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value.eq_ignore_ascii_case("chunked"));
    let body = &received[end + 4..];
    let body = if chunked { unchunk(body)? } else { body.to_vec() };
    Some(Answer {
        asked: "bytes".into(),
        url: "http://wire/".into(),
        status,
        headers,
        body,
    })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// Sends requests at the same moment: each on its own connection that has everything but its last byte already.
pub(crate) fn race(base: &Url, requests: Vec<Request>) -> Vec<Answer> {
    race_across(requests.into_iter().map(|request| (base.clone(), request)).collect())
}

/// The same with a service for each request.
pub(crate) fn race_across(requests: Vec<(Url, Request)>) -> Vec<Answer> {
    let start = Arc::new(Barrier::new(requests.len()));
    let runners: Vec<_> = requests
        .into_iter()
        .map(|(base, request)| {
            let start = Arc::clone(&start);
            thread::spawn(move || {
                let sent = bytes(&base, &request);
                let mut stream = connect(&base);
                let (last, before) = sent.split_last().unwrap();
                stream.write_all(before).unwrap();
                start.wait();
                stream.write_all(&[*last]).unwrap();
                read(&mut stream).expect("every runner gets an answer")
            })
        })
        .collect();
    runners.into_iter().map(|runner| runner.join().unwrap()).collect()
}
