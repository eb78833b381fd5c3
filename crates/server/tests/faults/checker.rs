//! Judges a history: what must not have happened, whatever the faults were.
//!
//! Time is who asked's: a call took effect, if it did, after it was sent; and, when its outcome is definite, before it was
//! answered. A call without a definite outcome may have taken effect at any time after it was sent, or not at all.

mod family;
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use self::family::Life;
use crate::history::{Call, Deed, Family, Outcome};

/// How old an answer of a replica that looks only may be: the caches' second, and a moment to be asked and answered.
pub(crate) const STALE: Duration = Duration::from_millis(1300);

/// What the service under test promises beyond what it always does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promises {
    /// A refresh token may be presented again for as long as the history is: it gives the same successor until that is used.
    pub(crate) retry_window: bool,
    /// Codes and sessions outlive the faults. Where Redis keeps nothing on disk, they do not.
    pub(crate) codes_survive: bool,
}

/// What must not have happened.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Violation {
    /// A code gave tokens twice, or after it had been refused.
    CodeUsedTwice(Family),
    /// A code was refused though nobody had presented it before.
    CodeLost(Family),
    /// A refresh token had two successors.
    Forked(Family, String),
    /// A refresh token was exchanged although it had been before, or after its successor had been.
    RotatedAgain(Family, String),
    /// Two refresh tokens were good at the same time.
    TwoLive(Family, String, String),
    /// A token was good after its family had ended.
    AliveAfterItsEnd(Family),
    /// A token was refused though nothing can have ended it.
    TokenLost(Family, String),
    /// An acknowledged client was not there.
    ClientLost(String),
    /// An acknowledged secret did not work.
    SecretLost(String),
    /// A deleted secret worked.
    SecretAlive(String),
    /// The right password was refused.
    PasswordRefused,
    /// Nobody was signed in with a session that had just been given.
    SessionLost,
    /// Consent that was given was not on record.
    ConsentLost(String),
    /// What was acknowledged was not asked for when all was calm again.
    NotAsked(String),
    /// It was, and there was no answer.
    NoAnswer(String),
}

impl Violation {
    /// The family that it is about.
    pub(crate) const fn family(&self) -> Option<Family> {
        match self {
            Self::CodeUsedTwice(family)
            | Self::CodeLost(family)
            | Self::Forked(family, _)
            | Self::RotatedAgain(family, _)
            | Self::TwoLive(family, ..)
            | Self::AliveAfterItsEnd(family)
            | Self::TokenLost(family, _) => Some(*family),
            _ => None,
        }
    }
}

/// Everything that is wrong with a history.
pub(crate) fn check(calls: &[Call], promises: Promises) -> BTreeSet<Violation> {
    let mut found = BTreeSet::new();
    for call in calls.iter().filter(|call| call.calm && !call.deed.is_definite()) {
        found.insert(Violation::NoAnswer(format!("{:?}", call.deed)));
    }
    check_sign_ins(calls, promises, &mut found);
    check_what_was_registered(calls, &mut found);
    check_secrets(calls, &mut found);
    check_consents(calls, &mut found);
    for (family, life) in Life::of_all(calls) {
        life.check(family, promises, &mut found);
    }
    found
}

fn check_sign_ins(calls: &[Call], promises: Promises, found: &mut BTreeSet<Violation>) {
    for call in calls {
        match &call.deed {
            Deed::SignIn {
                outcome: Outcome::Refused,
            } => found.insert(Violation::PasswordRefused),
            Deed::UseSession {
                outcome: Outcome::Refused,
            } if promises.codes_survive => found.insert(Violation::SessionLost),
            _ => continue,
        };
    }
}

fn check_what_was_registered(calls: &[Call], found: &mut BTreeSet<Violation>) {
    let mut asked = BTreeSet::new();
    for call in calls {
        if let Deed::ReadClient { client, outcome } = &call.deed {
            if call.calm && outcome.is_definite() {
                asked.insert(client);
            }
            if outcome.is_refused() {
                found.insert(Violation::ClientLost(client.clone()));
            }
        }
    }
    for call in calls {
        if let Deed::Register {
            outcome: Outcome::Given(client),
        } = &call.deed
            && !asked.contains(client)
        {
            found.insert(Violation::NotAsked(format!("client {client}")));
        }
    }
}

fn check_secrets(calls: &[Call], found: &mut BTreeSet<Violation>) {
    /// When a removal was first sent, and when one was first acknowledged.
    #[derive(Default)]
    struct Removal {
        sent: Option<Duration>,
        done: Option<Duration>,
    }
    let mut removals = BTreeMap::<&str, Removal>::new();
    let mut asked = BTreeSet::<&str>::new();
    for call in calls {
        match &call.deed {
            Deed::RemoveSecret { secret, outcome } => {
                let removal = removals.entry(secret).or_default();
                note(&mut removal.sent, call.start);
                if outcome.is_given() {
                    note(&mut removal.done, call.end);
                }
            }
            Deed::Authenticate { secret, outcome } if call.calm && outcome.is_definite() => {
                asked.insert(secret);
            }
            _ => {}
        }
    }
    for call in calls {
        match &call.deed {
            Deed::Authenticate { secret, outcome } => {
                let removal = removals.get(secret.as_str());
                let may_be_gone = removal.and_then(|removal| removal.sent).is_some_and(|at| at < call.end);
                let is_gone = removal
                    .and_then(|removal| removal.done)
                    .is_some_and(|at| at + STALE < call.start);
                if outcome.is_refused() && !may_be_gone {
                    found.insert(Violation::SecretLost(secret.clone()));
                }
                if outcome.is_given() && is_gone {
                    found.insert(Violation::SecretAlive(secret.clone()));
                }
            }
            Deed::AddSecret {
                outcome: Outcome::Given(secret),
            } if !asked.contains(secret.as_str()) => {
                found.insert(Violation::NotAsked(format!("secret {secret}")));
            }
            _ => {}
        }
    }
}

fn note(earliest: &mut Option<Duration>, at: Duration) {
    *earliest = Some(earliest.map_or(at, |known| known.min(at)));
}

fn check_consents(calls: &[Call], found: &mut BTreeSet<Violation>) {
    let mut given = BTreeMap::<&str, Duration>::new();
    for call in calls {
        if let Deed::Consent { client, outcome } = &call.deed
            && outcome.is_given()
        {
            let at = given.entry(client).or_insert(call.end);
            *at = call.end.min(*at);
        }
    }
    let mut asked = BTreeSet::<&str>::new();
    for call in calls {
        if let Deed::AskConsent { client, outcome } = &call.deed {
            if call.calm && outcome.is_given() {
                asked.insert(client);
            }
            let was_given = given.get(client.as_str()).is_some_and(|at| *at < call.start);
            if matches!(outcome, Outcome::Given(false)) && was_given {
                found.insert(Violation::ConsentLost(client.clone()));
            }
        }
    }
    for client in given.keys().filter(|client| !asked.contains(*client)) {
        found.insert(Violation::NotAsked(format!("consent to {client}")));
    }
}
