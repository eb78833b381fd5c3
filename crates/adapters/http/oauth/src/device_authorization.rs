//! The device authorization endpoint (RFC 8628 §3.1–3.2), and its second address under the Informer API.

use actix_web::{HttpRequest, HttpResponse, http::header::USER_AGENT, web::Payload};
use informer_oauth_web::{
    endpoint::DEVICE_PAGE,
    parameters::Accepted,
    protocol_error::{ProtocolErrorResponse, ProtocolResult, json_bytes, no_store},
    state::HttpState,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{client_request::ClientRequest, responses::ClientRequestErrors};

/// A device's request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used: the parameters are read one by one")]
pub(crate) struct DeviceAuthorizationRequest {
    /// The client, unless it authenticates with Basic.
    client_id: Option<String>,
    /// The client's secret, unless it authenticates with Basic or has none.
    client_secret: Option<String>,
    /// Scopes, separated by spaces.
    scope: Option<String>,
    /// The resource server that the tokens are for (RFC 8707).
    resource: Option<String>,
}

/// What the device shows, and what it polls with.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeviceAuthorizationBody<'a> {
    /// 32 hex characters, to poll with.
    device_code: &'a str,
    /// To be typed by the person.
    #[schema(example = "BKFT-DNLZ")]
    user_code: &'a str,
    /// Where to type it.
    verification_uri: &'a str,
    /// The same with the code in it: for a link or a QR code.
    verification_uri_complete: &'a str,
    /// Seconds.
    expires_in: u64,
    /// Seconds between two polls.
    interval: u64,
}

/// Begin to authorize a device
#[utoipa::path(
    post, path = "/oauth/device_authorization", tag = "OAuth",
    request_body(content = DeviceAuthorizationRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Show the user code, then poll", body = DeviceAuthorizationBody),
        ClientRequestErrors,
    ),
    security((), ("client" = [])),
)]
pub(crate) async fn device_authorization(request: HttpRequest, payload: Payload) -> ProtocolResult {
    let asked = ClientRequest::read(&request, payload, Accepted::Form).await?;
    answer(&request, asked).await
}

/// Begin to authorize a device, also with JSON
///
/// The same endpoint as `/oauth/device_authorization`.
#[utoipa::path(
    post, path = "/api/oauth/device_token", tag = "OAuth",
    request_body(
        content(
            (DeviceAuthorizationRequest = "application/x-www-form-urlencoded"),
            (DeviceAuthorizationRequest = "application/json"),
        )
    ),
    responses(
        (status = 200, description = "Show the user code, then poll", body = DeviceAuthorizationBody),
        ClientRequestErrors,
    ),
    security((), ("client" = [])),
)]
pub(crate) async fn device_token(request: HttpRequest, payload: Payload) -> ProtocolResult {
    let asked = ClientRequest::read(&request, payload, Accepted::FormOrJson).await?;
    answer(&request, asked).await
}

async fn answer(request: &HttpRequest, asked: ClientRequest) -> ProtocolResult {
    let ClientRequest {
        parameters,
        basic,
        context,
    } = asked;
    let used_basic = basic.is_some();
    let state = HttpState::of(request);
    let agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    let started = state
        .app
        .start_device
        .run(&parameters, basic, agent, &context)
        .await
        .map_err(|error| ProtocolErrorResponse::from(error).after_basic(used_basic))?;
    let user_code = started.user_code.to_string();
    let page = format!("{}{DEVICE_PAGE}", state.issuer().trim_end_matches('/'));
    let body = DeviceAuthorizationBody {
        device_code: started.device_code.expose(),
        user_code: &user_code,
        verification_uri: &page,
        verification_uri_complete: &format!("{page}?code={user_code}"),
        expires_in: started.expires_in.as_secs(),
        interval: started.interval.as_secs(),
    };
    Ok(no_store(&mut HttpResponse::Ok()).body(json_bytes(&body)))
}
