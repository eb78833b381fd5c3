//! The context of a request, for the use cases.

use actix_web::HttpRequest;
use informer_oauth_application::RequestContext;

use crate::{address::Address, caller::RequestTime, log_fields::LogFields};

/// Time, client address and id of `request`.
pub(crate) fn context_of(request: &HttpRequest) -> RequestContext {
    let request_id = LogFields::of(request).and_then(|log| log.request_id().to_str().ok().map(str::to_owned));
    RequestContext {
        now: RequestTime::of(request).0,
        address: Address::of(request).0,
        request_id,
    }
}
