//! Scope discovery.

use actix_web::{HttpRequest, HttpResponse, web};
use informer_oauth_domain::scope::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    document::Document, metadata::FIVE_MINUTES, parameters::JSON, protocol_error::json_bytes, state::HttpState,
};

/// A scope in words.
#[derive(Serialize, ToSchema)]
pub(crate) struct DescribedScope {
    /// The name on the wire.
    #[schema(example = "read:dataset")]
    id: &'static str,
    /// What it lets a token do, as the consent page says it.
    description: &'static str,
}

/// The document.
pub(crate) fn document() -> Document {
    let scopes = Scope::ALL.map(|scope| DescribedScope {
        id: scope.as_str(),
        description: scope.description(),
    });
    Document::new(json_bytes(&scopes), JSON, FIVE_MINUTES)
}

/// The route.
pub(crate) fn configure(routes: &mut web::ServiceConfig) {
    routes.service(web::resource("/api/oauth/scopes").route(web::get().to(scopes)));
}

/// The scopes that tokens may have
#[utoipa::path(
    get, path = "/api/oauth/scopes", tag = "Discovery",
    responses((status = 200, description = "All eight", body = Vec<DescribedScope>), (status = 304, description = "Not changed")),
    security(()),
)]
pub(crate) async fn scopes(request: HttpRequest) -> HttpResponse {
    HttpState::of(&request).scopes().answer(request.headers())
}
