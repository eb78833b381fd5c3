//! Obligations of [`AttemptCounter`].

use informer_oauth_domain::attempts::Attempts;
use informer_oauth_ports::AttemptCounter;

use super::{Answered, drained};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{NOW, TICK, seconds},
};

const NONE: Attempts = Attempts { count: 0, until: None };

pub async fn attempts_are_counted_in_a_window_that_does_not_move(store: &dyn AttemptCounter) {
    let until = Some(NOW + seconds(300));
    for (count, at, window) in [(1, 0, 300), (2, 1, 300), (3, 299, 900), (4, 299, 1)] {
        let seen = store.record("key", seconds(window), NOW + seconds(at)).await.answered();
        assert_eq!(seen, Attempts { count, until });
    }
}

pub async fn a_window_ends_to_the_microsecond_and_the_next_attempt_opens_another(store: &dyn AttemptCounter) {
    let until = NOW + seconds(300);
    store.record("key", seconds(300), NOW).await.answered();
    let last = store.record("key", seconds(300), until.minus(TICK)).await.answered();
    assert_eq!(
        last,
        Attempts {
            count: 2,
            until: Some(until)
        }
    );
    let first = store.record("key", seconds(60), until).await.answered();
    assert_eq!(
        first,
        Attempts {
            count: 1,
            until: Some(until + seconds(60))
        }
    );
}

pub async fn looking_does_not_count(store: &dyn AttemptCounter) {
    assert_eq!(store.peek("key", NOW).await.answered(), NONE);
    let seen = store.record("key", seconds(300), NOW).await.answered();
    for _ in 0..3 {
        assert_eq!(store.peek("key", NOW + seconds(1)).await.answered(), seen);
    }
}

pub async fn a_window_that_has_ended_is_none(store: &dyn AttemptCounter) {
    let seen = store.record("key", seconds(300), NOW).await.answered();
    let until = NOW + seconds(300);
    assert_eq!(store.peek("key", until.minus(TICK)).await.answered(), seen);
    assert_eq!(store.peek("key", until).await.answered(), NONE);
}

pub async fn keys_are_counted_apart(store: &dyn AttemptCounter) {
    let long = "k".repeat(500);
    let keys = [
        "key", "Key", "key ", "key:1", "key*", "%", "_", "'; --", "é 🦀", "", &long,
    ];
    for (n, key) in (1..).zip(keys) {
        for count in 1..=n {
            let seen = store.record(key, seconds(300), NOW).await.answered();
            assert_eq!(seen.count, count, "{key:?}");
        }
    }
    for (n, key) in (1..).zip(keys) {
        assert_eq!(store.peek(key, NOW).await.answered().count, n, "{key:?}");
    }
}

pub async fn a_cleared_key_starts_anew_and_the_others_go_on(store: &dyn AttemptCounter) {
    for key in ["key", "key", "other"] {
        store.record(key, seconds(300), NOW).await.answered();
    }
    store.clear("key").await.answered();
    store.clear("unknown").await.answered();
    assert_eq!(store.peek("key", NOW).await.answered(), NONE);
    assert_eq!(store.peek("other", NOW).await.answered().count, 1);
    let later = NOW + seconds(9);
    let seen = store.record("key", seconds(300), later).await.answered();
    assert_eq!(
        seen,
        Attempts {
            count: 1,
            until: Some(later + seconds(300))
        }
    );
}

pub async fn an_attempt_is_revoked_from_its_open_window_only(store: &dyn AttemptCounter) {
    store.take_back("key", NOW).await.answered();
    assert_eq!(
        store.peek("key", NOW).await.answered(),
        NONE,
        "there is nothing to take back"
    );
    let until = NOW + seconds(300);
    for _ in 0..3 {
        store.record("key", seconds(300), NOW).await.answered();
    }
    store.record("other", seconds(300), NOW).await.answered();
    store.take_back("key", NOW + seconds(1)).await.answered();
    let left = Attempts {
        count: 2,
        until: Some(until),
    };
    assert_eq!(
        store.peek("key", NOW).await.answered(),
        left,
        "the window does not move"
    );
    store.take_back("key", until).await.answered();
    assert_eq!(store.peek("key", NOW).await.answered(), left, "its window has ended");
    for _ in 0..3 {
        store.take_back("key", until.minus(TICK)).await.answered();
    }
    assert_eq!(store.peek("key", NOW).await.answered(), NONE);
    assert_eq!(store.peek("other", NOW).await.answered().count, 1);
    let next = store.record("key", seconds(60), NOW).await.answered();
    assert_eq!(next.count, 1, "never below zero");
}

pub async fn attempts_taken_back_at_once_are_each_taken_back(store: &dyn AttemptCounter) {
    let recorded = u32::try_from(RACERS).unwrap_or(u32::MAX) + 2;
    for _ in 0..recorded {
        store.record("key", seconds(300), NOW).await.answered();
    }
    at_once(RACERS, async |_| store.take_back("key", NOW).await.answered());
    assert_eq!(store.peek("key", NOW).await.answered().count, 2);
}

pub async fn concurrent_attempts_get_different_counts(store: &dyn AttemptCounter) {
    let seen = at_once(RACERS, async |_| {
        store.record("key", seconds(300), NOW).await.answered()
    });
    let mut counts: Vec<u32> = seen.iter().map(|attempts| attempts.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..).take(RACERS).collect::<Vec<u32>>());
    let until = Some(NOW + seconds(300));
    assert!(seen.iter().all(|attempts| attempts.until == until));
    let last = seen
        .iter()
        .max_by_key(|attempts| attempts.count)
        .copied()
        .unwrap_or_default();
    assert_eq!(store.peek("key", NOW).await.answered(), last);
}

pub async fn purging_takes_ended_windows_only_and_few_at_a_time(store: &dyn AttemptCounter) {
    for n in 0..5 {
        store.record(&format!("key {n}"), seconds(300), NOW).await.answered();
    }
    let lasting = store.record("lasting", seconds(301), NOW).await.answered();
    let until = NOW + seconds(300);
    assert_eq!(
        store.purge(until.minus(TICK), 100).await.answered(),
        0,
        "none has ended yet"
    );
    assert_eq!(store.peek("key 0", NOW).await.answered().count, 1);
    drained(async |few| store.purge(until, few).await).await;
    assert_eq!(store.peek("lasting", until).await.answered(), lasting);
    assert_eq!(store.peek("key 0", until).await.answered(), NONE);
}
