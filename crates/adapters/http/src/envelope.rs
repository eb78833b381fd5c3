//! What happens around every request: id, log line, error format, headers, and no panic beyond here.

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error, HttpMessage as _, HttpResponse, HttpResponseBuilder,
    body::{BodySize, BoxBody, MessageBody as _},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method, StatusCode, Uri,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, ALLOW, CONTENT_TYPE,
            HeaderMap, HeaderValue, VARY,
        },
        uri::PathAndQuery,
    },
    middleware::Next,
    web,
};
use futures_util::FutureExt as _;
use informer_oauth_domain::error::ErrorCode;
use informer_oauth_http_pages::{brand::Brand, error_page};
use informer_oauth_web::{
    access_log::AccessLog,
    api_error::{self, ApiError, Source, Validation},
    connection,
    endpoint::ErrorFamily,
    json::{HAL, accepts_hal},
    log_fields::LogFields,
    metrics::Requests,
    parameters::JSON,
    pieces::in_pieces,
    protocol_error::{self, ProtocolErrorResponse},
    state::HttpState,
};
use tracing::Instrument as _;

use crate::routes;

/// The middleware.
pub(crate) async fn envelope(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let _answering = connection::answering(&request);
    let state = registered::<web::Data<HttpState>>(&request).clone();
    strip_base_path(&mut request, state.base_path());
    let (pattern, class) = routes::find(request.match_info().as_str());
    let requests = registered::<Requests>(&request);
    let log = AccessLog::start(request.head(), request.uri().clone(), &state, requests, pattern, class);
    request.extensions_mut().insert(log.fields.clone());
    let is_api = class.family == ErrorFamily::Informer && request.path().starts_with("/api/");
    let hal = is_api && accepts_hal(request.headers());
    let for_people = error_page::is_wanted(request.path(), request.headers());
    let fallback = Fallback {
        brand: for_people.then(|| registered::<web::Data<Brand>>(&request).clone()),
        state: &state,
        log: &log,
    };

    if let (&Method::OPTIONS, Some(methods)) = (&log.method, class.cross_origin) {
        let mut response = request.into_response(preflight(methods));
        log.apply_headers(response.status(), response.headers_mut());
        log.record(response.status());
        return Ok(response);
    }
    // Whatever answers GET answers HEAD (RFC 9110 §9.3.2); the connection leaves the body out. The gate answers every method,
    // and judges the one that came.
    if log.method == Method::HEAD && !class.to_proxy {
        request.head_mut().method = Method::GET;
    }

    // A handler holds nothing across requests but ports, whose locks recover; so it is sound to go on after a panic.
    let answer = AssertUnwindSafe(next.call(request)).catch_unwind();
    let mut response = match answer.instrument(log.span.clone()).await {
        Ok(Ok(response)) => {
            if let Some(error) = response.response().error() {
                describe(error, &log.fields);
            }
            response
        }
        Ok(Err(error)) => {
            describe(&error, &log.fields);
            let mut response = error.error_response();
            if is_foreign(response.status(), response.headers()) {
                response = fallback.answer(response.status());
            }
            log.apply_headers(response.status(), response.headers_mut());
            log.record(response.status());
            return Err(InternalError::from_response(error, response).into());
        }
        Err(_) => {
            tracing::error!(request_id = log.id(), path = log.uri.path(), "a request panicked");
            let mut response = fallback.answer(StatusCode::INTERNAL_SERVER_ERROR);
            log.apply_headers(response.status(), response.headers_mut());
            log.record(response.status());
            return Err(InternalError::from_response("panic", response).into());
        }
    };
    let status = response.status();
    if is_foreign(status, response.headers()) {
        let (head, body) = fallback.answer(status).into_parts();
        let headers = response.headers_mut();
        for (name, value) in head.headers() {
            headers.insert(name.clone(), value.clone());
        }
        allow_head(headers);
        response = response.map_body(|_, _| body);
    }
    if is_api {
        name_hal(&mut response, hal);
    }
    log.apply_headers(status, response.headers_mut());
    log.record(status);
    Ok(response.map_body(|_, body| in_pieces(body)))
}

/// Returns what `HttpService` has registered for all requests.
fn registered<T: 'static>(request: &ServiceRequest) -> &T {
    request.app_data().expect("`HttpService` registers it before any route")
}

/// Adds what an error that a handler returned says about itself to the log.
fn describe(error: &Error, fields: &LogFields) {
    if let Some(error) = error.as_error::<ProtocolErrorResponse>() {
        error.describe(fields);
    } else if let Some(error) = error.as_error::<ApiError>() {
        error.describe(fields);
    }
}

/// Makes the answer to a request that no handler answered.
struct Fallback<'a> {
    /// The brand of the error page, for a request of a person's browser.
    brand: Option<web::Data<Brand>>,
    state: &'a HttpState,
    log: &'a AccessLog,
}

impl Fallback<'_> {
    /// Returns a page for a person, else JSON.
    fn answer(&self, status: StatusCode) -> HttpResponse {
        if let Some(brand) = &self.brand {
            return error_page::of_status(self.state, brand, status, self.log.id());
        }
        HttpResponseBuilder::new(status)
            .insert_header((CONTENT_TYPE, HeaderValue::from_static(JSON)))
            .body(body_for(status, self.log.class.family))
    }
}

/// Takes the issuer's path off, so that it does not matter whether the proxy does. The well-known path is inserted before
/// the issuer's (RFC 8414 §3.1), so there is nothing to take off.
fn strip_base_path(request: &mut ServiceRequest, base_path: &str) {
    if let Some(uri) = below_base_path(request.uri(), base_path) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

/// The URI without the issuer's path, if it begins with it.
pub(crate) fn below_base_path(uri: &Uri, base_path: &str) -> Option<Uri> {
    if base_path.is_empty() {
        return None;
    }
    let rest = uri.path_and_query()?.as_str().strip_prefix(base_path)?;
    let stripped = match rest.as_bytes().first() {
        Some(b'/') => rest.to_owned(),
        Some(b'?') | None => format!("/{rest}"),
        Some(_) => return None,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(stripped).ok()?);
    Uri::from_parts(parts).ok()
}

/// The answer to a preflight request (Fetch standard §3.2.2): every header may be sent, tracing headers too. `*` does not
/// cover `Authorization`. A browser that predates `*` needs the names that it asked about.
fn preflight(methods: &'static str) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ALLOW, format!("{methods}, OPTIONS")))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((
            ACCESS_CONTROL_ALLOW_HEADERS,
            "*, Authorization, Content-Type, X-Request-Id, traceparent, tracestate, baggage, sentry-trace",
        ))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

/// Whether an error answer is the framework's own: nothing, or plain text.
fn is_foreign(status: StatusCode, headers: &HeaderMap) -> bool {
    let is_error = status.is_client_error() || status.is_server_error();
    is_error
        && headers
            .get(CONTENT_TYPE)
            .is_none_or(|named| named.as_bytes().starts_with(b"text/plain"))
}

fn body_for(status: StatusCode, family: ErrorFamily) -> Vec<u8> {
    match family {
        ErrorFamily::Informer => {
            let message = match status {
                StatusCode::INTERNAL_SERVER_ERROR => "An internal server error occurred",
                StatusCode::NOT_FOUND => "There is nothing here",
                StatusCode::METHOD_NOT_ALLOWED => "This method is not allowed here",
                other => other.canonical_reason().unwrap_or("Error"),
            };
            // The framework's own 400 is about the path: everything else is read by handlers.
            let validation = (status == StatusCode::BAD_REQUEST).then(|| Validation {
                source: Source::Params,
                keys: Vec::new(),
            });
            api_error::error_body(status, message.to_owned(), validation)
        }
        ErrorFamily::Protocol => match status {
            StatusCode::NOT_FOUND => {
                protocol_error::error_body(ErrorCode::InvalidRequest, "There is no such endpoint.")
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                protocol_error::error_body(ErrorCode::InvalidRequest, "This method is not allowed here.")
            }
            other if other.is_server_error() => {
                protocol_error::error_body(ErrorCode::ServerError, "The service failed to answer.")
            }
            _ => protocol_error::error_body(ErrorCode::InvalidRequest, "The request is malformed."),
        },
    }
}

/// The framework lists GET where GET is registered; HEAD goes with it.
fn allow_head(headers: &mut HeaderMap) {
    let Some(methods) = headers.get(ALLOW).and_then(|allowed| allowed.to_str().ok()) else {
        return;
    };
    let listed = |method: &str| methods.split(',').any(|one| one.trim() == method);
    if listed("GET") && !listed("HEAD") {
        let with_head = HeaderValue::from_str(&format!("{methods}, HEAD"));
        if let Ok(with_head) = with_head {
            headers.insert(ALLOW, with_head);
        }
    }
}

/// Calls a JSON success of the Informer API HAL for those who asked.
fn name_hal(response: &mut ServiceResponse<BoxBody>, hal: bool) {
    let is_success = response.status().is_success() && response.response().body().size() != BodySize::None;
    let headers = response.headers_mut();
    let is_json = headers
        .get(CONTENT_TYPE)
        .is_some_and(|named| named == JSON || named == HAL);
    if is_success && is_json {
        headers.append(VARY, HeaderValue::from_static("Accept"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(if hal { HAL } else { JSON }));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn stripped(base_path: &str, uri: &str) -> String {
        let mut request = TestRequest::with_uri(uri).to_srv_request();
        strip_base_path(&mut request, base_path);
        request.uri().to_string()
    }

    #[test]
    fn the_issuers_path_is_taken_off_once_and_whole() {
        for (uri, expected) in [
            ("/auth/oauth/token", "/oauth/token"),
            ("/auth", "/"),
            ("/auth?x=1", "/?x=1"),
            ("/auth/auth/x?y=/auth", "/auth/x?y=/auth"),
            ("/authx/oauth/token", "/authx/oauth/token"),
            ("/oauth/token", "/oauth/token"),
        ] {
            assert_eq!(stripped("/auth", uri), expected, "{uri}");
        }
        assert_eq!(stripped("", "/oauth/token"), "/oauth/token");
    }

    #[test]
    fn head_is_allowed_wherever_get_is() {
        let allowed = |listed: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ALLOW, HeaderValue::from_static(listed));
            allow_head(&mut headers);
            headers.get(ALLOW).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(allowed("GET, POST"), "GET, POST, HEAD");
        assert_eq!(allowed("GET, HEAD"), "GET, HEAD");
        assert_eq!(allowed("POST"), "POST");
    }

    #[test]
    fn only_the_frameworks_own_errors_are_rewritten() {
        let foreign = |status: StatusCode, content_type: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(content_type) = content_type {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            }
            is_foreign(status, &headers)
        };
        assert!(foreign(StatusCode::NOT_FOUND, None));
        assert!(foreign(StatusCode::BAD_REQUEST, Some("text/plain; charset=utf-8")));
        assert!(!foreign(StatusCode::BAD_REQUEST, Some("text/html; charset=utf-8")));
        assert!(!foreign(StatusCode::BAD_REQUEST, Some(JSON)));
        assert!(!foreign(StatusCode::NO_CONTENT, None));
    }

    #[test]
    fn each_family_has_its_own_words_for_what_no_handler_answered() {
        let body = |status, family| serde_json::from_slice::<serde_json::Value>(&body_for(status, family)).unwrap();
        assert_eq!(
            body(StatusCode::NOT_FOUND, ErrorFamily::Protocol)["error"],
            "invalid_request"
        );
        assert_eq!(
            body(StatusCode::INTERNAL_SERVER_ERROR, ErrorFamily::Protocol)["error"],
            "server_error"
        );
        assert_eq!(body(StatusCode::NOT_FOUND, ErrorFamily::Informer)["statusCode"], 404);
        assert_eq!(
            body(StatusCode::METHOD_NOT_ALLOWED, ErrorFamily::Informer)["error"],
            "Method Not Allowed"
        );
    }
}
