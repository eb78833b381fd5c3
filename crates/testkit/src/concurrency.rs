use std::{
    future::Future,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Handle},
    time::timeout,
};

/// The longest that one obligation may take: what hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest that one call of a race may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// How many calls a race has.
pub(crate) const RACERS: usize = 50;

/// How often a race for one winner is run, at most and at least.
const ROUNDS: (usize, usize) = (20, 5);

/// After this time a race has no further rounds than it must: a database server needs a while for new, empty stores.
const ROUNDS_TIME: Duration = Duration::from_secs(2);

/// The rounds of an obligation, each on empty stores. A store that reads and then writes loses a race for one winner only by
/// chance, so one round is not enough.
#[doc(hidden)]
pub fn rounds(obligation: &str) -> impl Iterator<Item = usize> {
    let named = ["a_client_is_deleted_once", "concurrent_requests_stop_at_the_limit"];
    let is_race = obligation.starts_with("of_concurrent_") || named.contains(&obligation);
    let (most, least) = if is_race { ROUNDS } else { (1, 1) };
    let start = Instant::now();
    (0..most).take_while(move |round| *round < least || start.elapsed() < ROUNDS_TIME)
}

/// Runs a test on a runtime of its own with several threads.
///
/// # Panics
///
/// When the test does, when it takes longer than a minute, or when the system gives no runtime.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime
        .block_on(async { tokio::time::timeout(PATIENCE, test).await })
        .expect("an obligation is met within a minute");
}

/// Makes `count` calls at the same moment, each on a thread of its own, and returns their answers in the order of their
/// numbers (from 0). Futures joined in one task would take turns and never race.
///
/// # Panics
///
/// When a call does, when it takes longer than 20 seconds, or outside [`run`].
pub fn at_once<T: Send, F: Future<Output = T>>(count: usize, call: impl Fn(usize) -> F + Sync) -> Vec<T> {
    let handle = Handle::current();
    let start = Barrier::new(count);
    tokio::task::block_in_place(|| {
        thread::scope(|scope| {
            let racers: Vec<_> = (0..count)
                .map(|number| {
                    let (handle, start, call) = (&handle, &start, &call);
                    scope.spawn(move || {
                        start.wait();
                        handle.block_on(async { timeout(DEADLINE, call(number)).await })
                    })
                })
                .collect();
            racers
                .into_iter()
                .map(|racer| racer.join().expect("no call of a race panics"))
                .enumerate()
                .map(|(number, answer)| {
                    answer.unwrap_or_else(|_| {
                        panic!("call {number} of a race of {count} has not been answered within {DEADLINE:?}")
                    })
                })
                .collect()
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_calls_of_a_race_are_all_under_way_together() {
        run(async {
            let (under_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let everyone_is_here = Barrier::new(RACERS);
            let answers = at_once(RACERS, |number| {
                let (under_way, most, everyone_is_here) = (&under_way, &most, &everyone_is_here);
                async move {
                    most.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    everyone_is_here.wait();
                    number
                }
            });
            assert_eq!(answers, (0..RACERS).collect::<Vec<_>>());
            assert_eq!(most.into_inner(), RACERS);
        });
    }

    #[test]
    fn a_race_for_one_winner_has_many_rounds() {
        assert_eq!(rounds("of_concurrent_insertions_of_one_name_one_wins").count(), 20);
        assert_eq!(rounds("a_user_is_read_back").count(), 1);
    }
}
