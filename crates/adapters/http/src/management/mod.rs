//! Client management: the Informer API (http-api.md §1).

use actix_web::web;
use utoipa::OpenApi;

/// What the OpenAPI document says of the management endpoints.
#[derive(OpenApi)]
#[openapi(paths())]
pub struct ManagementApi;

/// The management routes.
pub fn configure(_routes: &mut web::ServiceConfig) {}
