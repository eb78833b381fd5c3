//! Counts and durations of requests, by the pattern of their route.
//!
//! The label is the pattern (`/api/oauth-clients/{client}`), never the path: so there are as many labels as routes.

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

use actix_web::http::{Method, StatusCode};
use foldhash::fast::RandomState;
use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_histogram, histogram};

use crate::connection::CONNECTIONS_CLOSED;

const REQUESTS: &str = "informer_oauth_http_requests_total";

/// The name of the histogram of request durations, for whoever sets up a recorder.
pub const REQUEST_DURATION: &str = "informer_oauth_http_request_duration_seconds";

/// The bounds of its buckets, in seconds: the fastest answers take tens of microseconds, a hash tens of milliseconds, and
/// nothing should take longer than the two seconds after which a store is given up.
pub const REQUEST_DURATION_BUCKETS: [f64; 14] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];

/// Route label of requests that match no route.
pub const NO_ROUTE: &str = "none";

/// Describes the metrics of requests and connections. Call it once, after installing a recorder.
pub fn describe_metrics() {
    describe_counter!(
        REQUESTS,
        Unit::Count,
        "Requests answered, by route pattern, method and class of status."
    );
    describe_histogram!(
        REQUEST_DURATION,
        Unit::Seconds,
        "From the end of a request's head until its answer was ready to be sent, by route pattern and method."
    );
    describe_counter!(
        CONNECTIONS_CLOSED,
        Unit::Count,
        "Connections closed because they exceeded a limit: unread (an answer), time or bytes (without a request)."
    );
    for limit in ["unread", "time", "bytes"] {
        counter!(CONNECTIONS_CLOSED, "limit" => limit).increment(0);
    }
}

/// Counters of one worker's requests, by route pattern. Each is looked up in the recorder once: the fastest answers take less
/// than ten microseconds.
#[derive(Clone, Default)]
pub struct Requests(Rc<RefCell<HashMap<&'static str, Vec<Series>, RandomState>>>);

struct Series {
    method: &'static str,
    status: &'static str,
    count: Counter,
    seconds: Histogram,
}

impl Series {
    fn new(route: &'static str, method: &'static str, status: &'static str) -> Self {
        Self {
            method,
            status,
            count: counter!(REQUESTS, "route" => route, "method" => method, "status" => status),
            seconds: histogram!(REQUEST_DURATION, "route" => route, "method" => method),
        }
    }

    fn count(&self, took: Duration) {
        self.count.increment(1);
        self.seconds.record(took.as_secs_f64());
    }
}

impl Requests {
    /// Counts one request for a route.
    pub fn count(&self, pattern: &'static str, method: &Method, status: StatusCode, took: Duration) {
        let (method, status) = (method_name(method), class(status));
        let mut routes = self.0.borrow_mut();
        let known = routes.entry(pattern).or_default();
        for series in known.iter() {
            if series.status == status && series.method == method {
                return series.count(took);
            }
        }
        let series = Series::new(pattern, method, status);
        series.count(took);
        known.push(series);
    }
}

/// Anybody can make up a method.
pub fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_can_make_up_a_label() {
        assert_eq!(method_name(&Method::from_bytes(b"BREW").unwrap_or_default()), "other");
        assert_eq!(method_name(&Method::CONNECT), "other");
        let classes = [101, 204, 302, 404, 503].map(|code| class(StatusCode::from_u16(code).unwrap_or_default()));
        assert_eq!(classes, ["1xx", "2xx", "3xx", "4xx", "5xx"]);
    }

    #[test]
    fn requests_of_one_kind_share_their_counters() {
        let requests = Requests::default();
        let count = |pattern, status| requests.count(pattern, &Method::GET, status, Duration::ZERO);
        for status in [StatusCode::OK, StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
            count("/a/{id}", status);
            count("/a", status);
        }
        count(NO_ROUTE, StatusCode::NOT_FOUND);
        let routes = requests.0.borrow();
        let series = |route: &str| routes.get(route).map(Vec::len);
        assert_eq!(
            [series("/a/{id}"), series("/a"), series(NO_ROUTE)],
            [Some(2), Some(2), Some(1)]
        );
    }
}
