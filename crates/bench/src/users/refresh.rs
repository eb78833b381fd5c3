//! Refreshing (RFC 6749 §6).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use anyhow::{Context as _, Result, ensure};

use super::{Post, Seen};
use crate::load::{Answer, VirtualUser};

/// Refresh tokens of one user, each the newest of its family; the one that has been left alone for longest first.
pub(crate) type Chains = Rc<RefCell<VecDeque<String>>>;

/// Refreshes one of its grants after the other.
pub(crate) struct Refreshing {
    post: Post,
    chains: Chains,
    seen: Seen,
    presented: String,
}

impl Refreshing {
    pub(crate) fn new(post: Post, chains: Chains, seen: Seen) -> Self {
        Self {
            post,
            chains,
            seen,
            presented: String::new(),
        }
    }
}

impl VirtualUser for Refreshing {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        let Some(token) = self.chains.borrow_mut().pop_front() else {
            return false;
        };
        self.post
            .write(request, &["grant_type=refresh_token&refresh_token=", &token]);
        self.presented = token;
        true
    }

    fn hear(&mut self, answer: &Answer<'_>) -> Result<()> {
        answer.is(200).context("a refresh")?;
        let access = answer.member("access_token")?;
        let successor = answer.member("refresh_token")?;
        ensure!(successor != self.presented, "the refresh token was not rotated");
        ensure!(
            self.seen.is_new(successor),
            "a refresh token was given out a second time"
        );
        ensure!(!access.is_empty(), "an empty access token");
        ensure!(self.seen.is_new(access), "an access token was given out a second time");
        self.chains.borrow_mut().push_back(successor.to_owned());
        Ok(())
    }
}
