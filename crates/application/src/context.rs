//! What a use case knows about the request that it answers.

use std::net::IpAddr;

use informer_oauth_domain::timestamp::Timestamp;

/// Facts about one request, read once where it arrives and passed down to the use case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestContext {
    /// The time at which the request is answered. The clock is read once per request.
    pub now: Timestamp,
    /// The client's address; `None` at the command line and behind a Unix socket.
    pub address: Option<IpAddr>,
    /// The id that the answer's `X-Request-Id`, the access log and audit events share; `None` at the command line.
    pub request_id: Option<String>,
}

impl RequestContext {
    /// The context of a command line or a background task: no address, no request.
    pub const fn local(now: Timestamp) -> Self {
        Self {
            now,
            address: None,
            request_id: None,
        }
    }
}
