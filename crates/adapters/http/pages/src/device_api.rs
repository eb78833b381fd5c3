//! Deciding about a device as JSON, for Informer's own front end (http-api.md §4).
//!
//! Only a browser's session counts here, never a bearer token: with a token one could grant oneself further ones.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::CACHE_CONTROL},
    web,
};
use informer_oauth_application::decide_device_authorization::{DeviceError, Verdict, WaitingDevice};
use informer_oauth_domain::scope::ScopeSet;
use informer_oauth_web::{
    api_error::{ApiError, ApiErrorBody, ApiResult},
    caller::Caller,
    json,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    authorize_api::{ClientDetails, ScopeDetails, session_in_person, session_user},
    visit::Visit,
};

/// What the person typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedCode {
    /// In any case, with or without the dash.
    #[schema(example = "BKFT-DNLZ")]
    user_code: String,
}

/// A device that waits for a decision.
#[derive(Serialize, ToSchema)]
pub(super) struct DeviceDetails {
    #[schema(example = "BKFT-DNLZ")]
    user_code: String,
    client: ClientDetails,
    /// What it asks for.
    scopes: Vec<ScopeDetails>,
    requested: Requested,
    /// When the code is over, RFC 3339.
    #[serde(rename = "expiresAt")]
    expires_at: String,
}

/// Where the request came from. To be shown: the person may notice that it is not their device (RFC 8628 §5.4).
#[derive(Serialize, ToSchema)]
pub(super) struct Requested {
    /// When, RFC 3339.
    at: String,
    /// The address of the device, or of its network.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The kind of device, in words, as far as it says.
    #[schema(value_type = String, example = "a program or command line")]
    device: &'static str,
    /// What it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
}

/// The person's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceDecision {
    #[schema(example = "BKFT-DNLZ")]
    user_code: String,
    /// Whether the person allows it.
    approve: bool,
    /// Less than was asked for: scopes, separated by spaces; everything that was asked for when left out.
    #[serde(default)]
    scope: Option<String>,
}

impl DeviceDetails {
    fn new(visit: &Visit, device: &WaitingDevice) -> Self {
        let request = &device.request;
        Self {
            user_code: request.user_code.to_string(),
            client: ClientDetails::new(visit, &device.client),
            scopes: ScopeDetails::list(request.scope),
            requested: Requested {
                at: request.issued_at.to_string(),
                address: request.origin.address().map(|address| address.to_string()),
                device: request.origin.kind().in_words(),
                agent: request.origin.agent().map(str::to_owned),
            },
            expires_at: request.expires_at.to_string(),
        }
    }
}

fn refusal(error: DeviceError) -> ApiError {
    match error {
        DeviceError::Unknown => ApiError::Status(StatusCode::NOT_FOUND, "No device is waiting under this code".into()),
        DeviceError::DecidedBefore => ApiError::Status(StatusCode::CONFLICT, "It has been decided already".into()),
        DeviceError::NothingGranted => ApiError::payload("scope", "scope must name something that was asked for"),
        DeviceError::Limited { retry_after } => ApiError::Limited { retry_after },
        DeviceError::Fault(fault) => fault.into(),
    }
}

/// What waits under a code.
#[utoipa::path(
    post,
    path = "/api/oauth/device_user_code",
    tag = "Authorization",
    summary = "The device that waits under a user code",
    description = "For a front end that shows its own device page. Needs a browser's session and a page of this site.",
    request_body = TypedCode,
    responses(
        (status = 200, body = DeviceDetails),
        (status = 401, description = "Nobody is signed in", body = ApiErrorBody),
        (status = 403, description = "Not sent by a page of this site", body = ApiErrorBody),
        (status = 404, description = "No such code, or it is over or decided", body = ApiErrorBody),
        (status = 429, description = "Too many wrong codes; see Retry-After", body = ApiErrorBody),
    ),
)]
pub(super) async fn find(visit: Visit, caller: Caller, payload: web::Payload) -> ApiResult<HttpResponse> {
    let user = session_user(caller)?;
    let typed: TypedCode = json::read(&visit.request, payload).await?;
    let found = visit
        .app()
        .decide_device
        .find(&typed.user_code, &user, &visit.context())
        .await;
    let device = found.map_err(refusal)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    Ok(response.json(DeviceDetails::new(&visit, &device)))
}

/// The person's answer.
#[utoipa::path(
    post,
    path = "/api/oauth/authorize_device",
    tag = "Authorization",
    summary = "Allow or deny a device",
    description = "Needs a browser's session and a page of this site.",
    request_body = DeviceDecision,
    responses(
        (status = 204, description = "Decided"),
        (status = 400, description = "Nothing of what was asked for is granted", body = ApiErrorBody),
        (status = 401, description = "Nobody is signed in", body = ApiErrorBody),
        (status = 403, description = "Not sent by a page of this site, or by somebody who acts for the user", body = ApiErrorBody),
        (status = 404, description = "No such code, or it is over", body = ApiErrorBody),
        (status = 409, description = "Somebody has decided already", body = ApiErrorBody),
        (status = 429, description = "Too many wrong codes; see Retry-After", body = ApiErrorBody),
    ),
)]
pub(super) async fn decide(visit: Visit, caller: Caller, payload: web::Payload) -> ApiResult<HttpResponse> {
    let user = session_in_person(&visit, caller).await?;
    let decision: DeviceDecision = json::read(&visit.request, payload).await?;
    let scope = match decision.scope.as_deref().map(str::parse::<ScopeSet>) {
        None => ScopeSet::ALL,
        Some(Ok(scope)) => scope,
        Some(Err(error)) => return Err(ApiError::payload("scope", error.to_string())),
    };
    let verdict = if decision.approve {
        Verdict::Approve(scope)
    } else {
        Verdict::Deny
    };
    visit
        .app()
        .decide_device
        .decide(&decision.user_code, verdict, &user, &visit.context())
        .await
        .map_err(refusal)?;
    Ok(HttpResponse::NoContent().finish())
}
