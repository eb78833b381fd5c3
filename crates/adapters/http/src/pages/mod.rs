//! The pages that people see (http-api.md §2 and §5).

use actix_web::web;
use utoipa::OpenApi;

/// What the OpenAPI document says of the pages' endpoints.
#[derive(OpenApi)]
#[openapi(paths())]
pub struct PagesApi;

/// The pages' routes.
pub fn configure(_routes: &mut web::ServiceConfig) {}
