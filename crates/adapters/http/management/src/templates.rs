//! `/api/oauth-client-templates`.

use actix_web::{HttpRequest, HttpResponse};
use informer_oauth_web::{
    api_error::{ApiErrorBody, ApiResult},
    caller::Caller,
    state::HttpState,
};

use super::representation::Templates;

/// Lists what a new client can start from.
#[utoipa::path(
    get,
    path = "/api/oauth-client-templates",
    tag = "Management",
    responses(
        (status = 200, description = "All of them, under `items`", body = Templates),
        (status = 401, description = "Nobody is signed in", body = ApiErrorBody),
    )
)]
pub(super) async fn list(request: HttpRequest, caller: Caller) -> ApiResult<HttpResponse> {
    let state = HttpState::of(&request);
    let path = format!("{}/api/oauth-client-templates", state.base_path());
    Ok(HttpResponse::Ok().json(Templates::new(path, state.app.manage.list_templates(&caller.user))))
}
