use std::{
    borrow::Borrow,
    hash::Hash,
    ops::Deref,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;

use super::{Cache, Lookups, STALENESS, cache, reads::Reads};

/// From this age on what is remembered is read again by the first who asks for it, while the others still take what is there.
/// Otherwise all who ask for it when it goes would wait for it: as many as there are requests at a time.
const RENEWED_AFTER: Duration = STALENESS.saturating_mul(3).checked_div(4).expect("four is not zero");

/// What was read from a store, each for at most [`STALENESS`]. Of those who miss the same thing at the same moment one reads it.
pub(super) struct Remembered<K, V, E> {
    kept: Cache<K, Arc<Kept<V>>>,
    reads: Reads<K, Said<V, E>>,
    lookups: Lookups,
}

/// What a read says.
type Said<V, E> = Result<Option<Arc<Kept<V>>>, E>;

/// A value, and when somebody began to read it: what has changed since then it does not tell.
pub(super) struct Kept<V> {
    value: V,
    since: Instant,
}

impl<V> Kept<V> {
    fn new(value: V, since: Instant) -> Arc<Self> {
        Arc::new(Self { value, since })
    }

    fn age(&self, moment: Instant) -> Duration {
        moment.duration_since(self.since)
    }
}

impl<V> Deref for Kept<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<K, V, E> Remembered<K, V, E>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// At most `capacity` values; `name` is what they are counted by.
    pub(super) fn new(name: &'static str, capacity: u64) -> Self {
        Self {
            kept: cache(capacity, STALENESS),
            reads: Reads::default(),
            lookups: Lookups::of(name),
        }
    }

    /// The value of a key: remembered, or else read. That there is none is not remembered.
    pub(super) async fn get<Q>(
        &self,
        key: &Q,
        read: impl FnOnce() -> BoxFuture<'static, Result<Option<V>, E>>,
    ) -> Said<V, E>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(known) = self.lookups.count(self.fresh(key)) {
            return Ok(Some(known));
        }
        let key = key.to_owned();
        let keep = |said: &Said<V, E>| match said {
            Ok(Some(value)) => self.kept.insert(key.clone(), Arc::clone(value)),
            Ok(None) => self.kept.invalidate(&key),
            Err(_) => {}
        };
        let read = || {
            let (read, since) = (read(), Instant::now());
            Box::pin(async move { Ok(read.await?.map(|value| Kept::new(value, since))) }) as BoxFuture<'static, _>
        };
        self.reads.join(key.clone(), read, keep).await
    }

    /// What is remembered, unless it is time for somebody to read it again.
    fn fresh<Q>(&self, key: &Q) -> Option<Arc<Kept<V>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let known = self.kept.get(key)?;
        let age = known.age(Instant::now());
        (age < RENEWED_AFTER || age < STALENESS && self.reads.is_under_way(key)).then_some(known)
    }

    /// Drops a value, so that the next caller reads it again.
    pub(super) fn forget(&self, key: &K) {
        self.reads.forget(key, || self.kept.invalidate(key));
    }

    /// Looks at every value: for those that are few, and forgotten seldom. What is being read is forgotten as well, whatever it is.
    pub(super) fn forget_where(&self, concerns: impl Fn(&V) -> bool) {
        self.reads.forget_all(|| {
            for (key, kept) in &self.kept {
                if concerns(&kept) {
                    self.kept.invalidate(&*key);
                }
            }
        });
    }

    pub(super) fn forget_all(&self) {
        self.reads.forget_all(|| self.kept.invalidate_all());
    }
}
