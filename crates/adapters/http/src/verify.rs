//! The gate for reverse proxies (http-api.md §6): may this request go on to Informer?
//!
//! A proxy asks with the method and URI that it received itself, in `X-Original-Method` and `X-Original-URI` (nginx) or in
//! `X-Forwarded-Method` and `X-Forwarded-Uri` (Traefik). The gate does not know which proxy it serves, and clients can send
//! either pair; so a pair must be whole, no header may come twice, and where both pairs have something it must be the same.
//! Otherwise the answer is 403, with or without a token. A proxy understands 2xx, 401 and 403 only; a fault is 503, which
//! every proxy takes for a refusal.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE},
    },
    web,
};
use informer_oauth_application::{
    error::{Fault, ProtocolError},
    gate::GateAnswer,
};
use informer_oauth_domain::{error::ErrorCode, scope::Scope};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

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

/// What is escaped in a header: all but visible ASCII, and `%` so that it can be undone.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

const INVALID_TOKEN: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_token\"");
const TOKEN_REQUIRED: HeaderValue = HeaderValue::from_static("Bearer");

/// The route, for every method: some proxies ask with the original one.
pub(crate) fn configure(routes: &mut web::ServiceConfig) {
    routes.service(web::resource("/oauth/verify").route(web::route().to(verify)));
}

/// May this request go on to Informer?
///
/// For a reverse proxy (nginx `auth_request`, Traefik ForwardAuth, Envoy ext_authz). Either pair of headers.
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
    let judged = judge(state, request.headers()).await;
    state.gate_answers().count(&judged);
    answer(state, judged.map_err(ProtocolError::from)?)
}

/// What cannot be judged safely is a bad path, and an unclear token is an invalid one.
async fn judge(state: &HttpState, headers: &HeaderMap) -> Result<GateAnswer, Fault> {
    let (Some(method), Some(uri)) = (original(headers, &METHODS), original(headers, &URIS)) else {
        tracing::info!("the gate was asked without one original method and one original URI");
        return Ok(GateAnswer::BadPath);
    };
    if !is_whole_pair(headers) {
        return Ok(GateAnswer::BadPath);
    }
    let token = match bearer(headers) {
        Bearer::None => None,
        Bearer::Token(token) => Some(token),
        Bearer::Unclear => return Ok(GateAnswer::InvalidToken),
    };
    state.app.gate.judge(token, method, uri, state.app.now()).await
}

fn answer(state: &HttpState, judged: GateAnswer) -> ProtocolResult {
    match judged {
        GateAnswer::Allowed {
            username,
            client_id,
            scope,
            token_record,
        } => {
            let mut response = HttpResponse::Ok();
            response
                .insert_header((USER, header_value(&username)?))
                .insert_header((CLIENT, client_id.to_string()))
                .insert_header((SCOPE, scope.to_string()))
                .insert_header((TOKEN, token_record.to_string()));
            Ok(response.finish())
        }
        GateAnswer::NoToken if state.settings.gate_require_token => Ok(refusal(
            StatusCode::UNAUTHORIZED,
            ErrorCode::InvalidToken,
            "A bearer token is required.",
            // No error code where no token was sent (RFC 6750 §3.1).
            Some(TOKEN_REQUIRED),
        )),
        GateAnswer::NoToken => Ok(HttpResponse::NoContent().finish()),
        GateAnswer::InvalidToken => Ok(refusal(
            StatusCode::UNAUTHORIZED,
            ErrorCode::InvalidToken,
            INVALID,
            Some(INVALID_TOKEN),
        )),
        GateAnswer::Insufficient { needed } => Ok(refusal(
            StatusCode::FORBIDDEN,
            ErrorCode::InsufficientScope,
            "The access token does not reach that far.",
            insufficient(needed),
        )),
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

fn insufficient(needed: Scope) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\"")).ok()
}

fn header_value(username: &str) -> Result<HeaderValue, ProtocolErrorResponse> {
    let escaped = utf8_percent_encode(username, ESCAPED).to_string();
    HeaderValue::from_str(&escaped).map_err(|_| {
        ProtocolErrorResponse::http(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The username cannot be written in a header.",
        )
    })
}

/// What the headers say, if they say one thing: each at most once, and the same where several are there.
fn original<'a>(headers: &'a HeaderMap, names: &[HeaderName; 2]) -> Option<&'a str> {
    let mut found = None;
    for name in names {
        let mut sent = headers.get_all(name);
        let Some(value) = sent.next() else { continue };
        if sent.next().is_some() {
            return None;
        }
        let value = value.to_str().ok().filter(|text| !text.is_empty())?;
        if found.is_some_and(|other| other != value) {
            return None;
        }
        found = Some(value);
    }
    found
}

/// Whether the method and the URI of at least one pair are both there.
fn is_whole_pair(headers: &HeaderMap) -> bool {
    METHODS
        .iter()
        .zip(&URIS)
        .any(|(method, uri)| headers.contains_key(method) && headers.contains_key(uri))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn headers(sent: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(
                name.parse().unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        headers
    }

    fn judged(sent: &[(&str, &str)]) -> Option<(String, String)> {
        let headers = headers(sent);
        let method = original(&headers, &METHODS)?.to_owned();
        let uri = original(&headers, &URIS)?.to_owned();
        is_whole_pair(&headers).then_some((method, uri))
    }

    #[test]
    fn either_pair_will_do() {
        let expected = Some(("GET".to_owned(), "/api/x".to_owned()));
        assert_eq!(
            judged(&[("x-original-method", "GET"), ("x-original-uri", "/api/x")]),
            expected
        );
        assert_eq!(
            judged(&[("x-forwarded-method", "GET"), ("x-forwarded-uri", "/api/x")]),
            expected
        );
        let both = [
            ("x-forwarded-method", "GET"),
            ("x-forwarded-uri", "/api/x"),
            ("x-original-method", "GET"),
            ("x-original-uri", "/api/x"),
        ];
        assert_eq!(judged(&both), expected);
    }

    #[test]
    fn whatever_a_client_adds_to_the_proxys_headers_is_no_way_round() {
        let own = [("x-original-method", "POST"), ("x-original-uri", "/api/x")];
        for added in [
            ("x-original-method", "GET"),
            ("x-original-uri", "/"),
            ("x-forwarded-method", "GET"),
            ("x-forwarded-uri", "/"),
            ("x-forwarded-uri", ""),
            ("x-forwarded-uri", "ä"),
        ] {
            assert_eq!(judged(&[own.as_slice(), &[added]].concat()), None, "{added:?}");
        }
    }

    #[test]
    fn half_a_pair_is_none() {
        assert_eq!(judged(&[]), None);
        assert_eq!(judged(&[("x-original-method", "GET")]), None);
        assert_eq!(judged(&[("x-original-uri", "/api/x")]), None);
        assert_eq!(
            judged(&[("x-original-method", "GET"), ("x-forwarded-uri", "/api/x")]),
            None
        );
    }

    #[test]
    fn usernames_are_safe_in_a_header_and_can_be_read_back() {
        for name in ["ada@example.com", "Åda Lovelace", "a%20b", "a\r\nX-Informer-User: root"] {
            let value = header_value(name).unwrap();
            let text = value.to_str().unwrap();
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
            assert_eq!(percent_encoding::percent_decode_str(text).decode_utf8().unwrap(), name);
        }
    }
}
