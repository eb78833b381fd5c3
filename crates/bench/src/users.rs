//! Virtual users: what they ask, and what the answers must be.

mod code;
mod device;
mod fetch;
mod refresh;

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::rc::Rc;

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub(crate) use self::code::{Authorizing, Code, Kept, Redeeming, Stock};
pub(crate) use self::device::{Pending, Polling, Starting};
pub(crate) use self::fetch::{Expected, Fetching, get};
pub(crate) use self::refresh::{Chains, Refreshing};

/// How a client says who it is at the token endpoint.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "the RFC's word is `client_id`")]
pub(crate) struct Client {
    pub(crate) client_id: String,
    pub(crate) secret: Option<String>,
    pub(crate) redirect_uri: String,
}

/// A form that a client posts, but for its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    head: String,
    client: String,
}

impl Post {
    pub(crate) fn new(path: &str, client: &Client) -> Self {
        let mut head =
            format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n");
        let mut own = String::new();
        if let Some(secret) = &client.secret {
            let credentials = STANDARD.encode(format!("{}:{secret}", client.client_id));
            head.extend(["Authorization: Basic ", &credentials, "\r\n"]);
        } else {
            own = format!("&client_id={}", client.client_id);
        }
        Self { head, client: own }
    }

    /// Appends the request with these parameters, which are encoded already.
    pub(crate) fn write(&self, request: &mut Vec<u8>, parameters: &[&str]) {
        let length = parameters.iter().map(|part| part.len()).sum::<usize>() + self.client.len();
        // Writing to a vector cannot fail.
        let _ = write!(request, "{}Content-Length: {length}\r\n\r\n", self.head);
        for part in parameters.iter().copied().chain([self.client.as_str()]) {
            request.extend_from_slice(part.as_bytes());
        }
    }
}

/// Tokens that have been seen, by all the users of a side.
#[derive(Clone, Default)]
pub(crate) struct Seen(Rc<RefCell<HashSet<u64>>>, RandomState);

impl Seen {
    /// Notes a token; false when it had been noted before.
    pub(crate) fn is_new(&self, token: &str) -> bool {
        self.0.borrow_mut().insert(self.1.hash_one(token))
    }
}

#[cfg(test)]
mod tests;
