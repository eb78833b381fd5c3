//! An issuer that answers as a test wants it to.

use std::{
    io::{BufReader, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Instant,
};

use serde_json::{Value, json};

/// A request that arrived.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub(super) at: Instant,
    pub(super) path: String,
    pub(super) body: String,
}

pub(super) struct FakeIssuer {
    pub(super) base: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

/// Status, further header lines, body.
pub(super) type Answer = (u16, &'static str, Value);

impl FakeIssuer {
    /// Answers each request by its path and body, and with its own address. Metadata is there already.
    pub(super) fn start(mut answer: impl FnMut(&str, &str, &str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (own, arrived) = (base.clone(), Arc::<Mutex<Vec<Arrived>>>::default());
        let heard = Arc::clone(&arrived);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let Some((path, body)) = read(&mut stream) else {
                    continue;
                };
                let (status, headers, body) = if path.starts_with("/.well-known/") {
                    (200, "", metadata(&own))
                } else {
                    let at = Instant::now();
                    heard.lock().unwrap().push(Arrived {
                        at,
                        path: path.clone(),
                        body: body.clone(),
                    });
                    answer(&path, &body, &own)
                };
                write(stream.get_mut(), status, headers, &body.to_string());
            }
        });
        Self { base, arrived }
    }

    /// The requests so far, but those for the metadata.
    pub(super) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }
}

pub(super) fn metadata(base: &str) -> Value {
    json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "device_authorization_endpoint": format!("{base}/device"),
        "authorization_response_iss_parameter_supported": true,
    })
}

/// What a device authorization endpoint says.
pub(super) fn device(base: &str, expires_in: u64) -> Answer {
    let answer = json!({
        "device_code": "the-device-code", "user_code": "BKFT-DNLZ", "verification_uri": format!("{base}/d"),
        "expires_in": expires_in, "interval": 1,
    });
    (200, "", answer)
}

/// Path and body of a request.
pub(super) fn read(stream: &mut impl std::io::BufRead) -> Option<(String, String)> {
    let mut first = String::new();
    stream.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((path, String::from_utf8(body).unwrap()))
}

pub(super) fn write(stream: &mut impl Write, status: u16, headers: &str, body: &str) {
    let length = body.len();
    let answer = format!("HTTP/1.1 {status} Status\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    // It may have gone away.
    let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
}
