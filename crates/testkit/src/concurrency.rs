use std::{future::Future, sync::Barrier, thread, time::Duration};

use tokio::runtime::{Builder, Handle};

/// The longest that one obligation may take: what hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many calls a race has.
pub(crate) const RACERS: usize = 50;

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
/// When a call does, or outside [`run`].
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
                        handle.block_on(call(number))
                    })
                })
                .collect();
            racers
                .into_iter()
                .map(|racer| racer.join().expect("no call of a race panics"))
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
}
