use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use informer_oauth_domain::secret::Secret;

use crate::{access_tokens::GoodToken, cache::Lookups};

/// How many tokens are remembered: with what is made of them about a megabyte.
const PLACES: usize = 1024;

/// Good tokens that one thread has seen, each with what was made of it: nothing has to be looked up for them, and nobody else is in
/// the way. They are remembered as long as nothing that makes them good is forgotten, and not longer than that.
pub struct RecentTokens<T> {
    /// Empty until there is something to remember. A token has one place, where it stands until another takes it.
    places: Vec<Option<Recent<T>>>,
    hasher: RandomState,
    lookups: Lookups,
}

/// Whoever tries others learns nothing from how long a comparison takes: a text is compared only with one whose hash, whose seed is
/// the process's own, is the same.
struct Recent<T> {
    hash: u64,
    token: Secret,
    good: GoodToken,
    made: T,
}

impl<T> Default for RecentTokens<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            hasher: RandomState::default(),
            lookups: Lookups::of("gate"),
        }
    }
}

impl<T> RecentTokens<T> {
    /// What is known of a token, and still `holds`; or else what is found out now.
    pub(super) fn of(
        &mut self,
        token: &str,
        holds: impl FnOnce(&GoodToken) -> bool,
        find: impl FnOnce() -> Option<(GoodToken, T)>,
    ) -> Option<(&GoodToken, &T)> {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let hash = self.hasher.hash_one(token);
        let at = usize::try_from(hash % PLACES as u64).unwrap_or_default();
        let place = self.places.get_mut(at)?;
        let is_known = place
            .as_ref()
            .is_some_and(|known| known.hash == hash && known.token.expose() == token && holds(&known.good));
        if self.lookups.count(is_known.then_some(())).is_none() {
            let (good, made) = find()?;
            *place = Some(Recent {
                hash,
                token: Secret::new(token.to_owned()),
                good,
                made,
            });
        }
        place.as_ref().map(|known| (&known.good, &known.made))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
