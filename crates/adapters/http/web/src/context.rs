//! The context of a request: its time, client address and id.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload};
use informer_oauth_application::RequestContext;
use informer_oauth_domain::timestamp::Timestamp;

use crate::{address::Address, log_fields::LogFields, state::HttpState};

/// The time of a request, as an extractor. The clock is read once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestTime(pub Timestamp);

impl RequestTime {
    /// The time of `request`.
    pub fn of(request: &HttpRequest) -> Self {
        if let Some(known) = request.extensions().get::<Self>() {
            return *known;
        }
        let now = Self(HttpState::of(request).app.now());
        request.extensions_mut().insert(now);
        now
    }
}

impl FromRequest for RequestTime {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Returns the context of `request` for a use case.
pub fn context_of(request: &HttpRequest) -> RequestContext {
    let request_id = LogFields::of(request).and_then(|log| log.request_id().to_str().ok().map(str::to_owned));
    RequestContext {
        now: RequestTime::of(request).0,
        address: Address::of(request).0,
        request_id,
    }
}
