//! What the endpoints that clients authenticate at have in common: token, revocation, introspection.

use actix_web::{HttpRequest, web};
use informer_oauth_application::{RequestContext, client_credentials::BasicCredentials};
use informer_oauth_domain::{
    error::{ErrorCode, OAuthError},
    parameters::Parameters,
};
use informer_oauth_web::{
    basic, connection,
    context::context_of,
    log_fields::LogFields,
    parameters::{self, Accepted},
    protocol_error::ProtocolErrorResponse,
    state::HttpState,
};

/// Parameters that must never be in a URI, where logs and histories keep them (RFC 6749 §2.3.1, §3.2).
const BODY_ONLY: [&str; 10] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "code",
    "code_verifier",
    "grant_type",
    "password",
    "refresh_token",
    "device_code",
    "token",
];

const IN_THE_QUERY: OAuthError = ErrorCode::InvalidRequest.because("Parameters belong in the body, not in the URI.");

/// A request of an OAuth client.
pub(crate) struct ClientRequest {
    pub(crate) parameters: Parameters,
    pub(crate) basic: Option<BasicCredentials>,
    pub(crate) context: RequestContext,
}

impl ClientRequest {
    /// Reads body, header and query. A query is refused if it holds what belongs in the body, and ignored otherwise.
    ///
    /// The body is read first, whatever the rest is like: the connection then stays usable.
    pub(crate) async fn read(
        request: &HttpRequest,
        payload: web::Payload,
        accepted: Accepted,
    ) -> Result<Self, ProtocolErrorResponse> {
        let (state, head) = (HttpState::of(request), request.head());
        let reading = connection::reading_body(request);
        let body = parameters::from_body(state, &head.headers, payload.into_inner(), accepted).await;
        drop(reading);
        let basic = basic::read(&head.headers)?;
        if let (Ok(body), Some(log)) = (&body, LogFields::of(request)) {
            let client_id = basic.as_ref().map(|basic| basic.client_id.as_str());
            log.set_request(client_id.or_else(|| body.get("client_id").ok().flatten()), body);
        }
        if let Some(query) = head.uri.query().filter(|query| !query.is_empty()) {
            let query = parameters::of_query(query)?;
            if BODY_ONLY.iter().any(|name| query.contains(name)) {
                return Err(IN_THE_QUERY.into());
            }
        }
        Ok(Self {
            parameters: body?,
            basic,
            context: context_of(request),
        })
    }
}
