//! Progress of the requests on a connection, which the stream below the HTTP parser cannot see.

use std::{cell::Cell, rc::Rc};

use actix_web::{HttpRequest, dev::ServiceRequest};

/// Shared between a connection and its requests.
#[derive(Default)]
pub struct Activity {
    answering: Cell<bool>,
    reading_body: Cell<bool>,
    begun: Cell<bool>,
}

impl Activity {
    /// True while a handler runs. Its time is bounded by the limits of bodies, stores and hashes.
    pub(super) fn is_answering(&self) -> bool {
        self.answering.get()
    }

    /// False while a handler runs that is not reading the body: further bytes are later requests.
    pub(super) fn may_read(&self) -> bool {
        !self.answering.get() || self.reading_body.get()
    }

    /// True if a request has begun since the last call.
    pub(super) fn take_begun(&self) -> bool {
        self.begun.replace(false)
    }
}

/// Marks the connection until it is dropped.
pub struct Mark {
    activity: Rc<Activity>,
    flag: fn(&Activity) -> &Cell<bool>,
}

impl Mark {
    fn new(activity: Option<&Rc<Activity>>, flag: fn(&Activity) -> &Cell<bool>) -> Option<Self> {
        let activity = Rc::clone(activity?);
        flag(&activity).set(true);
        Some(Self { activity, flag })
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        (self.flag)(&self.activity).set(false);
    }
}

/// Marks the connection of `request` as busy with it. Returns `None` where there is no connection, as in unit tests.
pub fn answering(request: &ServiceRequest) -> Option<Mark> {
    let activity = request.conn_data::<Rc<Activity>>()?;
    activity.begun.set(true);
    Mark::new(Some(activity), |activity| &activity.answering)
}

/// Lets the connection of `request` read on while its handler runs.
pub fn reading_body(request: &HttpRequest) -> Option<Mark> {
    Mark::new(request.conn_data::<Rc<Activity>>(), |activity| &activity.reading_body)
}
