//! Error answers that endpoints share, for the OpenAPI document.

use informer_oauth_web::api_error::ApiErrorBody;
use utoipa::IntoResponses;

/// Errors of every endpoint for client administrators.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only for the OpenAPI document")]
pub(crate) enum AdministrationErrors {
    /// Nobody is signed in
    #[response(status = 401)]
    Unauthorized(ApiErrorBody),
    /// No superuser, or the token API feature is off
    #[response(status = 403)]
    Forbidden(ApiErrorBody),
}

/// Errors of every endpoint about one client.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only for the OpenAPI document")]
pub(crate) enum ClientErrors {
    /// Nobody is signed in
    #[response(status = 401)]
    Unauthorized(ApiErrorBody),
    /// No superuser, or the token API feature is off
    #[response(status = 403)]
    Forbidden(ApiErrorBody),
    /// There is no such client
    #[response(status = 404)]
    NotFound(ApiErrorBody),
}
