//! What must not have happened to a family.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Promises, STALE, Violation};
use crate::history::{Call, Deed, Family, Grant, Outcome};

/// A call and what it came to.
struct Asked<'a, T> {
    call: &'a Call,
    outcome: &'a Outcome<T>,
}

/// All that happened to a family.
#[derive(Default)]
pub(super) struct Life<'a> {
    redemptions: Vec<Asked<'a, Grant>>,
    refreshes: Vec<(&'a str, Asked<'a, Grant>)>,
    revocations: Vec<Asked<'a, ()>>,
    accesses: Vec<Asked<'a, bool>>,
    looks: Vec<(&'a str, Asked<'a, bool>)>,
}

impl<'a> Life<'a> {
    /// By family.
    pub(super) fn of_all(calls: &'a [Call]) -> BTreeMap<Family, Self> {
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

    /// Everything that is wrong with it.
    pub(super) fn check(&self, family: Family, promises: Promises, found: &mut BTreeSet<Violation>) {
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
