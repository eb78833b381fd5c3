//! The revocation endpoint (RFC 7009).

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use informer_oauth_web::{
    parameters::Accepted,
    protocol_error::{ProtocolErrorResponse, ProtocolResult, no_store},
    state::HttpState,
};
use utoipa::ToSchema;

use crate::{client_request::ClientRequest, responses::ClientRequestErrors};

/// A token to end or to ask about.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used: the parameters are read one by one")]
pub(crate) struct OneToken {
    /// An access token or a refresh token.
    token: String,
    /// Not needed; taken and ignored.
    token_type_hint: Option<String>,
    /// The client, unless it authenticates with Basic.
    client_id: Option<String>,
    /// The client's secret, unless it authenticates with Basic or has none.
    client_secret: Option<String>,
}

/// Nothing to say.
#[derive(ToSchema)]
pub(crate) struct Nothing {}

/// End a token and everything granted with it
///
/// Either kind of token ends its token record. The answer is the same for a token that is unknown or another client's.
#[utoipa::path(
    post, path = "/oauth/revoke", tag = "OAuth",
    request_body(content = OneToken, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token does not work any more, if it was this client's: always `{}`", body = Nothing),
        ClientRequestErrors,
    ),
    security((), ("client" = [])),
)]
pub(crate) async fn revoke(request: HttpRequest, payload: Payload) -> ProtocolResult {
    let ClientRequest {
        parameters,
        basic,
        context,
    } = ClientRequest::read(&request, payload, Accepted::Form).await?;
    let used_basic = basic.is_some();
    HttpState::of(&request)
        .app
        .revoke
        .run(&parameters, basic, &context)
        .await
        .map_err(|error| ProtocolErrorResponse::from(error).after_basic(used_basic))?;
    Ok(no_store(&mut HttpResponse::Ok()).body("{}"))
}
