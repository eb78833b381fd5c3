//! Obligations of [`UsageLog`].

use informer_oauth_domain::{
    day::Day,
    grant_type::GrantType,
    usage::{GrantOutcome, UsageCount, UsageKey},
};
use informer_oauth_ports::UsageLog;

use super::{Answered, drained};
use crate::{at_once, concurrency::RACERS, values::NOW};

/// The day with number `n`, around the day of [`NOW`].
fn day(n: u32) -> Day {
    Day::of(NOW).minus(10).plus(n)
}

fn key(n: u32, grant: GrantType, outcome: GrantOutcome) -> UsageKey {
    UsageKey {
        day: day(n),
        grant,
        outcome,
    }
}

const fn counted(key: UsageKey, count: u64) -> UsageCount {
    UsageCount { key, count }
}

fn a_count(n: u32, count: u64) -> UsageCount {
    counted(key(n, GrantType::RefreshToken, GrantOutcome::Granted), count)
}

/// Every key of a day, with a count of its own.
fn a_day(n: u32) -> Vec<UsageCount> {
    let keys = GrantType::ALL
        .into_iter()
        .flat_map(|grant| GrantOutcome::ALL.map(|outcome| key(n, grant, outcome)));
    (1..).zip(keys).map(|(count, key)| counted(key, count)).collect()
}

pub async fn nothing_was_answered_at_first(store: &dyn UsageLog) {
    assert_eq!(store.between(day(0), day(100)).await.answered(), []);
    store.add(&[]).await.answered();
    assert_eq!(store.between(day(0), day(100)).await.answered(), []);
}

pub async fn counts_are_read_back_sorted_as_they_were_added(store: &dyn UsageLog) {
    let mut counts = [a_day(2), a_day(1)].concat();
    store.add(&counts).await.answered();
    counts.sort_unstable();
    assert_eq!(store.between(day(1), day(2)).await.answered(), counts);
}

pub async fn what_is_added_later_adds_up_for_each_key_by_itself(store: &dyn UsageLog) {
    store.add(&a_day(1)).await.answered();
    store.add(&[a_count(1, 1000), a_count(2, 5)]).await.answered();
    let mut counts = a_day(1);
    for count in &mut counts {
        if count.key == a_count(1, 0).key {
            count.count += 1000;
        }
    }
    counts.push(a_count(2, 5));
    assert_eq!(store.between(day(0), day(3)).await.answered(), counts);
}

pub async fn one_key_given_twice_at_once_adds_up(store: &dyn UsageLog) {
    store
        .add(&[a_count(1, 2), a_count(2, 7), a_count(1, 3)])
        .await
        .answered();
    let counts = store.between(day(1), day(2)).await.answered();
    assert_eq!(counts, [a_count(1, 5), a_count(2, 7)]);
}

pub async fn both_ends_of_a_period_belong_to_it(store: &dyn UsageLog) {
    let counts: Vec<UsageCount> = (0..6).map(|n| a_count(n, u64::from(n) + 1)).collect();
    store.add(&counts).await.answered();
    assert_eq!(store.between(day(2), day(4)).await.answered(), counts[2..=4]);
    assert_eq!(store.between(day(3), day(3)).await.answered(), counts[3..=3]);
    assert_eq!(store.between(day(4), day(2)).await.answered(), []);
    assert_eq!(store.between(day(6), day(100)).await.answered(), []);
    let whole = (Day::from_number(i32::MIN), Day::from_number(i32::MAX));
    assert_eq!(store.between(whole.0, whole.1).await.answered(), counts);
}

pub async fn large_counts_are_kept(store: &dyn UsageLog) {
    let large = u64::from(u32::MAX) * 1000;
    for _ in 0..2 {
        store.add(&[a_count(1, large)]).await.answered();
    }
    assert_eq!(store.between(day(1), day(1)).await.answered(), [a_count(1, 2 * large)]);
}

pub async fn of_concurrent_additions_none_is_lost(store: &dyn UsageLog) {
    at_once(RACERS, async |n| {
        // The keys in another order for every other call: whoever locks them in the order given would deadlock.
        let mut counts = [a_day(1), a_day(2)].concat();
        if n % 2 == 1 {
            counts.reverse();
        }
        store.add(&counts).await.answered();
    });
    let mut expected = [a_day(1), a_day(2)].concat();
    for count in &mut expected {
        count.count *= RACERS as u64;
    }
    expected.sort_unstable();
    assert_eq!(store.between(day(1), day(2)).await.answered(), expected);
}

pub async fn purging_takes_earlier_days_only_and_few_at_a_time(store: &dyn UsageLog) {
    let (old, kept) = ([a_day(1), a_day(2)].concat(), a_day(3));
    store.add(&[old.clone(), kept.clone()].concat()).await.answered();
    let forgotten = drained(async |limit| store.purge(day(3), limit).await).await;
    assert_eq!(forgotten, old.len() as u64);
    let left = store.between(day(0), day(100)).await.answered();
    assert_eq!(left.len(), kept.len());
    assert!(left.iter().all(|count| count.key.day == day(3)));
}
