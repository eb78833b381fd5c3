//! Bytes on a socket, and as many answers as are wanted: a proxy may keep the connection, or end it late.

use std::{
    io::{Read as _, Write as _},
    time::Duration,
};

use url::Url;

use crate::support::{Answer, wire};

/// How long the first answer may take; none comes to bytes that are only half a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing may come after it before nothing more is expected.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Sends bytes and reads answers, until there are so many, or the connection ends, or nothing more comes.
pub(crate) fn exchange(base: &Url, sent: &[u8], wanted: usize) -> Vec<Answer> {
    let mut stream = wire::connect(base);
    let mut reading = stream.try_clone().unwrap();
    let writing = std::thread::spawn({
        let sent = sent.to_vec();
        // The proxy may have answered and closed before it has read everything.
        move || stream.write_all(&sent).map(|()| stream)
    });
    let mut received = Vec::new();
    let mut answers = Vec::new();
    let mut block = [0; 16 * 1024];
    while answers.len() < wanted {
        let patience = if answers.is_empty() { PATIENCE } else { AFTERWARDS };
        reading.set_read_timeout(Some(patience)).unwrap();
        match reading.read(&mut block) {
            Ok(0) | Err(_) => break,
            Ok(count) => received.extend_from_slice(&block[..count]),
        }
        while let Some((answer, length)) = first(&received) {
            received.drain(..length);
            answers.extend(answer);
        }
    }
    drop(reading);
    let _ = writing.join().unwrap();
    answers
}

/// The first answer, if it is whole, and its length; an interim one is none (RFC 9110 section 15.2).
fn first(received: &[u8]) -> Option<(Option<Answer>, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(received).ok()? else {
        return None;
    };
    let status = response.code?;
    let headers: Vec<(String, String)> = response
        .headers
        .iter()
        .map(|header| {
            (
                header.name.to_ascii_lowercase(),
                String::from_utf8_lossy(header.value).into_owned(),
            )
        })
        .collect();
    if (100..200).contains(&status) && status != 101 {
        return Some((None, head));
    }
    let value = |name: &str| {
        headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    let (body, length) = match (value("content-length"), value("transfer-encoding")) {
        (Some(length), _) => {
            let length: usize = length.parse().ok()?;
            (received.get(head..head + length)?.to_vec(), head + length)
        }
        (None, Some(_)) => chunks(received, head)?,
        (None, None) => (Vec::new(), head),
    };
    let answer = Answer {
        asked: "bytes".into(),
        url: "http://wire/".into(),
        status,
        headers,
        body,
    };
    Some((Some(answer), length))
}

/// A body in chunks that begins there, and where it ends.
fn chunks(received: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    loop {
        let rest = received.get(at..)?;
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?.trim(), 16).ok()?;
        let end = line + 2 + size;
        body.extend_from_slice(rest.get(line + 2..end)?);
        if rest.get(end..end + 2)? != b"\r\n" {
            return None;
        }
        at += end + 2;
        if size == 0 {
            return Some((body, at));
        }
    }
}
