//! Answers, brought to the runtimes of their callers.
//!
//! Waking another thread takes longer than many a statement. So what a batch answers in one runtime goes there in one piece,
//! and a task of that runtime hands the answers out.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    runtime::{Handle, Id},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, error::SendError, unbounded_channel},
};

use crate::job::Job;

/// The way to a runtime.
pub(crate) type Address = UnboundedSender<Delivery>;

/// Jobs of one batch, and what became of it.
pub(crate) struct Delivery {
    jobs: Vec<Box<dyn Job>>,
    outcome: Result<(), Arc<str>>,
}

impl Delivery {
    fn hand_out(self) {
        let outcome = self.outcome.as_ref().map(|_| ()).map_err(|reason| &**reason);
        for job in self.jobs {
            job.answer(outcome);
        }
    }
}

/// The runtimes that callers live in.
#[derive(Default)]
pub(crate) struct Deliveries(Mutex<Vec<(Id, Address)>>);

impl Deliveries {
    /// The way to the caller's runtime.
    pub(crate) fn here(&self) -> Address {
        let runtime = Handle::current();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, address)) = known.iter().find(|(id, _)| *id == runtime.id()) {
            return address.clone();
        }
        known.retain(|(_, address)| !address.is_closed());
        let (address, arriving) = unbounded_channel();
        runtime.spawn(hand_out(arriving));
        known.push((runtime.id(), address.clone()));
        address
    }
}

/// Ends with the store and everything that was asked of it.
async fn hand_out(mut arriving: UnboundedReceiver<Delivery>) {
    while let Some(delivery) = arriving.recv().await {
        delivery.hand_out();
    }
}

/// Answers a batch.
pub(crate) fn deliver(batch: Vec<Box<dyn Job>>, outcome: Result<(), &str>) {
    let outcome = outcome.map_err(Arc::from);
    let mut parcels: Vec<(Address, Vec<Box<dyn Job>>)> = Vec::with_capacity(1);
    for job in batch {
        match parcels.iter_mut().find(|(address, _)| address.same_channel(job.address())) {
            Some((_, jobs)) => jobs.push(job),
            None => parcels.push((job.address().clone(), vec![job])),
        }
    }
    for (address, jobs) in parcels {
        let outcome = outcome.clone();
        // Where the runtime has ended, so have its callers, but for those that moved.
        if let Err(SendError(delivery)) = address.send(Delivery { jobs, outcome }) {
            delivery.hand_out();
        }
    }
}
