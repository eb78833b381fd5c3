//! `/api/oauth-clients` and `/api/oauth-clients-list`.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, LOCATION},
    web::Payload,
};
use informer_oauth_application::{
    ClientSort,
    manage::{ClientChange, ClientQuery, Precondition},
};
use informer_oauth_domain::{
    client::{Client, ClientDraft},
    user::Superuser,
};
use informer_oauth_web::{
    api_error::{ApiError, ApiErrorBody, ApiResult},
    body::{self, BodyError},
    caller::Caller,
    document::{etag_of, has_it},
    etag,
    hal::HalPage,
    json,
    paging::Query,
    parameters::JSON,
    protocol_error::json_bytes,
    state::HttpState,
};

use super::{
    Administration, Permitted, client_named,
    payload::{self, NewClientPayload},
    representation::{CLIENTS, ClientBody, ListedClient, client_path},
    responses::{AdministrationErrors, ClientErrors},
};

/// Kept by the user's own browser only, and asked about each time.
const REVALIDATED: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Lists clients.
#[utoipa::path(
    get,
    path = "/api/oauth-clients",
    tag = "Management",
    params(
        ("q" = Option<String>, Query, description = "What the name or description contains, in any case"),
        ("sort" = Option<String>, Query, description = "`name`, `createdAt` or `updatedAt`; from the end with `-` in front"),
        ("start" = Option<u64>, Query, description = "How many to pass over"),
        ("limit" = Option<u32>, Query, description = "How many to return, 1 to 200; 30 by default"),
    ),
    responses(
        (status = 200, description = "A page, under `inf:oauth-client`", body = HalPage<ClientBody>),
        (status = 400, description = "A parameter is out of range", body = ApiErrorBody),
        AdministrationErrors,
    )
)]
pub(super) async fn list(request: HttpRequest, by: Administration) -> ApiResult<HttpResponse> {
    let query = Query::parse(request.query_string());
    let (sort, descending) = sort(&query)?;
    let wanted = ClientQuery {
        text: query.one("q")?.map(str::to_owned),
        sort,
        descending,
        page: query.page()?,
    };
    let page = by.manage().list_clients(&by.proof, &wanted).await?;
    let items = page
        .items
        .into_iter()
        .map(|client| ClientBody::new(by.base(), client))
        .collect();
    let path = format!("{}{CLIENTS}", by.base());
    Ok(HttpResponse::Ok().json(HalPage::new(
        "inf:oauth-client",
        &path,
        &query,
        wanted.page,
        items,
        page.total,
    )))
}

fn sort(query: &Query) -> ApiResult<(ClientSort, bool)> {
    let named = query.one("sort")?.unwrap_or("name");
    let (name, descending) = named.strip_prefix('-').map_or((named, false), |name| (name, true));
    let sort = match name {
        "name" => ClientSort::Name,
        "createdAt" => ClientSort::CreatedAt,
        "updatedAt" => ClientSort::UpdatedAt,
        _ => {
            return Err(ApiError::query(
                "sort",
                "\"sort\" must be one of name, createdAt, updatedAt, each with or without - in front",
            ));
        }
    };
    Ok((sort, descending))
}

/// Registers a client.
#[utoipa::path(
    post,
    path = "/api/oauth-clients",
    tag = "Management",
    request_body = NewClientPayload,
    responses(
        (status = 201, description = "The client; its path is in `Location`", body = ClientBody),
        (status = 400, description = "A field is wrong or unknown", body = ApiErrorBody),
        AdministrationErrors,
        (status = 409, description = "The template's built-in client exists already", body = ApiErrorBody),
    )
)]
pub(super) async fn create(request: HttpRequest, by: Administration, body: Payload) -> ApiResult<HttpResponse> {
    let new = payload::new_client(json::read(&request, body).await?)?;
    let client = by.manage().create_client(&by.proof, new, &by.context).await?;
    let location = client_path(by.base(), client.uid);
    Ok(answer(
        HttpResponse::Created().insert_header((LOCATION, location)),
        by.base(),
        client,
    ))
}

/// Reads a client.
#[utoipa::path(
    get,
    path = "/api/oauth-clients/{client}",
    tag = "Management",
    params(("client" = String, Path, description = "The client's `id` or `client_id`")),
    responses(
        (status = 200, description = "The client, with a strong `ETag`", body = ClientBody),
        (status = 304, description = "It is as `If-None-Match` says"),
        ClientErrors,
    )
)]
pub(super) async fn read(request: HttpRequest, by: Administration) -> ApiResult<HttpResponse> {
    let client = by.manage().read_client(&by.proof, client_named(&request)?).await?;
    let tag = etag::of_client(&client);
    if has_it(request.headers(), &tag) {
        return Ok(not_modified(tag));
    }
    Ok(answer(&mut HttpResponse::Ok(), by.base(), client))
}

/// Replaces a client: fields that are left out get their defaults.
#[utoipa::path(
    put,
    path = "/api/oauth-clients/{client}",
    tag = "Management",
    params(
        ("client" = String, Path, description = "The client's `id` or `client_id`"),
        ("If-Match" = Option<String>, Header, description = "Only if the client is still in this state"),
    ),
    request_body = ClientDraft,
    responses(
        (status = 200, description = "The client as it is now", body = ClientBody),
        (status = 400, description = "A field is wrong or unknown", body = ApiErrorBody),
        ClientErrors,
        (status = 412, description = "It has changed since", body = ApiErrorBody),
    )
)]
pub(super) async fn replace(request: HttpRequest, by: Administration, body: Payload) -> ApiResult<HttpResponse> {
    let client = client_named(&request)?;
    let (fields, read_only) = payload::whole_client(json::read(&request, body).await?)?;
    let change = ClientChange {
        fields,
        read_only,
        precondition: precondition(&request)?,
    };
    let client = by
        .manage()
        .replace_client(&by.proof, client, change, &by.context)
        .await?;
    Ok(answer(&mut HttpResponse::Ok(), by.base(), client))
}

/// Changes some fields of a client (merge patch, RFC 7396). Without `If-Match`, of concurrent patches none is lost.
#[utoipa::path(
    patch,
    path = "/api/oauth-clients/{client}",
    tag = "Management",
    params(
        ("client" = String, Path, description = "The client's `id` or `client_id`"),
        ("If-Match" = Option<String>, Header, description = "Only if the client is still in this state"),
    ),
    request_body(
        content((ClientDraft = "application/merge-patch+json"), (ClientDraft = "application/json")),
        description = "The fields to set"
    ),
    responses(
        (status = 200, description = "The client as it is now", body = ClientBody),
        (status = 400, description = "A field is wrong or unknown", body = ApiErrorBody),
        ClientErrors,
        (status = 412, description = "It has changed since", body = ApiErrorBody),
        (status = 415, description = "Another kind of patch", body = ApiErrorBody),
    )
)]
pub(super) async fn patch(request: HttpRequest, by: Administration, body: Payload) -> ApiResult<HttpResponse> {
    let client = client_named(&request)?;
    // A HAL document is a whole client, not a patch of one.
    if body::media_type(request.headers())?.as_deref() == Some(json::HAL) {
        return Err(BodyError::UnsupportedType.into());
    }
    let (fields, read_only) = payload::client(json::read(&request, body).await?)?;
    let change = ClientChange {
        fields,
        read_only,
        precondition: precondition(&request)?,
    };
    let client = by.manage().patch_client(&by.proof, client, change, &by.context).await?;
    Ok(answer(&mut HttpResponse::Ok(), by.base(), client))
}

/// Deletes a client. Its secrets go; its tokens stop working within a second. The token API feature is not needed.
#[utoipa::path(
    delete,
    path = "/api/oauth-clients/{client}",
    tag = "Management",
    params(
        ("client" = String, Path, description = "The client's `id` or `client_id`"),
        ("If-Match" = Option<String>, Header, description = "Only if the client is still in this state"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "Nobody is signed in", body = ApiErrorBody),
        (status = 403, description = "No superuser", body = ApiErrorBody),
        (status = 404, description = "There is no such client", body = ApiErrorBody),
        (status = 412, description = "It has changed since", body = ApiErrorBody),
    )
)]
pub(super) async fn delete(request: HttpRequest, by: Permitted<Superuser>) -> ApiResult<HttpResponse> {
    let client = client_named(&request)?;
    by.manage()
        .delete_client(&by.proof, client, &precondition(&request)?, &by.context)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists every client, for any user: what a page shows beside a client's name, nothing that is for administrators.
#[utoipa::path(
    get,
    path = "/api/oauth-clients-list",
    tag = "Management",
    responses(
        (status = 200, description = "All of them by name, with an `ETag`", body = [ListedClient]),
        (status = 304, description = "It is as `If-None-Match` says"),
        (status = 401, description = "Nobody is signed in", body = ApiErrorBody),
    )
)]
pub(super) async fn list_for_users(request: HttpRequest, caller: Caller) -> ApiResult<HttpResponse> {
    let state = HttpState::of(&request);
    let clients = state.app.manage.list_for_users(&caller.user).await?;
    let listed: Vec<_> = clients
        .into_iter()
        .map(|client| ListedClient::new(state.base_path(), client))
        .collect();
    let bytes = json_bytes(&listed);
    let tag = etag_of(&bytes);
    if has_it(request.headers(), &tag) {
        return Ok(not_modified(tag));
    }
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, REVALIDATED))
        .insert_header((CONTENT_TYPE, JSON))
        .body(bytes))
}

fn precondition(request: &HttpRequest) -> ApiResult<Precondition> {
    etag::if_match(request.headers())
}

fn answer(response: &mut HttpResponseBuilder, base: &str, client: Client) -> HttpResponse {
    response
        .insert_header((ETAG, etag::of_client(&client)))
        .insert_header((CACHE_CONTROL, REVALIDATED))
        .json(ClientBody::new(base, client))
}

fn not_modified(tag: HeaderValue) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, REVALIDATED))
        .finish()
}
