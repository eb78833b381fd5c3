//! The gate for reverse proxies (http-api.md §6): may this request go on to Informer?
//!
//! A proxy asks with the method and URI that it received itself: in `X-Original-Method` and `X-Original-URI` (nginx), in
//! `X-Forwarded-Method` and `X-Forwarded-Uri` (Traefik), or with the method it received and the URI behind its own path,
//! `DELETE /oauth/verify/api/datasets/1` (Envoy). The gate does not know which proxy it serves, and clients can send
//! either pair; so a pair must be whole, no header may come twice, and wherever a method or a URI stands it must be the same.
//! What a proxy says of its user is in the answer only: a request that brings another `X-Informer-` header than those which
//! the proxy then overwrites was not cleaned of it, and Informer might believe it. Otherwise the answer is 403, with or
//! without a token. A proxy understands 2xx (Envoy 200), 401 and 403 only; a fault is 503, which every proxy takes for a
//! refusal.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode, Uri,
        header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE},
    },
    web,
};
use informer_oauth_application::{
    error::{Fault, ProtocolError},
    gate::GateAnswer,
};
use informer_oauth_domain::{error::ErrorCode, scope::Scope};

use crate::{
    caller::{Bearer, bearer},
    parameters::JSON,
    protocol_error::{ProtocolErrorBody, ProtocolErrorResponse, ProtocolResult, error_body},
    state::HttpState,
};

const METHODS: [HeaderName; 2] = [
    HeaderName::from_static("x-original-method"),
    HeaderName::from_static("x-forwarded-method"),
];
const URIS: [HeaderName; 2] = [
    HeaderName::from_static("x-original-uri"),
    HeaderName::from_static("x-forwarded-uri"),
];

const USER: HeaderName = HeaderName::from_static("x-informer-user");
const CLIENT: HeaderName = HeaderName::from_static("x-informer-client");
const SCOPE: HeaderName = HeaderName::from_static("x-informer-scope");
const TOKEN: HeaderName = HeaderName::from_static("x-informer-token");

const INVALID_TOKEN: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_token\"");
const TOKEN_REQUIRED: HeaderValue = HeaderValue::from_static("Bearer");

/// What stands before the original URI when Envoy asks, and is all of the path when others do.
const PATH: &str = "/oauth/verify";
/// The same before an original path.
const BY_PATH: &str = "/oauth/verify/{original:.*}";

/// How a request's own headers that are named like the gate's answers begin, however a server behind writes the dashes.
const OURS: [&str; 2] = ["x-informer-", "x_informer_"];

/// The route, for every method: some proxies ask with the original one.
pub(crate) fn configure(routes: &mut web::ServiceConfig) {
    routes.service(web::resource(PATH).route(web::route().to(verify)));
}

/// The same before an original path. Patterns take longer to compare than plain paths, so this comes after those.
pub(crate) fn configure_by_path(routes: &mut web::ServiceConfig) {
    routes.service(web::resource(BY_PATH).route(web::route().to(verify)));
}

/// May this request go on to Informer?
///
/// For a reverse proxy (nginx `auth_request`, Traefik ForwardAuth, Envoy ext_authz). Either pair of headers; or the original
/// method, and the original URI after this path, as Envoy asks, which is then answered 200 without a token too.
#[utoipa::path(
    get, path = "/oauth/verify", tag = "Gate",
    params(
        ("X-Original-Method" = Option<String>, Header, description = "The method of the request to judge"),
        ("X-Original-URI" = Option<String>, Header, description = "Its URI, as the client sent it"),
        ("X-Forwarded-Method" = Option<String>, Header, description = "The same"),
        ("X-Forwarded-Uri" = Option<String>, Header, description = "The same"),
    ),
    responses(
        (status = 200, description = "It may", headers(
            ("X-Informer-User" = String, description = "The username; what is not visible ASCII is percent-encoded"),
            ("X-Informer-Client" = String, description = "The client_id"),
            ("X-Informer-Scope" = String, description = "The token's scope"),
            ("X-Informer-Token" = String, description = "The token record's id"),
        )),
        (status = 204, description = "There is no bearer token: Informer's own session rules apply"),
        (status = 401, description = "The token is no good", body = ProtocolErrorBody),
        (status = 403, description = "The token does not reach that far, or the request cannot be judged", body = ProtocolErrorBody),
        (status = 503, description = "It cannot be said now: refuse", body = ProtocolErrorBody),
    ),
    security((), ("bearer" = [])),
)]
pub(crate) async fn verify(request: HttpRequest) -> ProtocolResult {
    let state = HttpState::of(&request);
    answer_to(state, request.method(), request.uri(), request.headers()).await
}

/// Judges a request with this head.
pub(crate) async fn answer_to(state: &HttpState, method: &Method, uri: &Uri, headers: &HeaderMap) -> ProtocolResult {
    let (asked, by_path) = asked(method, target(uri), headers);
    let judged = if let Some((method, uri)) = asked {
        judge(state, headers, method, uri).await
    } else {
        tracing::info!("the gate was asked without one original method and one original URI");
        Ok(GateAnswer::BadPath)
    };
    state.gate_answers().count(&judged);
    answer(state, judged.map_err(ProtocolError::from)?, by_path)
}

/// As it came: whoever decodes it is the gate, once.
fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("", |target| target.as_str())
}

/// The original method and URI, if the request says one thing; and whether it says it by its own path.
fn asked<'a>(method: &'a Method, target: &'a str, headers: &'a HeaderMap) -> (Option<(&'a str, &'a str)>, bool) {
    let behind = target.strip_prefix(PATH);
    let Some(behind) = behind.filter(|behind| behind.starts_with('/')) else {
        let is_plain = behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('?'));
        return (original_pair(headers).filter(|_| is_plain), false);
    };
    let own = (method.as_str(), behind);
    let says_the_same = |names: &[HeaderName; 2], own: &str| {
        sent(headers, names).is_some_and(|said| said == [None, None] || agreed(said) == Some(own))
    };
    let is_one = says_the_same(&METHODS, own.0) && says_the_same(&URIS, own.1);
    (is_one.then_some(own), true)
}

/// The method and URI of a pair of headers.
fn original_pair(headers: &HeaderMap) -> Option<(&str, &str)> {
    let (methods, uris) = (sent(headers, &METHODS)?, sent(headers, &URIS)?);
    let is_whole = methods
        .iter()
        .zip(&uris)
        .any(|(method, uri)| method.is_some() && uri.is_some());
    is_whole.then_some((agreed(methods)?, agreed(uris)?))
}

/// Whether the request has a header of ours that no proxy overwrites.
fn brings_ours(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        OURS.iter().any(|start| name.as_str().starts_with(start)) && ![USER, CLIENT, SCOPE, TOKEN].contains(name)
    })
}

/// What cannot be judged safely is a bad path, and an unclear token is an invalid one.
async fn judge(state: &HttpState, headers: &HeaderMap, method: &str, uri: &str) -> Result<GateAnswer, Fault> {
    if brings_ours(headers) {
        tracing::info!("the gate was asked about a request with an X-Informer header of its own");
        return Ok(GateAnswer::BadPath);
    }
    let token = match bearer(headers) {
        Bearer::None => None,
        Bearer::Token(token) => Some(token),
        Bearer::Unclear => return Ok(GateAnswer::InvalidToken),
    };
    state.app.gate.judge(token, method, uri, state.app.now()).await
}

fn answer(state: &HttpState, judged: GateAnswer, by_path: bool) -> ProtocolResult {
    match judged {
        GateAnswer::Allowed {
            username,
            client_id,
            scope,
            token_record,
        } => {
            let said = yes::said(&yes::Holder {
                username: &username,
                client_id,
                scope,
                token_record,
            });
            let said = said.ok_or_else(|| {
                let description = "What the gate found cannot be written in a header.";
                ProtocolErrorResponse::http(StatusCode::INTERNAL_SERVER_ERROR, description)
            })?;
            Ok(allowed(&said))
        }
        GateAnswer::NoToken if state.settings.gate_require_token => Ok(refusal(
            StatusCode::UNAUTHORIZED,
            ErrorCode::InvalidToken,
            "A bearer token is required.",
            // No error code where no token was sent (RFC 6750 §3.1).
            Some(TOKEN_REQUIRED),
        )),
        // Envoy takes nothing but 200 for a yes.
        GateAnswer::NoToken if by_path => Ok(HttpResponse::Ok().finish()),
        GateAnswer::NoToken => Ok(HttpResponse::NoContent().finish()),
        GateAnswer::InvalidToken => Ok(refusal(
            StatusCode::UNAUTHORIZED,
            ErrorCode::InvalidToken,
            INVALID,
            Some(INVALID_TOKEN),
        )),
        GateAnswer::Insufficient { needed } => Ok(insufficient(needed)),
        GateAnswer::BadPath => Ok(unjudged()),
    }
}

const INVALID: &str = "The access token is unknown, expired, revoked or for another resource.";

fn unjudged() -> HttpResponse {
    let description = "The request cannot be judged.";
    refusal(StatusCode::FORBIDDEN, ErrorCode::InvalidRequest, description, None)
}

fn refusal(
    status: StatusCode,
    code: ErrorCode,
    description: &'static str,
    challenge: Option<HeaderValue>,
) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_TYPE, HeaderValue::from_static(JSON)));
    if let Some(challenge) = challenge {
        response.insert_header((WWW_AUTHENTICATE, challenge));
    }
    response.body(error_body(code, description))
}

fn allowed(said: &yes::Said) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::OK);
    let headers = response.headers_mut();
    for (name, value) in [USER, CLIENT, SCOPE, TOKEN].into_iter().zip(said) {
        headers.insert(name, value.clone());
    }
    response
}

fn insufficient(needed: Scope) -> HttpResponse {
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\"");
    refusal(
        StatusCode::FORBIDDEN,
        ErrorCode::InsufficientScope,
        "The access token does not reach that far.",
        HeaderValue::from_str(&challenge).ok(),
    )
}

/// What the headers say; `None` if one is there twice, or says nothing that can be read.
fn sent<'a>(headers: &'a HeaderMap, names: &[HeaderName; 2]) -> Option<[Option<&'a str>; 2]> {
    let mut said = [None; 2];
    for (name, said) in names.iter().zip(&mut said) {
        let mut sent = headers.get_all(name);
        let Some(value) = sent.next() else { continue };
        if sent.next().is_some() {
            return None;
        }
        *said = Some(value.to_str().ok().filter(|text| !text.is_empty())?);
    }
    Some(said)
}

/// What was said, where it is the same wherever something was.
fn agreed(said: [Option<&str>; 2]) -> Option<&str> {
    match said {
        [Some(one), Some(other)] => (one == other).then_some(one),
        [one, other] => one.or(other),
    }
}

mod yes;

#[cfg(test)]
mod tests;
