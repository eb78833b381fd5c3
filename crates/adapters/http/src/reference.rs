//! The endpoints that serve the OpenAPI document and the page that shows it.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, HeaderValue},
    web,
};
use informer_oauth_web::{document::Document, parameters::JSON};

/// Short, because the document changes with the version only.
const ONE_HOUR: &str = "public, max-age=3600";

const STYLE: &str = include_str!("../assets/docs.css");

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
);

/// The document and its page, made when they are first asked for.
pub(crate) struct Reference(LazyLock<Documents, Box<dyn FnOnce() -> Documents + Send>>);

struct Documents {
    json: Document,
    page: Document,
}

impl Reference {
    /// Takes a function that makes the document, as JSON, and its page, as HTML.
    pub(crate) fn new(make: impl FnOnce() -> (Vec<u8>, String) + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(|| {
            let (json, page) = make();
            Documents {
                json: Document::new(json, JSON, ONE_HOUR),
                page: Document::new(page, "text/html; charset=utf-8", "no-cache"),
            }
        })))
    }
}

/// This document
#[utoipa::path(
    get, path = "/api/oauth/openapi.json", tag = "Discovery",
    responses((status = 200, description = "OpenAPI 3.1", body = Object), (status = 304, description = "Not changed")),
    security(()),
)]
pub(crate) async fn openapi(request: HttpRequest, reference: web::Data<Reference>) -> HttpResponse {
    reference.0.json.answer(request.headers())
}

/// Shows the page.
pub(crate) async fn show(request: HttpRequest, reference: web::Data<Reference>) -> HttpResponse {
    let mut response = reference.0.page.answer(request.headers());
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}

/// Sends its style sheet.
pub(crate) async fn style(request: HttpRequest) -> HttpResponse {
    Document::new(STYLE, "text/css; charset=utf-8", "public, max-age=3600").answer(request.headers())
}
