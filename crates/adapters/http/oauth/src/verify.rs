//! The gate for reverse proxies: may this request go on to Informer? `docs/gate.md` is its manual.
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
        header::{
            ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, ORIGIN, UPGRADE,
            WWW_AUTHENTICATE,
        },
    },
    rt, web,
};
use informer_oauth_application::{
    error::{Fault, ProtocolError},
    gate::{GateAnswer, GateRequest, Refusal},
};
use informer_oauth_domain::{error::ErrorCode, scope::Scope};
use informer_oauth_web::{
    caller::{Bearer, bearer},
    log_fields::LogFields,
    parameters::JSON,
    protocol_error::{ProtocolErrorBody, ProtocolErrorResponse, ProtocolResult, error_body},
    state::HttpState,
};

use crate::gate_metrics::GateAnswers;

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
pub(crate) const BY_PATH: &str = "/oauth/verify/{original:.*}";

/// Begins the names of the gate's answers.
const OURS: &str = "x-informer-";

/// A proxy's word for the `Upgrade` header, which it cannot send itself.
const ORIGINAL_UPGRADE: HeaderName = HeaderName::from_static("x-original-upgrade");

/// Begins the names of the headers that open a WebSocket (RFC 6455 §11.3).
const WEBSOCKET: &str = "sec-websocket-";

/// The longest path in a line of the log, in bytes.
const LONGEST_PATH: usize = 512;

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
        ("X-Original-Upgrade" = Option<String>, Header, description = "Its `Upgrade` header: such a request needs a write scope"),
        ("Origin" = Option<String>, Header, description = "Its own; with the next one it is a CORS preflight"),
        ("Access-Control-Request-Method" = Option<String>, Header, description = "Its own"),
    ),
    responses(
        (status = 200, description = "It may", headers(
            ("X-Informer-User" = String, description = "The username; what is not visible ASCII is percent-encoded"),
            ("X-Informer-Client" = String, description = "The client_id"),
            ("X-Informer-Scope" = String, description = "The token's scope"),
            ("X-Informer-Token" = String, description = "The token record's id"),
        )),
        (status = 204, description = "There is no token of this service: Informer's own rules apply"),
        (status = 401, description = "The token is no good", body = ProtocolErrorBody),
        (status = 403, description = "The token does not reach that far, or the request cannot be judged", body = ProtocolErrorBody),
        (status = 503, description = "It cannot be said now: refuse", body = ProtocolErrorBody),
    ),
    security((), ("bearer" = [])),
)]
pub(crate) async fn verify(request: HttpRequest, answers: web::Data<GateAnswers>) -> ProtocolResult {
    let state = HttpState::of(&request);
    let headers = request.headers();
    let (asked, by_path) = asked(request.method(), target(request.uri()), headers);
    let judged = match asked {
        Some((method, uri)) => judge(state, headers, method, uri).await,
        None => Ok(unjudged(
            "the proxy must name one original method and one original URI",
            "question_unclear",
        )),
    };
    answers.count(&judged);
    let judged = judged.map_err(ProtocolError::from)?;
    if let Some(refusal) = judged.refusal() {
        record(&request, asked, refusal);
    }
    if let GateAnswer::Allowed {
        note_use: true,
        token_record,
        ..
    } = judged
    {
        // The request does not wait for it.
        let state = state.clone();
        rt::spawn(async move { state.app.gate.note_use(token_record, state.app.now()).await });
    }
    answer(judged, by_path)
}

/// Leaves a line in the log about a refused request.
fn record(request: &HttpRequest, asked: Option<(&str, &[u8])>, refusal: &Refusal) {
    let Refusal {
        reason,
        client_id,
        username,
        route,
    } = refusal;
    let log = LogFields::of(request);
    if let Some(log) = &log {
        log.set_refusal(reason, *client_id);
    }
    let (method, uri) = asked.unwrap_or_default();
    let path = uri.split(|byte| *byte == b'?').next().unwrap_or_default();
    let path = path.get(..LONGEST_PATH).unwrap_or(path).escape_ascii();
    tracing::info!(
        target: "gate",
        reason,
        client_id = client_id.map(tracing::field::display),
        user = username.as_deref(),
        route = route.as_deref(),
        method = %method.escape_default(),
        path = %path,
        request_id = log.as_ref().and_then(|log| log.request_id().to_str().ok()),
        "refused",
    );
}

/// As it came: whoever decodes it is the gate, once.
fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("", |target| target.as_str())
}

/// The original method and URI, if the request says one thing; and whether it says it by its own path.
fn asked<'a>(method: &'a Method, target: &'a str, headers: &'a HeaderMap) -> (Option<(&'a str, &'a [u8])>, bool) {
    let behind = target.strip_prefix(PATH);
    let Some(behind) = behind.filter(|behind| behind.starts_with('/')) else {
        let is_plain = behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('?'));
        return (original_pair(headers).filter(|_| is_plain), false);
    };
    let own = (method.as_str(), behind.as_bytes());
    let says_the_same = |names: &[HeaderName; 2], own: &[u8]| {
        sent(headers, names).is_some_and(|said| said == [None, None] || agreed(said) == Some(own))
    };
    let is_one = says_the_same(&METHODS, own.0.as_bytes()) && says_the_same(&URIS, own.1);
    (is_one.then_some(own), true)
}

/// The method and URI of a pair of headers.
fn original_pair(headers: &HeaderMap) -> Option<(&str, &[u8])> {
    let (methods, uris) = (sent(headers, &METHODS)?, sent(headers, &URIS)?);
    let is_whole = methods
        .iter()
        .zip(&uris)
        .any(|(method, uri)| method.is_some() && uri.is_some());
    let method = std::str::from_utf8(agreed(methods)?).ok()?;
    is_whole.then_some((method, agreed(uris)?))
}

/// Whether the request has a header of ours that no proxy overwrites. Some servers behind take `_` for `-`.
fn brings_ours(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let is_ours = name.as_str().replace('_', "-").starts_with(OURS);
        is_ours && ![USER, CLIENT, SCOPE, TOKEN].contains(name)
    })
}

/// Whether the original request switches to another protocol.
fn is_upgrade(headers: &HeaderMap) -> bool {
    let is_sent = |name: &HeaderName| headers.get_all(name).any(|value| !value.is_empty());
    is_sent(&ORIGINAL_UPGRADE) || is_sent(&UPGRADE) || headers.keys().any(|name| name.as_str().starts_with(WEBSOCKET))
}

/// What cannot be judged safely is not judged, and an unclear token is an invalid one.
async fn judge(state: &HttpState, headers: &HeaderMap, method: &str, uri: &[u8]) -> Result<GateAnswer, Fault> {
    if brings_ours(headers) {
        let why = "the request brings an X-Informer header that only the proxy may set";
        return Ok(unjudged(why, "informer_header"));
    }
    let bearer = match bearer(headers) {
        Bearer::None => None,
        // A comma is in no token (RFC 6750 §2.1): a proxy has joined two headers.
        Bearer::Token(token) if !token.contains(',') => Some(token),
        Bearer::Token(_) | Bearer::Unclear => {
            return Ok(GateAnswer::InvalidToken(Refusal::because("authorization_unclear")));
        }
    };
    let request = GateRequest {
        bearer,
        method,
        uri,
        cross_origin_question: headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD),
        upgrade: is_upgrade(headers),
    };
    state.app.gate.judge(request, state.app.now()).await
}

fn unjudged(why: &str, reason: &'static str) -> GateAnswer {
    GateAnswer::Unjudged {
        why: why.to_owned(),
        refusal: Refusal::because(reason),
    }
}

fn answer(judged: GateAnswer, by_path: bool) -> ProtocolResult {
    Ok(match judged {
        GateAnswer::Allowed {
            username,
            client_id,
            scope,
            token_record,
            ..
        } => {
            let said = yes::said(&yes::Holder {
                username: &username,
                client_id,
                scope,
                token_record,
            });
            allowed(&said.ok_or_else(|| {
                let description = "What the gate found cannot be written in a header.";
                ProtocolErrorResponse::http(StatusCode::INTERNAL_SERVER_ERROR, description)
            })?)
        }
        // Envoy takes nothing but 200 for a yes.
        GateAnswer::NoToken | GateAnswer::Foreign if by_path => HttpResponse::Ok().finish(),
        GateAnswer::NoToken | GateAnswer::Foreign => HttpResponse::NoContent().finish(),
        GateAnswer::TokenRequired(_) => refusal(
            StatusCode::UNAUTHORIZED,
            ErrorCode::InvalidToken,
            "A bearer token of this service is required.",
            // No error code where no token was sent (RFC 6750 §3.1).
            Some(TOKEN_REQUIRED),
        ),
        GateAnswer::InvalidToken(_) => refusal(
            StatusCode::UNAUTHORIZED,
            ErrorCode::InvalidToken,
            INVALID,
            Some(INVALID_TOKEN),
        ),
        GateAnswer::Insufficient { needed, .. } => insufficient(needed),
        GateAnswer::Unjudged { why, .. } => cannot_be_judged(&why),
    })
}

const INVALID: &str = "The access token is unknown, expired, revoked or for another resource.";

/// The challenge carries the reason as well: nginx hands on no body of a refusal.
fn cannot_be_judged(why: &str) -> HttpResponse {
    let description = format!("The request cannot be judged: {why}.");
    let challenge = format!("Bearer error=\"invalid_request\", error_description=\"{description}\"");
    refusal(
        StatusCode::FORBIDDEN,
        ErrorCode::InvalidRequest,
        &description,
        HeaderValue::from_str(&challenge).ok(),
    )
}

fn refusal(status: StatusCode, code: ErrorCode, description: &str, challenge: Option<HeaderValue>) -> HttpResponse {
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
        &format!("Insufficient scope: this request needs {needed}."),
        HeaderValue::from_str(&challenge).ok(),
    )
}

/// What the headers say; `None` if one is there twice, or is empty.
fn sent<'a>(headers: &'a HeaderMap, names: &[HeaderName; 2]) -> Option<[Option<&'a [u8]>; 2]> {
    let mut said = [None; 2];
    for (name, said) in names.iter().zip(&mut said) {
        let mut sent = headers.get_all(name);
        let Some(value) = sent.next() else { continue };
        if sent.next().is_some() || value.is_empty() {
            return None;
        }
        *said = Some(value.as_bytes());
    }
    Some(said)
}

/// What was said, where it is the same wherever something was.
fn agreed(said: [Option<&[u8]>; 2]) -> Option<&[u8]> {
    match said {
        [Some(one), Some(other)] => (one == other).then_some(one),
        [one, other] => one.or(other),
    }
}

mod yes;

#[cfg(test)]
mod tests;
