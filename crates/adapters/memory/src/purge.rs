//! Removing entries that are over.

use std::{collections::HashMap, hash::Hash};

/// Removes up to `limit` entries that are over, and returns how many it removed.
pub(crate) fn purge<K: Clone + Eq + Hash, V>(
    entries: &mut HashMap<K, V>,
    limit: u32,
    over: impl Fn(&V) -> bool,
) -> u64 {
    let keys: Vec<K> = entries
        .iter()
        .filter(|(_, value)| over(value))
        .map(|(key, _)| key.clone())
        .take(limit as usize)
        .collect();
    for key in &keys {
        entries.remove(key);
    }
    keys.len() as u64
}
