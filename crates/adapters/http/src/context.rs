//! The context of a request, for the use cases.

use actix_web::{HttpMessage as _, HttpRequest, http::header::HeaderValue};
use informer_oauth_application::RequestContext;

use crate::{address::Address, caller::RequestTime};

/// The request's id, which the envelope puts into the request's extensions.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) HeaderValue);

/// Time, client address and id of `request`.
pub(crate) fn context_of(request: &HttpRequest) -> RequestContext {
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.0.to_str().ok().map(str::to_owned));
    RequestContext {
        now: RequestTime::of(request).0,
        address: Address::of(request).0,
        request_id,
    }
}
