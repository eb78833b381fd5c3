use informer_oauth_domain::{id::TokenRecordId, timestamp::Timestamp};
use moka::ops::compute::{CompResult, Op};

use super::{Cache, STALENESS, cache};

/// The uses of token records that this process has begun to note lately, so that requests at the same moment do not note the
/// same use several times.
#[derive(Clone)]
pub(crate) struct RecentUses(Cache<TokenRecordId, Timestamp>);

impl RecentUses {
    pub(crate) fn new(capacity: u64) -> Self {
        Self(cache(capacity, STALENESS * 60))
    }

    /// Begins to note a use, unless the last one is so recent that it is not due. Of several callers at once one gets `true`.
    pub(crate) fn begin(&self, record: TokenRecordId, now: Timestamp, is_due: impl Fn(Timestamp) -> bool) -> bool {
        if self.0.get(&record).is_some_and(|last| !is_due(last)) {
            return false;
        }
        let done = self.0.entry(record).and_compute_with(|known| match known {
            Some(known) if !is_due(*known.value()) => Op::Nop,
            _ => Op::Put(now),
        });
        matches!(done, CompResult::Inserted(_) | CompResult::ReplacedWith(_))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_of_many_callers_notes_a_use() {
        let uses = RecentUses::new(10);
        let record = TokenRecordId::new(uuid::Uuid::from_u128(1));
        let begin = |at: i64| {
            let now = Timestamp::from_seconds(at);
            uses.begin(record, now, |last| now.since(last) >= Duration::from_mins(1))
        };
        let count = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..8).map(|_| scope.spawn(|| begin(1000))).collect();
            callers
                .into_iter()
                .filter_map(|caller| caller.join().ok())
                .filter(|first| *first)
                .count()
        });
        assert_eq!(count, 1);
        assert!(!begin(1059));
        assert!(begin(1060));
    }
}
