//! `/api/oauth-clients/{client}/tokens`.

use actix_web::{HttpRequest, HttpResponse};
use informer_oauth_domain::id::TokenRecordId;
use informer_oauth_web::{
    api_error::{ApiErrorBody, ApiResult},
    hal::HalPage,
    paging::Query,
};

use super::{
    Administration, client_named, in_path,
    representation::{Revoked, TokenBody, client_path},
    responses::{AdministrationErrors, ClientErrors},
};

/// Lists a client's live token records. Token values are nowhere.
#[utoipa::path(
    get,
    path = "/api/oauth-clients/{client}/tokens",
    tag = "Management",
    params(
        ("client" = String, Path, description = "The client's `id` or `client_id`"),
        ("username" = Option<String>, Query, description = "Only those that this user granted"),
        ("start" = Option<u64>, Query, description = "How many to pass over"),
        ("limit" = Option<u32>, Query, description = "How many to return, 1 to 200; 30 by default"),
    ),
    responses(
        (status = 200, description = "A page, oldest first, under `inf:oauth-token`", body = HalPage<TokenBody>),
        (status = 400, description = "A parameter is out of range", body = ApiErrorBody),
        ClientErrors,
    )
)]
pub(super) async fn list(request: HttpRequest, by: Administration) -> ApiResult<HttpResponse> {
    let client = by.manage().read_client(&by.proof, client_named(&request)?).await?;
    let query = Query::parse(request.query_string());
    let asked = query.page()?;
    let username = query.one("username")?.map(str::to_owned);
    let page = by
        .manage()
        .list_tokens(&by.proof, client_named(&request)?, username, asked, by.context.now)
        .await?;
    let path = format!("{}/tokens", client_path(by.base(), client.uid));
    let items = page.items.into_iter().map(TokenBody::new).collect();
    Ok(HttpResponse::Ok().json(HalPage::new("inf:oauth-token", &path, &query, asked, items, page.total)))
}

/// Revokes every token of a client, or those of one user.
#[utoipa::path(
    delete,
    path = "/api/oauth-clients/{client}/tokens",
    tag = "Management",
    params(
        ("client" = String, Path, description = "The client's `id` or `client_id`"),
        ("username" = Option<String>, Query, description = "Only those that this user granted"),
    ),
    responses(
        (status = 200, description = "How many it was", body = Revoked),
        (status = 400, description = "An unknown parameter", body = ApiErrorBody),
        ClientErrors,
    )
)]
pub(super) async fn revoke_all(request: HttpRequest, by: Administration) -> ApiResult<HttpResponse> {
    let client = client_named(&request)?;
    let query = Query::parse(request.query_string());
    // A misspelt `username` must not revoke everybody's.
    query.only(&["username"])?;
    let username = query.one("username")?.map(str::to_owned);
    let revoked = by
        .manage()
        .revoke_tokens(&by.proof, client, username, &by.context)
        .await?;
    Ok(HttpResponse::Ok().json(Revoked { revoked }))
}

/// Revokes one grant of access.
#[utoipa::path(
    delete,
    path = "/api/oauth-clients/{client}/tokens/{token}",
    tag = "Management",
    params(
        ("client" = String, Path, description = "The client's `id` or `client_id`"),
        ("token" = String, Path, description = "The token record's `id`"),
    ),
    responses(
        (status = 204, description = "It has ended"),
        AdministrationErrors,
        (status = 404, description = "There is no such client, or it has no such live record", body = ApiErrorBody),
    )
)]
pub(super) async fn revoke(request: HttpRequest, by: Administration) -> ApiResult<HttpResponse> {
    let token: TokenRecordId = in_path(&request, "token", "Token")?;
    by.manage()
        .revoke_token(&by.proof, client_named(&request)?, token, &by.context)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
