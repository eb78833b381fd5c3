//! What has to be done before anything can be measured, one request at a time.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::load;

const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody with a cookie jar.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    address: SocketAddr,
    cookies: Vec<(String, String)>,
}

/// An answer that has been read.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) body: String,
    cookies: Vec<String>,
}

impl Page {
    pub(crate) fn is(&self, status: u16) -> Result<&Self> {
        ensure!(
            self.status == status,
            "{} instead of {status}: {}",
            self.status,
            self.body
        );
        Ok(self)
    }

    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| self.body.clone())
    }
}

impl Browser {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: Vec::new(),
        }
    }

    /// The service's own origin.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The field that sends the cookies.
    pub(crate) fn cookie_field(&self) -> String {
        if self.cookies.is_empty() {
            return String::new();
        }
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("Cookie: {}\r\n", pairs.join("; "))
    }

    pub(crate) fn get(&mut self, path: &str, fields: &str) -> Result<Page> {
        self.send("GET", path, fields, "")
    }

    pub(crate) fn post_form(&mut self, path: &str, form: &str) -> Result<Page> {
        let fields = format!(
            "Content-Type: application/x-www-form-urlencoded\r\nOrigin: {}\r\n",
            self.origin()
        );
        self.send("POST", path, &fields, form)
    }

    pub(crate) fn post_json(&mut self, path: &str, body: &Value) -> Result<Page> {
        let fields = "Content-Type: application/json\r\nSec-Fetch-Site: same-origin\r\n";
        self.send("POST", path, fields, &body.to_string())
    }

    fn send(&mut self, method: &str, path: &str, fields: &str, body: &str) -> Result<Page> {
        let page = self
            .try_send(method, path, fields, body)
            .with_context(|| format!("{method} {path}"))?;
        for cookie in &page.cookies {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.trim().split_once('=') {
                self.cookies.retain(|(known, _)| known != name);
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(page)
    }

    fn try_send(&self, method: &str, path: &str, fields: &str, body: &str) -> Result<Page> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (origin, cookies) = (self.address, self.cookie_field());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {origin}\r\nConnection: close\r\n{fields}{cookies}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut received = Vec::new();
        stream.read_to_end(&mut received)?;
        let page = load::read(&received, |answer| {
            Ok(Page {
                status: answer.status,
                body: String::from_utf8_lossy(answer.body()).into_owned(),
                cookies: answer.fields("set-cookie").map(str::to_owned).collect(),
            })
        })?;
        page.context("half an answer")
    }
}

/// A value in a query or a form.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            other => {
                // Writing to a String cannot fail.
                let _ = write!(encoded, "%{other:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_for_forms_and_queries() {
        assert_eq!(encoded("a-Z_0.~"), "a-Z_0.~");
        assert_eq!(encoded("http://x/y z&é"), "http%3A%2F%2Fx%2Fy%20z%26%C3%A9");
    }
}
