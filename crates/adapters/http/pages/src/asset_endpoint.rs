//! The endpoint that serves the assets of the pages.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, HeaderValue},
    web,
};

use crate::brand::Brand;

/// What a picture may do that is opened by itself: nothing but style itself. An SVG is a document, and may hold scripts.
const PICTURE_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

/// Answers with an asset.
pub(super) async fn serve(brand: web::Data<Brand>, request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let Some(asset) = brand.assets().find(&name) else {
        return HttpResponse::NotFound().finish();
    };
    let named = request.query_string().strip_prefix("v=") == Some(asset.version());
    let document = if named { &asset.for_good } else { &asset.for_now };
    let mut response = document.answer(request.headers());
    if asset.content_type().starts_with("image/") {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, PICTURE_POLICY);
    }
    response
}
