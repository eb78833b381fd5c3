//! Where connections live.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

/// The runtime whose tasks move the bytes of every connection: the one that the adapter was made in. A connection is lent to
/// whoever asks, and a server has a runtime for each of its threads: one that ended, when the service stops, would take
/// along connections that other threads' requests are waiting on.
#[derive(Clone)]
pub(crate) struct Home(Option<Handle>);

impl Home {
    /// The runtime of the caller; outside of any, each connection lives where it is made.
    pub(crate) fn here() -> Self {
        Self(Handle::try_current().ok())
    }

    /// Does `work` here, except that the tasks, sockets and timers that it makes are this runtime's.
    pub(crate) fn of<W: Future>(&self, work: W) -> AtHome<W> {
        AtHome {
            home: self.0.clone(),
            work: Box::pin(work),
        }
    }
}

/// Work whose tasks, sockets and timers are another runtime's.
pub(crate) struct AtHome<W> {
    home: Option<Handle>,
    work: Pin<Box<W>>,
}

impl<W: Future> Future for AtHome<W> {
    type Output = W::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<W::Output> {
        let this = self.get_mut();
        let _entered = this.home.as_ref().map(Handle::enter);
        this.work.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn a_task_begun_by_a_runtime_that_ended_goes_on_at_home() {
        let home = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let home = home.expect("a runtime can be made");
        let at_home = home.block_on(async { Home::here() });
        let other = Builder::new_current_thread().enable_all().build();
        let other = other.expect("a runtime can be made");
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        let (heard, hears) = tokio::sync::oneshot::channel();
        other.block_on(at_home.of(async {
            tokio::spawn(async {
                let _ = heard.send(told.await.is_ok());
            });
        }));
        drop(other);
        assert!(tell.send(()).is_ok(), "it still listens");
        assert_eq!(home.block_on(hears), Ok(true));
    }
}
