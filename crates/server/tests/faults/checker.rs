//! Judges a history: what must not have happened, whatever the faults were.
//!
//! Time is who asked's: a call took effect, if it did, after it was sent; and, when its outcome is definite, before it was
//! answered. A call without a definite outcome may have taken effect at any time after it was sent, or not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::history::{Call, Deed, Family, Grant, Outcome};

/// How old an answer of a replica that looks only may be: the caches' second, and a moment to be asked and answered.
pub(crate) const STALE: Duration = Duration::from_millis(1300);

/// What the service under test promises beyond what it always does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promises {
    /// A refresh token may be presented again for as long as the history is: it gives the same successor until that is used.
    pub(crate) retry_window: bool,
    /// Codes outlive the faults. Where Redis keeps nothing on disk, they do not.
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
    check_what_was_registered(calls, &mut found);
    check_secrets(calls, &mut found);
    check_consents(calls, &mut found);
    for (family, life) in Life::of_all(calls) {
        life.check(family, promises, &mut found);
    }
    found
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
                removal.sent = earlier(removal.sent, call.start);
                if outcome.is_given() {
                    removal.done = earlier(removal.done, call.end);
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

fn earlier(known: Option<Duration>, at: Duration) -> Option<Duration> {
    Some(known.map_or(at, |known| known.min(at)))
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

/// A call and what it came to.
struct Asked<'a, T> {
    call: &'a Call,
    outcome: &'a Outcome<T>,
}

/// All that happened to a family.
#[derive(Default)]
struct Life<'a> {
    redemptions: Vec<Asked<'a, Grant>>,
    refreshes: Vec<(&'a str, Asked<'a, Grant>)>,
    revocations: Vec<Asked<'a, ()>>,
    accesses: Vec<Asked<'a, bool>>,
    looks: Vec<(&'a str, Asked<'a, bool>)>,
}

impl<'a> Life<'a> {
    fn of_all(calls: &'a [Call]) -> BTreeMap<Family, Self> {
        let mut lives = BTreeMap::<Family, Self>::new();
        for call in calls {
            match &call.deed {
                Deed::Redeem { family, outcome } => {
                    lives
                        .entry(*family)
                        .or_default()
                        .redemptions
                        .push(Asked { call, outcome });
                }
                Deed::Refresh {
                    family,
                    presented,
                    outcome,
                } => lives
                    .entry(*family)
                    .or_default()
                    .refreshes
                    .push((presented, Asked { call, outcome })),
                Deed::Revoke { family, outcome } => {
                    lives
                        .entry(*family)
                        .or_default()
                        .revocations
                        .push(Asked { call, outcome });
                }
                Deed::InspectAccess { family, outcome } => {
                    lives.entry(*family).or_default().accesses.push(Asked { call, outcome });
                }
                Deed::InspectRefresh { family, token, outcome } => lives
                    .entry(*family)
                    .or_default()
                    .looks
                    .push((token, Asked { call, outcome })),
                _ => {}
            }
        }
        lives
    }

    fn check(&self, family: Family, promises: Promises, found: &mut BTreeSet<Violation>) {
        self.check_code(family, promises, found);
        self.check_rotations(family, promises, found);
        self.check_that_one_lives(family, found);
        self.check_end(family, promises, found);
        self.check_that_nothing_is_lost(family, promises, found);
        self.check_that_it_was_asked(family, found);
    }

    fn given(&self) -> impl Iterator<Item = (&'a str, &'a Grant, &'a Call)> {
        self.refreshes
            .iter()
            .filter_map(|(presented, asked)| match asked.outcome {
                Outcome::Given(grant) => Some((*presented, grant, asked.call)),
                _ => None,
            })
    }

    fn check_code(&self, family: Family, promises: Promises, found: &mut BTreeSet<Violation>) {
        let given: Vec<&Call> = self
            .redemptions
            .iter()
            .filter(|asked| asked.outcome.is_given())
            .map(|asked| asked.call)
            .collect();
        let refused = || self.redemptions.iter().filter(|asked| asked.outcome.is_refused());
        let after_refusal = given
            .iter()
            .any(|given| refused().any(|refused| refused.call.end < given.start));
        if given.len() > 1 || after_refusal {
            found.insert(Violation::CodeUsedTwice(family));
        }
        let unexplained = refused().any(|refused| {
            let presented = self
                .redemptions
                .iter()
                .filter(|other| other.call.start < refused.call.end);
            presented.count() < 2
        });
        if unexplained && promises.codes_survive {
            found.insert(Violation::CodeLost(family));
        }
    }

    fn check_rotations(&self, family: Family, promises: Promises, found: &mut BTreeSet<Violation>) {
        let mut successors = BTreeMap::<&str, Vec<(&str, &Call)>>::new();
        for (presented, grant, call) in self.given() {
            successors
                .entry(presented)
                .or_default()
                .push((grant.refresh.as_str(), call));
        }
        for (presented, given) in &successors {
            if given.iter().any(|(successor, _)| *successor != given[0].0) {
                found.insert(Violation::Forked(family, (*presented).to_owned()));
            }
            let used = successors.get(given[0].0);
            let used = used.and_then(|used| used.iter().map(|(_, call)| call.end).min());
            let after_successor = used.is_some_and(|used| given.iter().any(|(_, call)| used < call.start));
            if after_successor || (given.len() > 1 && !promises.retry_window) {
                found.insert(Violation::RotatedAgain(family, (*presented).to_owned()));
            }
        }
    }

    /// When a token was first given out.
    fn born(&self, token: &str) -> Option<Duration> {
        let by_code = self.redemptions.iter().filter_map(|asked| match asked.outcome {
            Outcome::Given(grant) if grant.refresh == token => Some(asked.call.end),
            _ => None,
        });
        let by_refresh = self
            .given()
            .filter(|(_, grant, _)| grant.refresh == token)
            .map(|(_, _, call)| call.end);
        by_code.chain(by_refresh).min()
    }

    fn check_that_one_lives(&self, family: Family, found: &mut BTreeSet<Violation>) {
        let good: Vec<(&str, &Call)> = self
            .looks
            .iter()
            .filter(|(_, asked)| matches!(asked.outcome, Outcome::Given(true)))
            .map(|(token, asked)| (*token, asked.call))
            .collect();
        for (index, (one, at)) in good.iter().enumerate() {
            for (other, also_at) in &good[index + 1..] {
                if one == other {
                    continue;
                }
                let (first, last) = (at.start.min(also_at.start), at.end.max(also_at.end));
                let both_are_known = [one, other]
                    .iter()
                    .all(|token| self.born(token).is_some_and(|born| born + STALE < first));
                let changed_meanwhile = self
                    .refreshes
                    .iter()
                    .any(|(_, asked)| asked.call.start < last && first < asked.call.end + STALE);
                if both_are_known && !changed_meanwhile {
                    found.insert(Violation::TwoLive(family, (*one).to_owned(), (*other).to_owned()));
                }
            }
        }
    }

    /// When the family had ended for certain.
    fn ended(&self, promises: Promises) -> Option<Duration> {
        let revoked = self.revocations.iter().filter(|asked| asked.outcome.is_given());
        let revoked = revoked.map(|asked| asked.call.end);
        // Without a window for retries, what is refused has ended or is a replay, which ends it.
        let refused = self.refreshes.iter().map(|(_, asked)| asked);
        let refused = refused.filter(|asked| asked.outcome.is_refused() && !promises.retry_window);
        let refused = refused.map(|asked| asked.call.end);
        let code_end = |is: fn(&Outcome<Grant>) -> bool| {
            let those = self.redemptions.iter().filter(move |asked| is(asked.outcome));
            those.map(|asked| asked.call.end).min()
        };
        let replayed = code_end(Outcome::is_given)
            .zip(code_end(Outcome::is_refused))
            .filter(|_| promises.codes_survive)
            .map(|(one, other)| one.max(other));
        revoked.chain(refused).chain(replayed).min()
    }

    fn check_end(&self, family: Family, promises: Promises, found: &mut BTreeSet<Violation>) {
        let Some(ended) = self.ended(promises) else {
            return;
        };
        let refreshed = self.given().any(|(_, _, call)| ended < call.start);
        let mut looks = self.looks.iter().map(|(_, asked)| asked).chain(&self.accesses);
        let looked =
            looks.any(|asked| matches!(asked.outcome, Outcome::Given(true)) && ended + STALE < asked.call.start);
        if refreshed || looked {
            found.insert(Violation::AliveAfterItsEnd(family));
        }
    }

    /// Whether something sent before `before` may have ended the family.
    fn may_have_ended(&self, before: Duration, promises: Promises) -> bool {
        let sent = |call: &Call| call.start < before;
        let revoked = self.revocations.iter().any(|asked| sent(asked.call));
        let code_replayed = self.redemptions.iter().filter(|asked| sent(asked.call)).count() > 1;
        let mut presented = BTreeSet::new();
        let replayed = self
            .refreshes
            .iter()
            .filter(|(_, asked)| sent(asked.call))
            .any(|(token, _)| !presented.insert(token));
        revoked || code_replayed || (replayed && !promises.retry_window)
    }

    /// Whether the token was presented in another call that may have come before this one.
    fn may_be_rotated(&self, token: &str, before: &Call) -> bool {
        self.refreshes.iter().any(|(presented, asked)| {
            *presented == token && !std::ptr::eq(asked.call, before) && asked.call.start < before.end
        })
    }

    fn check_that_nothing_is_lost(&self, family: Family, promises: Promises, found: &mut BTreeSet<Violation>) {
        for (token, asked) in self.refreshes.iter().filter(|(_, asked)| asked.outcome.is_refused()) {
            let superseded = promises.retry_window
                && self.given().any(|(presented, grant, _)| {
                    presented == *token && self.may_be_rotated(&grant.refresh, asked.call)
                });
            if !superseded && !self.may_have_ended(asked.call.end, promises) {
                found.insert(Violation::TokenLost(family, (*token).to_owned()));
            }
        }
        for (token, asked) in &self.looks {
            let explained = self.may_be_rotated(token, asked.call) || self.may_have_ended(asked.call.end, promises);
            if matches!(asked.outcome, Outcome::Given(false)) && !explained {
                found.insert(Violation::TokenLost(family, (*token).to_owned()));
            }
        }
        for asked in &self.accesses {
            if matches!(asked.outcome, Outcome::Given(false)) && !self.may_have_ended(asked.call.end, promises) {
                found.insert(Violation::TokenLost(family, "access".to_owned()));
            }
        }
    }

    /// What was given out last must have been presented once more when all was calm.
    fn check_that_it_was_asked(&self, family: Family, found: &mut BTreeSet<Violation>) {
        let exchanged: BTreeSet<&str> = self
            .given()
            .filter(|(_, _, call)| !call.calm)
            .map(|(presented, _, _)| presented)
            .collect();
        let by_code = self.redemptions.iter().filter_map(|asked| match asked.outcome {
            Outcome::Given(grant) => Some(grant.refresh.as_str()),
            _ => None,
        });
        let by_refresh = self
            .given()
            .filter(|(_, _, call)| !call.calm)
            .map(|(_, grant, _)| grant.refresh.as_str());
        for token in by_code.chain(by_refresh).filter(|token| !exchanged.contains(token)) {
            let asked = self
                .refreshes
                .iter()
                .any(|(presented, asked)| *presented == token && asked.call.calm && asked.outcome.is_definite());
            if !asked {
                found.insert(Violation::NotAsked(format!("{family:?}")));
            }
        }
    }
}

mod tests;
