//! `/api/oauth-clients/{client}/secrets`.

use actix_web::{HttpRequest, HttpResponse, http::header::LOCATION, web::Payload};
use informer_oauth_domain::id::SecretUid;
use informer_oauth_web::{
    api_error::{ApiErrorBody, ApiResult},
    hal::HalPage,
    json,
};

use super::{
    Administration, client_named, in_path,
    payload::{self, NewSecretPayload},
    representation::{CreatedSecretBody, SecretBody, client_path},
    responses::{AdministrationErrors, ClientErrors},
};

/// Lists a client's secrets, live and expired, without their texts.
#[utoipa::path(
    get,
    path = "/api/oauth-clients/{client}/secrets",
    tag = "Management",
    params(("client" = String, Path, description = "The client's `id` or `client_id`")),
    responses(
        (status = 200, description = "All of them, oldest first, under `inf:oauth-client-secret`", body = HalPage<SecretBody>),
        ClientErrors,
    )
)]
pub(super) async fn list(request: HttpRequest, by: Administration) -> ApiResult<HttpResponse> {
    let client = by.manage().read_client(&by.proof, client_named(&request)?).await?;
    let secrets = by.manage().list_secrets(&by.proof, client_named(&request)?).await?;
    let path = format!("{}/secrets", client_path(by.base(), client.uid));
    let items = secrets
        .into_iter()
        .map(|secret| SecretBody::new(by.base(), secret))
        .collect();
    Ok(HttpResponse::Ok().json(HalPage::whole("inf:oauth-client-secret", &path, items)))
}

/// Adds a secret. Its text is in this answer and nowhere else. `expireOthersIn` gives the older ones a deadline.
#[utoipa::path(
    post,
    path = "/api/oauth-clients/{client}/secrets",
    tag = "Management",
    params(("client" = String, Path, description = "The client's `id` or `client_id`")),
    request_body = Option<NewSecretPayload>,
    responses(
        (status = 201, description = "The secret; its path is in `Location`", body = CreatedSecretBody),
        (status = 400, description = "A field is wrong or unknown", body = ApiErrorBody),
        ClientErrors,
        (status = 409, description = "The client has ten secrets already", body = ApiErrorBody),
    )
)]
pub(super) async fn create(request: HttpRequest, by: Administration, body: Payload) -> ApiResult<HttpResponse> {
    let client = client_named(&request)?;
    let new = payload::new_secret(json::read_optional(&request, body).await?.unwrap_or_default())?;
    let created = by.manage().create_secret(&by.proof, client, new, &by.context).await?;
    let location = format!(
        "{}/secrets/{}",
        client_path(by.base(), created.secret.client),
        created.secret.uid
    );
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, location))
        .json(CreatedSecretBody::new(by.base(), created)))
}

/// Reads a secret, without its text.
#[utoipa::path(
    get,
    path = "/api/oauth-clients/{client}/secrets/{secret}",
    tag = "Management",
    params(
        ("client" = String, Path, description = "The client's `id` or `client_id`"),
        ("secret" = String, Path, description = "The secret's `id`"),
    ),
    responses(
        (status = 200, description = "The secret", body = SecretBody),
        AdministrationErrors,
        (status = 404, description = "There is no such client, or it has no such secret", body = ApiErrorBody),
    )
)]
pub(super) async fn read(request: HttpRequest, by: Administration) -> ApiResult<HttpResponse> {
    let secret = by
        .manage()
        .read_secret(&by.proof, client_named(&request)?, named(&request)?)
        .await?;
    Ok(HttpResponse::Ok().json(SecretBody::new(by.base(), secret)))
}

/// Deletes a secret: it stops working within a second.
#[utoipa::path(
    delete,
    path = "/api/oauth-clients/{client}/secrets/{secret}",
    tag = "Management",
    params(
        ("client" = String, Path, description = "The client's `id` or `client_id`"),
        ("secret" = String, Path, description = "The secret's `id`"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        AdministrationErrors,
        (status = 404, description = "There is no such client, or it has no such secret", body = ApiErrorBody),
    )
)]
pub(super) async fn delete(request: HttpRequest, by: Administration) -> ApiResult<HttpResponse> {
    by.manage()
        .delete_secret(&by.proof, client_named(&request)?, named(&request)?, &by.context)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn named(request: &HttpRequest) -> ApiResult<SecretUid> {
    in_path(request, "secret", "Secret")
}
