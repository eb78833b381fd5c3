/// How busy the connections to a store are at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolState {
    /// Which pool, as metrics name it: `sqlite_write`, `postgres`, `redis`.
    pub name: &'static str,
    /// How many connections, or threads with one, there may be.
    pub limit: usize,
    /// How many are open.
    pub open: usize,
    /// How many of the open ones are at work.
    pub busy: usize,
    /// How many calls wait for one.
    pub waiting: usize,
}

/// Tells how busy an adapter's pools are: for metrics, which ask at every scrape, so it must be cheap and must not wait.
pub trait Pools: Send + Sync {
    /// Each pool's state.
    fn pools(&self) -> Vec<PoolState>;
}
