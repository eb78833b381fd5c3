//! Error answers that endpoints share, for the OpenAPI document.

use informer_oauth_web::protocol_error::ProtocolErrorBody;
use utoipa::IntoResponses;

/// Errors of every endpoint at which clients authenticate.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only for the OpenAPI document")]
pub(crate) enum ClientRequestErrors {
    /// Refused
    #[response(status = 400)]
    Refused(ProtocolErrorBody<'static>),
    /// Client authentication failed
    #[response(status = 401)]
    Unauthorized(ProtocolErrorBody<'static>),
    /// Too many failures; see Retry-After
    #[response(status = 429)]
    TooManyFailures(ProtocolErrorBody<'static>),
    /// Try again later; see Retry-After
    #[response(status = 503)]
    Unavailable(ProtocolErrorBody<'static>),
}
