//! Criterion benches of the pieces that every request goes through. Each sees to it that what it measures gives the right
//! answer, so that none measures how fast something is refused.
//!
//! ```sh
//! cargo bench                                             # all of them
//! cargo bench -- verify/                                  # those of one group
//! cargo test -p informer-oauth-microbench --bench pieces  # each once, unmeasured
//! ```

mod clients;
mod forms;
mod gate;
mod pkce;
mod redirects;
mod scopes;
mod tokens;

use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};

/// Benches that belong together: one of them is reported as `NAME/BENCH`.
struct Group<'c>(BenchmarkGroup<'c, WallTime>);

impl<'c> Group<'c> {
    fn new(criterion: &'c mut Criterion, name: &str) -> Self {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(1));
        Self(group)
    }

    /// Measures `piece`, whose answer must be one that `is_right`.
    fn bench<A>(&mut self, name: &str, is_right: impl Fn(&A) -> bool, mut piece: impl FnMut() -> A) {
        self.0.bench_function(name, |bencher| {
            assert!(is_right(&piece()), "{name}: not the answer that it should measure");
            bencher.iter(&mut piece);
        });
    }
}

fn main() {
    // Less than criterion's own eight seconds for each; the command line has the last word.
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50)
        .without_plots()
        .configure_from_args();
    tokens::benches(&mut criterion);
    clients::benches(&mut criterion);
    pkce::benches(&mut criterion);
    forms::benches(&mut criterion);
    redirects::benches(&mut criterion);
    scopes::benches(&mut criterion);
    gate::benches(&mut criterion);
    criterion.final_summary();
}
