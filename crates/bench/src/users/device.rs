//! The device flow (RFC 8628): starting it, and polling while nobody has decided.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::Post;
use crate::load::{Answer, VirtualUser};

/// How long a device waits between two polls (RFC 8628 §3.5), and a little more.
const INTERVAL: Duration = Duration::from_secs(6);

/// Device codes that nobody has decided on, with when they may be polled, the earliest first.
#[derive(Clone, Default)]
pub(crate) struct Pending(Rc<RefCell<VecDeque<(Instant, String)>>>);

impl Pending {
    /// How many may be polled by then.
    pub(crate) fn ready(&self, by: Instant) -> usize {
        self.0.borrow().iter().take_while(|(from, _)| *from <= by).count()
    }

    fn add_fresh(&self, code: &str) {
        // Never polled yet, so at once.
        self.0.borrow_mut().push_front((Instant::now(), code.to_owned()));
    }
}

/// Starts the flow so many times.
pub(crate) struct Starting {
    pub(crate) post: Post,
    /// How many are still wanted, of all who start one.
    pub(crate) wanted: Rc<RefCell<usize>>,
    pub(crate) pending: Pending,
}

impl VirtualUser for Starting {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        let mut wanted = self.wanted.borrow_mut();
        let Some(left) = wanted.checked_sub(1) else {
            return false;
        };
        *wanted = left;
        self.post.write(request, &["scope=read%3Adataset"]);
        true
    }

    fn hear(&mut self, answer: &Answer<'_>) -> Result<()> {
        answer.is(200).context("a device authorization")?;
        self.pending.add_fresh(answer.member("device_code")?);
        Ok(())
    }

    fn refused(&mut self) {
        *self.wanted.borrow_mut() += 1;
    }
}

/// Polls one code after the other, none sooner than it may be.
pub(crate) struct Polling {
    post: Post,
    pending: Pending,
    presented: String,
}

impl Polling {
    pub(crate) fn new(post: Post, pending: Pending) -> Self {
        Self {
            post,
            pending,
            presented: String::new(),
        }
    }
}

impl VirtualUser for Polling {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        let mut pending = self.pending.0.borrow_mut();
        if pending.front().is_none_or(|(from, _)| *from > Instant::now()) {
            return false;
        }
        let Some((_, code)) = pending.pop_front() else {
            return false;
        };
        let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=";
        self.post.write(request, &[grant, &code]);
        self.presented = code;
        true
    }

    fn hear(&mut self, answer: &Answer<'_>) -> Result<()> {
        answer.is(400).context("a poll")?;
        let error = answer.member("error")?;
        ensure!(
            error == "authorization_pending",
            "{error} instead of authorization_pending"
        );
        let code = std::mem::take(&mut self.presented);
        self.pending.0.borrow_mut().push_back((Instant::now() + INTERVAL, code));
        Ok(())
    }
}
