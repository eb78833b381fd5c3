//! The introspection endpoint (RFC 7662).

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use informer_oauth_application::introspect::{ActiveToken, Introspection};
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_web::{
    parameters::Accepted,
    protocol_error::{ProtocolErrorResponse, ProtocolResult, json_bytes, no_store},
    state::HttpState,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::responses::ClientRequestErrors;
use crate::{client_request::ClientRequest, revoke::OneToken};

const INACTIVE: &str = r#"{"active":false}"#;

/// What a token is good for (RFC 7662 §2.2). An inactive token has `active` only.
#[derive(Serialize, ToSchema)]
pub(crate) struct IntrospectionBody<'a> {
    /// Whether it is good at this moment.
    active: bool,
    /// What it may do.
    scope: String,
    /// Whose client it was issued to.
    client_id: String,
    /// Who granted it.
    username: &'a str,
    /// `Bearer` for an access token; left out for a refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_type: Option<&'static str>,
    /// Seconds since 1970; left out for a token that lives until it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    /// Seconds since 1970.
    iat: i64,
    /// The username again.
    sub: &'a str,
    /// The resource server it is for.
    aud: &'a str,
    /// This service.
    iss: &'a str,
    /// The token's id.
    jti: &'a str,
    /// The token record's id.
    tid: &'a str,
}

/// Ask what a token is good for
///
/// For confidential clients about their own tokens; for those flagged `introspect` about any.
#[utoipa::path(
    post, path = "/oauth/introspect", tag = "OAuth",
    request_body(content = OneToken, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What is known of it; `{\"active\":false}` when it is not good or not the caller's to know", body = IntrospectionBody),
        ClientRequestErrors,
    ),
    security(("client" = [])),
)]
pub(crate) async fn introspect(request: HttpRequest, payload: Payload) -> ProtocolResult {
    let state = HttpState::of(&request);
    let ClientRequest {
        parameters,
        basic,
        context,
    } = ClientRequest::read(&request, payload, Accepted::Form).await?;
    let used_basic = basic.is_some();
    let found = state
        .app
        .introspect
        .run(&parameters, basic, &context)
        .await
        .map_err(|error| ProtocolErrorResponse::from(error).after_basic(used_basic))?;
    let mut response = no_store(&mut HttpResponse::Ok());
    Ok(match found {
        Introspection::Inactive => response.body(INACTIVE),
        Introspection::Active(token) => response.body(json_bytes(&describe(&token, state.issuer()))),
    })
}

fn describe<'a>(token: &'a ActiveToken, issuer: &'a str) -> IntrospectionBody<'a> {
    IntrospectionBody {
        active: true,
        scope: token.scope.to_string(),
        client_id: token.client_id.to_string(),
        username: &token.username,
        token_type: token.token_type,
        exp: token.expires_at.map(Timestamp::as_seconds),
        iat: token.issued_at.as_seconds(),
        sub: &token.username,
        aud: &token.audience,
        iss: issuer,
        jti: &token.token_id,
        tid: &token.token_record,
    }
}
