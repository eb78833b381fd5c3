//! What is counted of requests: how many there were, how long they took, and what the gate said.
//!
//! Routes are named by their pattern (`/api/oauth-clients/{client}`), never by the path that was asked for, so that their number is
//! that of the routes.

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

use actix_web::http::{Method, StatusCode};
use foldhash::fast::RandomState;
use informer_oauth_application::{error::Fault, gate::GateAnswer};
use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_histogram, histogram};

use crate::connection::CONNECTIONS_CLOSED;

const REQUESTS: &str = "informer_oauth_http_requests_total";
const GATE_ANSWERS: &str = "informer_oauth_gate_answers_total";

/// The name of the histogram of request durations, for whoever sets up a recorder.
pub const REQUEST_DURATION: &str = "informer_oauth_http_request_duration_seconds";

/// The bounds of its buckets, in seconds: the fastest answers take tens of microseconds, a hash tens of milliseconds, and
/// nothing should take longer than the two seconds after which a store is given up.
pub const REQUEST_DURATION_BUCKETS: [f64; 14] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];

/// Route label of requests that match no route.
pub(crate) const NO_ROUTE: &str = "none";

/// Describes the metrics. Call it once, after installing a recorder and before making an [`HttpState`](crate::HttpState).
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
    describe_counter!(GATE_ANSWERS, Unit::Count, "Answers of the gate, by outcome.");
}

/// One worker's requests. Its counters are looked up once for each kind of request: the hottest answers take less than ten
/// microseconds, of which counting should not be felt.
#[derive(Clone, Default)]
pub(crate) struct Requests(Rc<RefCell<HashMap<String, Vec<Series>, RandomState>>>);

struct Series {
    method: &'static str,
    status: &'static str,
    count: Counter,
    seconds: Histogram,
}

impl Series {
    fn new(route: &str, method: &'static str, status: &'static str) -> Self {
        Self {
            method,
            status,
            count: counter!(REQUESTS, "route" => route.to_owned(), "method" => method, "status" => status),
            seconds: histogram!(REQUEST_DURATION, "route" => route.to_owned(), "method" => method),
        }
    }

    fn count(&self, took: Duration) {
        self.count.increment(1);
        self.seconds.record(took.as_secs_f64());
    }
}

impl Requests {
    /// Counts one request. `pattern` finds the pattern of its route. That takes microseconds, so it is not called if `path`
    /// is a known pattern itself.
    pub(crate) fn count(
        &self,
        path: &str,
        pattern: impl FnOnce() -> Option<String>,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let (method, status) = (method_name(method), class(status));
        let mut routes = self.0.borrow_mut();
        let pattern = (!routes.contains_key(path)).then(pattern);
        let route = pattern
            .as_ref()
            .map_or(path, |found| found.as_deref().unwrap_or(NO_ROUTE));
        let known = routes.get(route).into_iter().flatten();
        for series in known {
            if series.status == status && series.method == method {
                return series.count(took);
            }
        }
        let series = Series::new(route, method, status);
        series.count(took);
        routes.entry(route.to_owned()).or_default().push(series);
    }
}

/// Anybody can make up a method.
pub(crate) fn method_name(method: &Method) -> &'static str {
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

/// What the gate has said so far.
pub(crate) struct GateAnswers {
    allowed: Counter,
    no_token: Counter,
    foreign: Counter,
    invalid_token: Counter,
    insufficient_scope: Counter,
    unjudged: Counter,
    fault: Counter,
}

impl GateAnswers {
    pub(crate) fn new() -> Self {
        let of = |outcome: &'static str| counter!(GATE_ANSWERS, "outcome" => outcome);
        Self {
            allowed: of("allowed"),
            no_token: of("no_token"),
            foreign: of("foreign"),
            invalid_token: of("invalid_token"),
            insufficient_scope: of("insufficient_scope"),
            unjudged: of("unjudged"),
            fault: of("fault"),
        }
    }

    /// Counts one answer.
    pub(crate) fn count(&self, judged: &Result<GateAnswer, Fault>) {
        let counter = match judged {
            Ok(GateAnswer::Allowed { .. }) => &self.allowed,
            Ok(GateAnswer::NoToken | GateAnswer::TokenRequired(_)) => &self.no_token,
            Ok(GateAnswer::Foreign) => &self.foreign,
            Ok(GateAnswer::InvalidToken(_)) => &self.invalid_token,
            Ok(GateAnswer::Insufficient { .. }) => &self.insufficient_scope,
            Ok(GateAnswer::Unjudged { .. }) => &self.unjudged,
            Err(_) => &self.fault,
        };
        counter.increment(1);
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
        let count = |path: &str, pattern: Option<&str>, status| {
            requests.count(
                path,
                || pattern.map(str::to_owned),
                &Method::GET,
                status,
                Duration::ZERO,
            );
        };
        for status in [StatusCode::OK, StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
            count("/a/1", Some("/a/{id}"), status);
            count("/a/2", Some("/a/{id}"), status);
            count("/a", Some("/a"), status);
        }
        count("/nothing", None, StatusCode::NOT_FOUND);
        requests.count(
            "/a",
            || panic!("the pattern of a known path is not searched"),
            &Method::GET,
            StatusCode::OK,
            Duration::ZERO,
        );
        let routes = requests.0.borrow();
        let series = |route: &str| routes.get(route).map(Vec::len);
        assert_eq!(
            [series("/a/{id}"), series("/a"), series(NO_ROUTE)],
            [Some(2), Some(2), Some(1)]
        );
        assert_eq!(routes.len(), 3, "no path makes up a label");
    }
}
