//! Whether the service runs, and whether it can do its work.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
    rt::time::timeout,
};
use futures_util::future::join_all;
use informer_oauth_web::{
    parameters::JSON,
    protocol_error::{RETRY_AFTER_SECONDS, json_bytes},
    state::HttpState,
};
use serde::Serialize;
use utoipa::ToSchema;

/// The process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Live {
    /// `up`
    status: &'static str,
}

/// What readiness found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// `up` when every check is, else `down`.
    status: &'static str,
    /// `up` or `down` for each dependency: `sqlite`, `postgres`, `redis`, `informer`.
    checks: BTreeMap<&'static str, &'static str>,
}

const fn word(up: bool) -> &'static str {
    if up { "up" } else { "down" }
}

/// Whether the process answers
#[utoipa::path(
    get, path = "/health/live", tag = "Operations",
    responses((status = 200, description = "It does", body = Live)),
    security(()),
)]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HeaderValue::from_static(JSON)))
        .body(json_bytes(&Live { status: word(true) }))
}

/// Whether the service can do its work
#[utoipa::path(
    get, path = "/health/ready", tag = "Operations",
    responses(
        (status = 200, description = "Everything it depends on is there", body = Ready),
        (status = 503, description = "Something is down", body = Ready),
    ),
    security(()),
)]
pub(crate) async fn ready(request: HttpRequest) -> HttpResponse {
    let state = HttpState::of(&request);
    let checks = state.app.health.probes().iter().map(|probe| async move {
        let up = match timeout(state.settings.probe_timeout, probe.check()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(dependency = probe.name(), %error, "not ready");
                false
            }
            Err(_) => {
                tracing::warn!(dependency = probe.name(), "not ready: no answer in time");
                false
            }
        };
        (probe.name(), word(up))
    });
    let checks: BTreeMap<_, _> = join_all(checks).await.into_iter().collect();
    let up = checks.values().all(|state| *state == word(true));
    let mut response = if up {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    if !up {
        response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
    }
    response
        .insert_header((CONTENT_TYPE, HeaderValue::from_static(JSON)))
        .body(json_bytes(&Ready {
            status: word(up),
            checks,
        }))
}
