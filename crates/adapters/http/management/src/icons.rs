//! `/api/oauth-clients/{client}/icon`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, X_CONTENT_TYPE_OPTIONS},
    web::Payload,
};
use informer_oauth_web::{
    api_error::{ApiErrorBody, ApiResult},
    body::{self, BodyError},
    document::has_it,
    etag,
    state::HttpState,
};

use super::responses::ClientErrors;
use super::{Administration, client_named};

/// An image opened as a page of its own runs nothing and fetches nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

/// Shows a client's icon, or a monogram of its name. Needs nobody signed in.
#[utoipa::path(
    get,
    path = "/api/oauth-clients/{client}/icon",
    tag = "Management",
    params(("client" = String, Path, description = "The client's `id` or `client_id`")),
    responses(
        (status = 200, description = "PNG, JPEG, WebP or GIF as it was uploaded, or a generated SVG, with an `ETag`", content_type = "image/*"),
        (status = 304, description = "It is as `If-None-Match` says"),
        (status = 404, description = "There is no such client", body = ApiErrorBody),
    ),
    security(())
)]
pub(super) async fn read(request: HttpRequest) -> ApiResult<HttpResponse> {
    let icon = HttpState::of(&request)
        .app
        .manage
        .read_icon(client_named(&request)?)
        .await?;
    let tag = etag::of_digest(&icon.digest);
    let held = has_it(request.headers(), &tag);
    let mut response = if held {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "public, no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY));
    if held {
        return Ok(response.finish());
    }
    Ok(response.insert_header((CONTENT_TYPE, icon.media_type)).body(icon.bytes))
}

/// Sets a client's icon. What it is is told by its bytes: the content type that is sent does not matter.
#[utoipa::path(
    put,
    path = "/api/oauth-clients/{client}/icon",
    tag = "Management",
    params(("client" = String, Path, description = "The client's `id` or `client_id`")),
    request_body(content = Vec<u8>, content_type = "image/*", description = "The image file, at most 256 KiB and 4096 × 4096 pixels"),
    responses(
        (status = 204, description = "It is set"),
        (status = 400, description = "Nothing, or too many pixels", body = ApiErrorBody),
        ClientErrors,
        (status = 413, description = "More than 256 KiB", body = ApiErrorBody),
        (status = 415, description = "No PNG, JPEG, WebP or GIF", body = ApiErrorBody),
    )
)]
pub(super) async fn set(request: HttpRequest, by: Administration, payload: Payload) -> ApiResult<HttpResponse> {
    let client = client_named(&request)?;
    let bytes = body::read(&request, payload, by.state.settings.max_icon_body_bytes).await?;
    if bytes.is_empty() {
        return Err(BodyError::Empty.into());
    }
    by.manage()
        .set_icon(&by.proof, client, bytes.into(), &by.context)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes a client's icon, so that it has its monogram again.
#[utoipa::path(
    delete,
    path = "/api/oauth-clients/{client}/icon",
    tag = "Management",
    params(("client" = String, Path, description = "The client's `id` or `client_id`")),
    responses(
        (status = 204, description = "It is gone"),
        ClientErrors,
    )
)]
pub(super) async fn delete(request: HttpRequest, by: Administration) -> ApiResult<HttpResponse> {
    by.manage()
        .delete_icon(&by.proof, client_named(&request)?, &by.context)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
