use std::{
    borrow::Borrow,
    hash::Hash,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use moka::ops::compute::Op;

use super::{Cache, Lookups, STALENESS, cache};

/// From this age on what is remembered is read again by the first who asks for it, while the others still take what is there.
/// Otherwise all who ask for it when it goes would read it, and wait for that: as many as there are requests at a time.
const RENEWED_AFTER: Duration = STALENESS.saturating_mul(3).checked_div(4).expect("four is not zero");

/// What was read from a store, each for at most [`STALENESS`].
pub(super) struct Remembered<K, V> {
    kept: Cache<K, Arc<Kept<V>>>,
    lookups: Lookups,
}

/// A value, and since when it is remembered.
pub(super) struct Kept<V> {
    value: V,
    since: Instant,
    is_renewed: AtomicBool,
}

impl<V> Kept<V> {
    fn new(value: V) -> Arc<Self> {
        Arc::new(Self {
            value,
            since: Instant::now(),
            is_renewed: AtomicBool::new(false),
        })
    }

    /// Whether whoever asks now is to read it again: one does, and if it comes to nothing, the value goes when its time is over.
    fn is_to_be_renewed(&self) -> bool {
        self.since.elapsed() >= RENEWED_AFTER && !self.is_renewed.swap(true, Ordering::Relaxed)
    }
}

impl<V> Deref for Kept<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<K, V> Remembered<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// At most `capacity` values; `name` is what they are counted by.
    pub(super) fn new(name: &'static str, capacity: u64) -> Self {
        Self {
            kept: cache(capacity, STALENESS),
            lookups: Lookups::of(name),
        }
    }

    /// The value of a key: remembered, or else read. That there is none is not remembered.
    pub(super) async fn get<Q, R, E>(&self, key: &Q, read: impl FnOnce() -> R) -> Result<Option<Arc<Kept<V>>>, E>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        R: Future<Output = Result<Option<V>, E>>,
    {
        let known = self.kept.get(key);
        let fresh = known.as_ref().filter(|kept| !kept.is_to_be_renewed());
        if self.lookups.count(fresh).is_some() {
            return Ok(known);
        }
        let value = read().await?.map(Kept::new);
        match (&known, &value) {
            (None, None) => {}
            (None, Some(value)) => self.kept.insert(key.to_owned(), Arc::clone(value)),
            (Some(known), _) => self.renew(key.to_owned(), known, value.clone()),
        }
        Ok(value)
    }

    /// Puts a value into the place of an older one, unless that was forgotten meanwhile: what was read may be from before.
    fn renew(&self, key: K, known: &Arc<Kept<V>>, value: Option<Arc<Kept<V>>>) {
        self.kept.entry(key).and_compute_with(|entry| match (entry, value) {
            (Some(entry), value) if Arc::ptr_eq(entry.value(), known) => value.map_or(Op::Remove, Op::Put),
            _ => Op::Nop,
        });
    }

    pub(super) fn forget<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.kept.invalidate(key);
    }

    /// Looks at every value: for those that are few, and forgotten seldom.
    pub(super) fn forget_where(&self, concerns: impl Fn(&V) -> bool) {
        for (key, kept) in &self.kept {
            if concerns(&kept) {
                self.kept.invalidate(&*key);
            }
        }
    }

    pub(super) fn forget_all(&self) {
        self.kept.invalidate_all();
    }
}
