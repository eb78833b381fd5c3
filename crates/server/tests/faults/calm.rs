//! After the faults: asks for everything that was acknowledged. The checker judges the answers.

use std::{collections::BTreeMap, sync::Mutex, thread};

use crate::{
    checker::STALE,
    history::{Deed, Family, Known, Outcome},
    site::Site,
};

/// How many ask at once: more than a pool has connections, so that one that is stuck would be met.
const ASKING: usize = 12;

/// Does something with each item, several at once.
fn with_each<I>(items: I, act: impl Fn(usize, I::Item) + Sync)
where
    I: IntoIterator<IntoIter: Send>,
{
    let items = Mutex::new(items.into_iter().enumerate());
    thread::scope(|scope| {
        for _ in 0..ASKING {
            scope.spawn(|| {
                loop {
                    let item = items.lock().unwrap().next();
                    let Some((number, item)) = item else { return };
                    act(number, item);
                }
            });
        }
    });
}

impl Site {
    /// Asks for what calls after the first `skipped` acknowledged: clients, secrets and consents are looked for, and the
    /// last refresh token of each family is refreshed.
    pub(crate) fn ask_for_everything(&self, skipped: usize) {
        let history = &self.talk.history;
        let registered = history.pick(skipped, |deed| match deed {
            Deed::Register {
                outcome: Outcome::Given(client),
            } => Some(client.clone()),
            _ => None,
        });
        with_each(registered, |number, client| self.talk.read_client(number, &client));
        let secrets = history.pick(skipped, |deed| match deed {
            Deed::AddSecret {
                outcome: Outcome::Given(secret),
            } => Some(secret.clone()),
            _ => None,
        });
        with_each(secrets, |number, secret| {
            self.talk.authenticate(number, &self.talk.holder(&secret));
        });
        let consents = history.pick(skipped, |deed| match deed {
            Deed::Consent {
                client,
                outcome: Outcome::Given(_),
            } => Some(client.clone()),
            _ => None,
        });
        with_each(consents, |number, client| self.talk.ask_consent(number, &client));
        self.refresh_the_last_of(&history.families(skipped));
    }

    fn refresh_the_last_of(&self, families: &BTreeMap<Family, Known>) {
        let last = families
            .iter()
            .flat_map(|(family, known)| known.last().map(|token| (*family, token)));
        with_each(last.collect::<Vec<_>>(), |number, (family, token)| {
            self.talk.refresh(number, &self.talk.owner(family), family, token);
        });
    }

    /// Asks which tokens are good, of all that there were, when nothing remembered can be out of date.
    pub(crate) fn look_at_every_token(&self) {
        thread::sleep(STALE);
        let families = self.talk.history.families(0);
        let talk = &self.talk;
        with_each(&families, |number, (family, known)| {
            talk.inspect_access(number, &self.inspector, *family, &known.access);
            // The first ones and the last ones: in between is nothing that they do not tell.
            let count = known.tokens.len();
            for (index, token) in known.tokens.iter().enumerate() {
                if index < 1 || index + 3 > count {
                    talk.inspect_refresh(number, &self.inspector, *family, token);
                }
            }
        });
    }
}
