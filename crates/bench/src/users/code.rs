//! Authorization codes: asking for them, and redeeming them (RFC 6749 §4.1, RFC 7636).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use anyhow::{Context as _, Result, ensure};

use super::{Chains, Post, Seen};
use crate::load::{Answer, VirtualUser};

/// A code, and what besides it a redemption needs, encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) further: Rc<str>,
}

/// Codes that were not redeemed yet.
pub(crate) type Stock = Rc<RefCell<VecDeque<Code>>>;

/// Somebody signed in who has consented already, sent by a client again and again.
pub(crate) struct Authorizing {
    pub(crate) request: Rc<[u8]>,
    pub(crate) further: Rc<str>,
    /// How many codes are still wanted, of all who ask.
    pub(crate) wanted: Rc<RefCell<usize>>,
    pub(crate) stock: Stock,
}

impl VirtualUser for Authorizing {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        let mut wanted = self.wanted.borrow_mut();
        let Some(left) = wanted.checked_sub(1) else {
            return false;
        };
        *wanted = left;
        request.extend_from_slice(&self.request);
        true
    }

    fn hear(&mut self, answer: &Answer<'_>) -> Result<()> {
        answer.is(303).context("an authorization")?;
        let target = answer.field("location").context("a redirect without a Location")?;
        if target.contains("error=temporarily_unavailable") {
            // A store can time out on a busy machine. Making codes is not measured, so it is retried.
            self.refused();
            return Ok(());
        }
        let code = code_in(target).with_context(|| format!("no code in {target}"))?;
        self.stock.borrow_mut().push_back(Code {
            code: code.to_owned(),
            further: Rc::clone(&self.further),
        });
        Ok(())
    }

    fn refused(&mut self) {
        *self.wanted.borrow_mut() += 1;
    }
}

/// The code of a redirect URI.
pub(crate) fn code_in(target: &str) -> Option<&str> {
    let (_, query) = target.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("code="))
}

/// Redeems one code of the stock after the other. What comes of it can be kept for refreshing.
pub(crate) struct Redeeming {
    pub(crate) post: Post,
    pub(crate) stock: Stock,
    pub(crate) seen: Seen,
    pub(crate) kept: Option<Kept>,
}

/// What redemptions gave.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    pub(crate) refresh: Chains,
    pub(crate) access: Rc<RefCell<Vec<String>>>,
}

impl Kept {
    /// The refresh tokens, dealt out among so many users.
    pub(crate) fn dealt(&self, users: usize) -> Vec<Chains> {
        let chains: Vec<Chains> = (0..users).map(|_| Chains::default()).collect();
        for (token, chain) in self.refresh.borrow_mut().drain(..).zip(chains.iter().cycle()) {
            chain.borrow_mut().push_back(token);
        }
        chains
    }
}

impl VirtualUser for Redeeming {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        let Some(Code { code, further }) = self.stock.borrow_mut().pop_front() else {
            return false;
        };
        self.post
            .write(request, &["grant_type=authorization_code&code=", &code, "&", &further]);
        true
    }

    fn hear(&mut self, answer: &Answer<'_>) -> Result<()> {
        answer.is(200).context("a code exchange")?;
        let access = answer.member("access_token")?;
        let refresh = answer.member("refresh_token")?;
        ensure!(self.seen.is_new(refresh), "a refresh token was given out a second time");
        ensure!(self.seen.is_new(access), "an access token was given out a second time");
        if let Some(kept) = &self.kept {
            kept.refresh.borrow_mut().push_back(refresh.to_owned());
            kept.access.borrow_mut().push(access.to_owned());
        }
        Ok(())
    }
}
