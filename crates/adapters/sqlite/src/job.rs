//! Work for a connection, with a caller who waits for the answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::sqlite::SqliteConnection;
use informer_oauth_ports::StoreError;
use tokio::sync::oneshot;

use crate::failure::{Failure, unavailable};

/// Work whose result is held back until somebody says that it counts.
pub(crate) trait Job: Send {
    /// Does the work and keeps its result; false when it failed. Does not panic, whatever the work does.
    fn run(&mut self, connection: &mut SqliteConnection) -> bool;

    /// Hands the kept result to the caller, or `Unavailable` when `committed` is an error's text.
    fn answer(self: Box<Self>, committed: Result<(), &str>);
}

/// A closure and its caller.
pub(crate) struct Call<T, F> {
    work: Option<F>,
    result: Option<Result<T, Failure>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Call<T, F>
where
    T: Send + 'static,
    F: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
{
    /// The job for `work`, and where its answer arrives.
    pub(crate) fn prepare(work: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StoreError>>) {
        let (caller, answer) = oneshot::channel();
        (
            Box::new(Self {
                work: Some(work),
                result: None,
                caller,
            }),
            answer,
        )
    }
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send,
{
    fn run(&mut self, connection: &mut SqliteConnection) -> bool {
        let Some(work) = self.work.take() else { return false };
        // Nobody would learn of it: a change that its caller was told had failed must not happen after all.
        if self.caller.is_closed() {
            return true;
        }
        // The connection may be used further: whoever runs a job undoes what a failed one left behind.
        let result = run(work, connection);
        let done = result.is_ok();
        self.result = Some(result);
        done
    }

    fn answer(self: Box<Self>, committed: Result<(), &str>) {
        let answer = match (committed, self.result) {
            // A job's own failure stands, whatever became of the others.
            (_, Some(Err(failure))) => Err(failure.0),
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Err(reason), _) => Err(unavailable(reason)),
            (Ok(()), None) => Err(unavailable("the job was not run")),
        };
        // A caller who is gone needs no answer.
        let _ = self.caller.send(answer);
    }
}

/// A closure that nobody waits for.
pub(crate) struct Later<F>(Option<F>);

impl<F> Later<F>
where
    F: FnOnce(&mut SqliteConnection) -> Result<(), Failure> + Send + 'static,
{
    pub(crate) const fn new(work: F) -> Self {
        Self(Some(work))
    }
}

impl<F> Job for Later<F>
where
    F: FnOnce(&mut SqliteConnection) -> Result<(), Failure> + Send,
{
    fn run(&mut self, connection: &mut SqliteConnection) -> bool {
        let done = self.0.take().map(|work| run(work, connection));
        if let Some(Err(Failure(error))) = &done {
            tracing::warn!(%error, "a change that nobody waited for failed");
        }
        matches!(done, Some(Ok(())))
    }

    fn answer(self: Box<Self>, _: Result<(), &str>) {}
}

fn run<T>(
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure>,
    connection: &mut SqliteConnection,
) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(|| work(connection))).unwrap_or_else(|_| {
        tracing::error!("a database job panicked");
        Err(unavailable("a database job panicked").into())
    })
}
