//! `/api/oauth-clients/{client}/events`.

use actix_web::{HttpRequest, HttpResponse};
use informer_oauth_application::manage::EventQuery;
use informer_oauth_web::{
    api_error::{ApiErrorBody, ApiResult},
    hal::HalPage,
    paging::Query,
};

use super::{
    Administration, client_named,
    representation::{CLIENTS, EventBody},
    responses::ClientErrors,
};

/// Lists what happened to a client and with it. By its `id`, also of a client that was deleted.
#[utoipa::path(
    get,
    path = "/api/oauth-clients/{client}/events",
    tag = "Management",
    params(
        ("client" = String, Path, description = "The client's `id` or `client_id`"),
        ("start" = Option<u64>, Query, description = "How many to pass over"),
        ("limit" = Option<u32>, Query, description = "How many to return, 1 to 200; 30 by default"),
    ),
    responses(
        (status = 200, description = "A page, newest first, under `inf:oauth-event`", body = HalPage<EventBody>),
        (status = 400, description = "A parameter is out of range", body = ApiErrorBody),
        ClientErrors,
    )
)]
pub(super) async fn list(request: HttpRequest, by: Administration) -> ApiResult<HttpResponse> {
    let client = client_named(&request)?;
    let wanted = EventQuery {
        client: Some(client),
        ..EventQuery::default()
    };
    let query = Query::parse(request.query_string());
    let asked = query.page()?;
    let page = by.manage().list_events(&by.proof, &wanted, asked).await?;
    let named = request.match_info().get("client").unwrap_or_default();
    let path = format!("{}{CLIENTS}/{named}/events", by.base());
    let items = page.items.into_iter().map(EventBody::new).collect();
    Ok(HttpResponse::Ok().json(HalPage::new("inf:oauth-event", &path, &query, asked, items, page.total)))
}
