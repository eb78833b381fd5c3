//! Scope discovery.

use actix_web::{HttpRequest, HttpResponse, web};
use informer_oauth_domain::scope::Scope;
use informer_oauth_web::{document::Document, parameters::JSON, protocol_error::json_bytes};
use serde::Serialize;
use utoipa::ToSchema;

use crate::metadata::FIVE_MINUTES;

/// A scope in words.
#[derive(Serialize, ToSchema)]
pub(crate) struct DescribedScope {
    /// The name on the wire.
    #[schema(example = "read:dataset")]
    id: &'static str,
    /// What it lets a token do, as the consent page says it.
    description: &'static str,
}

/// The description of all scopes, serialized once.
pub(crate) struct ScopesDocument(Document);

impl ScopesDocument {
    pub(crate) fn new() -> Self {
        Self(document())
    }
}

fn document() -> Document {
    let scopes = Scope::ALL.map(|scope| DescribedScope {
        id: scope.as_str(),
        description: scope.description(),
    });
    Document::new(json_bytes(&scopes), JSON, FIVE_MINUTES)
}

/// The scopes that tokens may have
#[utoipa::path(
    get, path = "/api/oauth/scopes", tag = "Discovery",
    responses((status = 200, description = "All eight", body = Vec<DescribedScope>), (status = 304, description = "Not changed")),
    security(()),
)]
pub(crate) async fn scopes(request: HttpRequest, document: web::Data<ScopesDocument>) -> HttpResponse {
    document.0.answer(request.headers())
}
