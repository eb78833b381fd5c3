//! What was asked of the service, and what it answered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// An authorization code and every token that came of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Family(pub(crate) usize);

/// What the token endpoint gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Grant {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// What became of a request, as far as who made it knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome<T> {
    /// It was done.
    Given(T),
    /// It was not done, and will not be.
    Refused,
    /// 503: it may have been done, or may be yet.
    Unavailable,
    /// The connection ended without an answer: the same.
    Lost,
}

impl<T> Outcome<T> {
    pub(crate) fn given(self) -> Option<T> {
        match self {
            Self::Given(what) => Some(what),
            Self::Refused | Self::Unavailable | Self::Lost => None,
        }
    }

    pub(crate) const fn is_given(&self) -> bool {
        matches!(self, Self::Given(_))
    }

    pub(crate) const fn is_refused(&self) -> bool {
        matches!(self, Self::Refused)
    }

    /// Whether it is known what was done.
    pub(crate) const fn is_definite(&self) -> bool {
        self.is_given() || self.is_refused()
    }
}

/// What was asked, and with what outcome.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// A sign-in with the right password.
    SignIn { outcome: Outcome<()> },
    /// A request with the session of a sign-in, at once.
    UseSession { outcome: Outcome<()> },
    /// A new client, by its id.
    Register { outcome: Outcome<String> },
    /// Whether a client is there.
    ReadClient { client: String, outcome: Outcome<()> },
    /// A new secret.
    AddSecret { outcome: Outcome<String> },
    /// A secret's deletion.
    RemoveSecret { secret: String, outcome: Outcome<()> },
    /// Whether a secret is good.
    Authenticate { secret: String, outcome: Outcome<()> },
    /// The user's consent, and so a code: the beginning of a family.
    Consent { client: String, outcome: Outcome<Family> },
    /// Whether consent to a client is on record.
    AskConsent { client: String, outcome: Outcome<bool> },
    /// A presentation of a family's code.
    Redeem { family: Family, outcome: Outcome<Grant> },
    /// A presentation of a refresh token.
    Refresh {
        family: Family,
        presented: String,
        outcome: Outcome<Grant>,
    },
    /// The revocation of a family.
    Revoke { family: Family, outcome: Outcome<()> },
    /// Whether an access token is good.
    InspectAccess { family: Family, outcome: Outcome<bool> },
    /// Whether a refresh token is good.
    InspectRefresh {
        family: Family,
        token: String,
        outcome: Outcome<bool>,
    },
}

impl Deed {
    /// The family that it is about.
    pub(crate) const fn family(&self) -> Option<Family> {
        match self {
            Self::Consent {
                outcome: Outcome::Given(family),
                ..
            }
            | Self::Redeem { family, .. }
            | Self::Refresh { family, .. }
            | Self::Revoke { family, .. }
            | Self::InspectAccess { family, .. }
            | Self::InspectRefresh { family, .. } => Some(*family),
            _ => None,
        }
    }

    pub(crate) const fn is_definite(&self) -> bool {
        match self {
            Self::Register { outcome } | Self::AddSecret { outcome } => outcome.is_definite(),
            Self::SignIn { outcome }
            | Self::UseSession { outcome }
            | Self::ReadClient { outcome, .. }
            | Self::RemoveSecret { outcome, .. }
            | Self::Authenticate { outcome, .. }
            | Self::Revoke { outcome, .. } => outcome.is_definite(),
            Self::Consent { outcome, .. } => outcome.is_definite(),
            Self::AskConsent { outcome, .. }
            | Self::InspectAccess { outcome, .. }
            | Self::InspectRefresh { outcome, .. } => outcome.is_definite(),
            Self::Redeem { outcome, .. } | Self::Refresh { outcome, .. } => outcome.is_definite(),
        }
    }
}

/// One request, by when it was sent and answered.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) start: Duration,
    pub(crate) end: Duration,
    /// Whether there was no fault, nor had just been one.
    pub(crate) calm: bool,
    pub(crate) deed: Deed,
}

/// All calls so far.
pub(crate) struct History {
    began: Instant,
    families: AtomicUsize,
    calls: Mutex<Vec<Call>>,
}

/// What is known of a family.
#[derive(Clone, Default, Debug)]
pub(crate) struct Known {
    /// Every refresh token that was given out, in order.
    pub(crate) tokens: Vec<String>,
    /// The last access token.
    pub(crate) access: String,
    /// Refresh tokens for which a successor was given out.
    rotated: BTreeSet<String>,
}

impl Known {
    /// The tokens of which no successor is known: one, unless the family forked.
    pub(crate) fn last(&self) -> impl Iterator<Item = &String> {
        self.tokens.iter().filter(|token| !self.rotated.contains(*token))
    }
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            families: AtomicUsize::new(0),
            calls: Mutex::default(),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn new_family(&self) -> Family {
        Family(self.families.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn add(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    /// All calls, in the order in which they were sent.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let mut calls = self.calls.lock().unwrap().clone();
        calls.sort_by_key(|call| call.start);
        calls
    }

    /// The families that gave tokens in calls after the first `skipped`.
    pub(crate) fn families(&self, skipped: usize) -> BTreeMap<Family, Known> {
        let mut families = BTreeMap::<Family, Known>::new();
        for call in &self.calls.lock().unwrap()[skipped..] {
            let (family, presented, grant) = match &call.deed {
                Deed::Redeem {
                    family,
                    outcome: Outcome::Given(grant),
                } => (family, None, grant),
                Deed::Refresh {
                    family,
                    presented,
                    outcome: Outcome::Given(grant),
                } => (family, Some(presented), grant),
                _ => continue,
            };
            let known = families.entry(*family).or_default();
            known.rotated.extend(presented.cloned());
            known.access.clone_from(&grant.access);
            if !known.tokens.contains(&grant.refresh) {
                known.tokens.push(grant.refresh.clone());
            }
        }
        families
    }

    /// What `pick` finds in calls after the first `skipped`, each once.
    pub(crate) fn pick<T: Ord>(&self, skipped: usize, pick: impl Fn(&Deed) -> Option<T>) -> BTreeSet<T> {
        let calls = self.calls.lock().unwrap();
        calls[skipped..].iter().filter_map(|call| pick(&call.deed)).collect()
    }
}
