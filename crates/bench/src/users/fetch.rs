//! Requests that are the same every time.

use std::rc::Rc;

use anyhow::{Result, ensure};

use crate::load::{Answer, VirtualUser};

/// What every answer must be.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    /// What the body begins with or, where it is long, has in it somewhere.
    pub(crate) text: &'static str,
    /// A field that it has.
    pub(crate) field: Option<&'static str>,
}

/// Sends one of its requests after the other.
pub(crate) struct Fetching {
    requests: Rc<[Vec<u8>]>,
    next: usize,
    expected: Expected,
    first: Option<Vec<u8>>,
    constant: bool,
}

impl Fetching {
    /// `constant`: whether every answer must be the same bytes. `start`: with which request to begin.
    pub(crate) fn new(requests: Rc<[Vec<u8>]>, start: usize, expected: Expected, constant: bool) -> Self {
        Self {
            requests,
            next: start,
            expected,
            first: None,
            constant,
        }
    }
}

impl VirtualUser for Fetching {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        let Some(next) = self.requests.get(self.next % self.requests.len().max(1)) else {
            return false;
        };
        self.next += 1;
        request.extend_from_slice(next);
        true
    }

    fn hear(&mut self, answer: &Answer<'_>) -> Result<()> {
        answer.is(self.expected.status)?;
        if let Some(first) = &self.first {
            ensure!(answer.body() == first, "the answer has changed");
            return Ok(());
        }
        if let Some(name) = self.expected.field {
            ensure!(answer.field(name).is_some_and(|value| !value.is_empty()), "no {name}");
        }
        let text = answer.text()?;
        ensure!(text.contains(self.expected.text), "no {} in {text}", self.expected.text);
        if self.constant {
            self.first = Some(answer.body().to_vec());
        }
        Ok(())
    }
}

/// A GET of a path with further fields, each ended by CR and LF.
pub(crate) fn get(path: &str, fields: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n").into_bytes()
}
