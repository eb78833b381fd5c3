use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use foldhash::fast::RandomState;
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};

use super::STALENESS;

type Reading<T> = Shared<BoxFuture<'static, T>>;

/// Reads that are under way, by what is read. Who wants the same joins in instead of reading it as well, and whoever of them is
/// there drives it on: it ends when nobody wants it any more. Nobody joins one that began longer ago than [`STALENESS`].
pub(super) struct Reads<K, T>(Mutex<UnderWay<K, T>>);

struct UnderWay<K, T> {
    by_key: HashMap<K, Read<T>, RandomState>,
    begun: u64,
}

struct Read<T> {
    number: u64,
    since: Instant,
    reading: WeakShared<BoxFuture<'static, T>>,
}

impl<K, T> Default for Reads<K, T> {
    fn default() -> Self {
        Self(Mutex::new(UnderWay {
            by_key: HashMap::default(),
            begun: 0,
        }))
    }
}

impl<K: Hash + Eq + Clone, T: Clone> Reads<K, T> {
    /// Never held while waiting for anything; nothing is half done when it is given up.
    fn under_way(&self) -> MutexGuard<'_, UnderWay<K, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_under_way<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let under_way = self.under_way();
        under_way
            .by_key
            .get(key)
            .is_some_and(|read| read.reading.upgrade().is_some())
    }

    /// Joins the read of a key, or begins it. What it says is handed to `keep` once, unless it was forgotten before.
    pub(super) async fn join(&self, key: K, read: impl FnOnce() -> BoxFuture<'static, T>, keep: impl FnOnce(&T)) -> T {
        let mut part = Part::of(self, key, read);
        let said = (&mut part.reading).await;
        let mut under_way = self.under_way();
        if part.place.clear(&mut under_way) {
            keep(&said);
        }
        drop(under_way);
        said
    }

    /// Lets nobody join the read of a key who asks from now on, and keeps nothing of what it will say; then forgets what is kept.
    pub(super) fn forget(&self, key: &K, kept: impl FnOnce()) {
        self.under_way().by_key.remove(key);
        kept();
    }

    /// The same for every key.
    pub(super) fn forget_all(&self, kept: impl FnOnce()) {
        self.under_way().by_key.clear();
        kept();
    }
}

/// Somebody's part in a read. The fields go in this order: the last part takes the read along before its place is cleared.
struct Part<'a, K: Hash + Eq + Clone, T: Clone> {
    reading: Reading<T>,
    place: Place<'a, K, T>,
}

struct Place<'a, K: Hash + Eq + Clone, T: Clone> {
    reads: &'a Reads<K, T>,
    key: K,
    number: u64,
}

impl<'a, K: Hash + Eq + Clone, T: Clone> Part<'a, K, T> {
    fn of(reads: &'a Reads<K, T>, key: K, read: impl FnOnce() -> BoxFuture<'static, T>) -> Self {
        let mut under_way = reads.under_way();
        let known = under_way.by_key.get(&key);
        let known = known.filter(|read| read.since.elapsed() < STALENESS);
        let joined = known.and_then(|read| Some((read.number, read.reading.upgrade()?)));
        let (number, reading) = joined.unwrap_or_else(|| {
            let reading = read().shared();
            under_way.begun += 1;
            let number = under_way.begun;
            if let Some(weak) = reading.downgrade() {
                let read = Read {
                    number,
                    since: Instant::now(),
                    reading: weak,
                };
                under_way.by_key.insert(key.clone(), read);
            }
            (number, reading)
        });
        drop(under_way);
        Self {
            reading,
            place: Place { reads, key, number },
        }
    }
}

impl<K: Hash + Eq + Clone, T: Clone> Place<'_, K, T> {
    /// Takes the read away from those who might join it; false where it is not there any more.
    fn clear(&self, under_way: &mut UnderWay<K, T>) -> bool {
        let is_there = under_way
            .by_key
            .get(&self.key)
            .is_some_and(|read| read.number == self.number);
        if is_there {
            under_way.by_key.remove(&self.key);
        }
        is_there
    }
}

impl<K: Hash + Eq + Clone, T: Clone> Drop for Place<'_, K, T> {
    fn drop(&mut self) {
        let mut under_way = self.reads.under_way();
        let known = under_way.by_key.get(&self.key);
        if known.is_some_and(|read| read.reading.upgrade().is_none()) {
            self.clear(&mut under_way);
        }
    }
}
