//! The token endpoint (RFC 6749 §3.2), and its second address under the Informer API, which also takes JSON.

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use informer_oauth_domain::secret::Secret;
use informer_oauth_web::{
    parameters::Accepted,
    protocol_error::{ProtocolErrorBody, ProtocolErrorResponse, ProtocolResult, json_bytes, no_store},
    state::HttpState,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{client_request::ClientRequest, responses::ClientRequestErrors};

/// A token request. Which fields are needed depends on the grant type.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used: the parameters are read one by one")]
pub(crate) struct TokenRequest {
    /// `authorization_code`, `refresh_token` or `urn:ietf:params:oauth:grant-type:device_code`
    #[schema(example = "authorization_code")]
    grant_type: String,
    /// The client, unless it authenticates with Basic.
    client_id: Option<String>,
    /// The client's secret, unless it authenticates with Basic or has none.
    client_secret: Option<String>,
    /// `authorization_code`: the code from the redirect.
    code: Option<String>,
    /// `authorization_code`: the redirect URI, if one was sent with the authorization request.
    redirect_uri: Option<String>,
    /// `authorization_code`: the PKCE verifier (RFC 7636), if a challenge was sent.
    code_verifier: Option<String>,
    /// `refresh_token`: the refresh token.
    refresh_token: Option<String>,
    /// `urn:ietf:params:oauth:grant-type:device_code`: the device code (RFC 8628 §3.4).
    device_code: Option<String>,
    /// `refresh_token`: a narrower scope.
    scope: Option<String>,
    /// The resource server that the token is for (RFC 8707).
    resource: Option<String>,
}

/// Tokens (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenBody<'a> {
    /// A JWT (RFC 9068).
    access_token: &'a str,
    /// `Bearer`
    token_type: &'static str,
    /// What the access token may do.
    #[schema(example = "read:dataset read:profile")]
    scope: String,
    /// Seconds; left out for a token that lives until it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_in: Option<u64>,
    /// To be used once; left out for clients without refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<&'a str>,
}

/// Exchange a code, a device code or a refresh token for tokens
///
/// Clients authenticate with Basic or in the body; a client without a secret sends its `client_id`.
#[utoipa::path(
    post, path = "/oauth/token", tag = "OAuth",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Tokens", body = TokenBody),
        ClientRequestErrors,
    ),
    security((), ("client" = [])),
)]
pub(crate) async fn token(request: HttpRequest, payload: Payload) -> ProtocolResult {
    answer(&request, payload, Accepted::Form).await
}

/// Exchange a code, a device code or a refresh token for tokens, also with JSON
///
/// The same endpoint as `/oauth/token` for clients that send JSON: an object whose values are strings.
#[utoipa::path(
    post, path = "/api/oauth/access_token", tag = "OAuth",
    request_body(
        content(
            (TokenRequest = "application/x-www-form-urlencoded"),
            (TokenRequest = "application/json"),
        )
    ),
    responses(
        (status = 200, description = "Tokens", body = TokenBody),
        ClientRequestErrors,
    ),
    security((), ("client" = [])),
)]
pub(crate) async fn access_token(request: HttpRequest, payload: Payload) -> ProtocolResult {
    answer(&request, payload, Accepted::FormOrJson).await
}

/// Ask whether a device has been approved
///
/// The same endpoint as `/api/oauth/access_token`, under the name that devices know it by.
#[utoipa::path(
    post, path = "/api/oauth/device_access_token", tag = "OAuth",
    request_body(
        content(
            (TokenRequest = "application/x-www-form-urlencoded"),
            (TokenRequest = "application/json"),
        )
    ),
    responses(
        (status = 200, description = "Tokens", body = TokenBody),
        ClientRequestErrors,
        (status = 400, description = "`authorization_pending`, `slow_down`, `access_denied`, `expired_token`, or refused", body = ProtocolErrorBody),
    ),
    security((), ("client" = [])),
)]
pub(crate) async fn device_access_token(request: HttpRequest, payload: Payload) -> ProtocolResult {
    access_token(request, payload).await
}

/// Answers all three of them.
async fn answer(request: &HttpRequest, payload: Payload, accepted: Accepted) -> ProtocolResult {
    let state = HttpState::of(request);
    let ClientRequest {
        parameters,
        basic,
        context,
    } = ClientRequest::read(request, payload, accepted).await?;
    let used_basic = basic.is_some();
    let tokens = state
        .app
        .token
        .answer(&parameters, basic, &context)
        .await
        .map_err(|error| ProtocolErrorResponse::from(error).after_basic(used_basic))?;
    let body = TokenBody {
        access_token: tokens.access_token.expose(),
        token_type: "Bearer",
        scope: tokens.scope.to_string(),
        expires_in: tokens.expires_in,
        refresh_token: tokens.refresh_token.as_ref().map(Secret::expose),
    };
    Ok(no_store(&mut HttpResponse::Ok()).body(json_bytes(&body)))
}
