//! Errors of the OAuth protocol as answers (RFC 6749 §5.2): the one place where a code becomes a status.
//!
//! | what | status | `error` |
//! |---|---|---|
//! | a refusal | 400 | as the RFC of the endpoint says |
//! | failed client authentication | 401 | `invalid_client`, with `WWW-Authenticate: Basic` if Basic was used |
//! | too many failures before | 429, `Retry-After` | `temporarily_unavailable` |
//! | a store is down, or the service is overloaded | 503, `Retry-After` | `temporarily_unavailable` |
//! | a fault | 500 | `server_error` |
//! | no such endpoint, wrong method, wrong or too large body | 404, 405, 408, 413, 415 | `invalid_request` |

use std::{fmt, time::Duration};

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use informer_oauth_application::error::{Fault, ProtocolError};
use informer_oauth_domain::error::{ErrorCode, OAuthError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{body::BodyError, log_fields::LogFields};

/// How long a client is asked to wait when a dependency is down, in seconds.
pub const RETRY_AFTER_SECONDS: u64 = 2;

/// What a protocol handler returns.
pub type ProtocolResult = Result<HttpResponse, ProtocolErrorResponse>;

/// The error body of the OAuth endpoints (RFC 6749 §5.2).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProtocolErrorBody<'a> {
    /// The code.
    #[schema(value_type = String, example = "invalid_grant")]
    pub error: &'static str,
    /// A sentence for the client's developer.
    #[schema(value_type = String)]
    pub error_description: &'a str,
}

/// A protocol error on its way out.
#[derive(Debug)]
pub struct ProtocolErrorResponse {
    kind: Kind,
    /// Whether the client used Basic: only then is it challenged to (RFC 6749 §5.2).
    basic: bool,
}

#[derive(Debug)]
enum Kind {
    Protocol(ProtocolError),
    /// An error of HTTP rather than of OAuth.
    Http(StatusCode, &'static str),
}

impl ProtocolErrorResponse {
    /// Adds the challenge to a failed authentication if `used`.
    pub fn after_basic(mut self, used: bool) -> Self {
        self.basic = used;
        self
    }

    /// A refusal with another status than 400, for what goes wrong before OAuth begins.
    pub const fn http(status: StatusCode, description: &'static str) -> Self {
        Self {
            kind: Kind::Http(status, description),
            basic: false,
        }
    }

    /// Adds the error's code, reason and fault to the access log.
    pub fn describe(&self, log: &LogFields) {
        log.set_code(self.parts().1);
        match &self.kind {
            Kind::Protocol(ProtocolError::OAuth(error)) => log.set_error(error),
            Kind::Protocol(ProtocolError::Fault(fault)) => log.set_fault(fault),
            Kind::Protocol(ProtocolError::Limited { .. }) | Kind::Http(..) => {}
        }
    }

    fn parts(&self) -> (StatusCode, ErrorCode, &str, Option<u64>) {
        match &self.kind {
            Kind::Http(status, description) if status.is_server_error() => {
                (*status, ErrorCode::ServerError, description, None)
            }
            Kind::Http(status, description) => (*status, ErrorCode::InvalidRequest, description, None),
            Kind::Protocol(ProtocolError::OAuth(OAuthError { code, description, .. })) => {
                (status_of(*code), *code, description, None)
            }
            Kind::Protocol(ProtocolError::Limited { retry_after }) => (
                StatusCode::TOO_MANY_REQUESTS,
                ErrorCode::TemporarilyUnavailable,
                "Too many failed attempts. Try again later.",
                Some(whole_seconds(*retry_after)),
            ),
            Kind::Protocol(ProtocolError::Fault(Fault::Unavailable(_))) => (
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::TemporarilyUnavailable,
                "The service is temporarily unavailable.",
                Some(RETRY_AFTER_SECONDS),
            ),
            Kind::Protocol(ProtocolError::Fault(Fault::Internal(_))) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                ErrorCode::ServerError,
                "The service failed to answer.",
                None,
            ),
        }
    }
}

/// Seconds for `Retry-After`, rounded up, at least one.
pub fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// The status of an error answered in a body. Exhaustive, so that a new code does not compile before it has one.
const fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidRequest
        | ErrorCode::InvalidGrant
        | ErrorCode::UnauthorizedClient
        | ErrorCode::UnsupportedGrantType
        | ErrorCode::UnsupportedResponseType
        | ErrorCode::InvalidScope
        | ErrorCode::InvalidTarget
        | ErrorCode::AccessDenied
        | ErrorCode::AuthorizationPending
        | ErrorCode::SlowDown
        | ErrorCode::ExpiredToken
        | ErrorCode::LoginRequired
        | ErrorCode::ConsentRequired => StatusCode::BAD_REQUEST,
        ErrorCode::InvalidClient | ErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
        ErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
        ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl<E: Into<ProtocolError>> From<E> for ProtocolErrorResponse {
    fn from(error: E) -> Self {
        Self {
            kind: Kind::Protocol(error.into()),
            basic: false,
        }
    }
}

impl From<BodyError> for ProtocolErrorResponse {
    fn from(error: BodyError) -> Self {
        Self::http(error.status(), error.public_sentence())
    }
}

impl fmt::Display for ProtocolErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Protocol(error) => write!(f, "{error}"),
            Kind::Http(status, description) => write!(f, "{status}: {description}"),
        }
    }
}

impl ResponseError for ProtocolErrorResponse {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let (status, code, description, retry_after) = self.parts();
        let mut response = no_store(&mut HttpResponse::build(status));
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if self.basic && code == ErrorCode::InvalidClient {
            response.insert_header((
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"informer-oauth\", charset=\"UTF-8\""),
            ));
        }
        response.body(error_body(code, description))
    }
}

/// The body's bytes.
pub fn error_body(code: ErrorCode, description: &str) -> Vec<u8> {
    json_bytes(&ProtocolErrorBody {
        error: code.as_str(),
        error_description: description,
    })
}

/// The JSON of a type that always has one.
pub fn json_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("structs of texts and numbers with text keys always serialise")
}

/// Marks an answer as JSON that no cache keeps (RFC 6749 §5.1).
pub fn no_store(response: &mut HttpResponseBuilder) -> HttpResponseBuilder {
    response
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((PRAGMA, HeaderValue::from_static("no-cache")))
        .take()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn answer(error: ProtocolErrorResponse) -> HttpResponse {
        error.error_response()
    }

    fn header(response: &HttpResponse, name: &str) -> Option<String> {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn refusals_are_400_and_never_stored() {
        let response = answer(ErrorCode::InvalidGrant.because("No.").into());
        assert_eq!(response.status(), 400);
        assert_eq!(header(&response, "content-type").as_deref(), Some("application/json"));
        assert_eq!(header(&response, "cache-control").as_deref(), Some("no-store"));
        assert_eq!(header(&response, "pragma").as_deref(), Some("no-cache"));
    }

    #[test]
    fn only_a_client_that_used_basic_is_challenged_and_only_on_its_failure() {
        let failed = || ProtocolErrorResponse::from(ErrorCode::InvalidClient.because("No."));
        assert_eq!(answer(failed()).status(), 401);
        assert_eq!(header(&answer(failed()), "www-authenticate"), None);
        assert!(
            header(&answer(failed().after_basic(true)), "www-authenticate")
                .unwrap()
                .starts_with("Basic realm=")
        );
        let grant = ProtocolErrorResponse::from(ErrorCode::InvalidGrant.because("No.")).after_basic(true);
        assert_eq!(header(&answer(grant), "www-authenticate"), None);
    }

    #[test]
    fn faults_keep_their_reason_to_themselves() {
        let down = ProtocolErrorResponse::from(ProtocolError::Fault(Fault::Unavailable("10.0.0.7 refused".into())));
        assert_eq!(header(&answer(down), "retry-after").as_deref(), Some("2"));
        for (fault, status) in [
            (Fault::Unavailable("10.0.0.7".into()), 503),
            (Fault::Internal("10.0.0.7".into()), 500),
        ] {
            let error = ProtocolErrorResponse::from(ProtocolError::Fault(fault));
            let (got, code, description, _) = error.parts();
            assert_eq!(got, status);
            assert!(!description.contains("10.0.0.7"));
            assert_eq!(
                code,
                if status == 503 {
                    ErrorCode::TemporarilyUnavailable
                } else {
                    ErrorCode::ServerError
                }
            );
        }
    }

    #[test]
    fn being_limited_is_429_with_the_seconds_rounded_up() {
        let response = answer(
            ProtocolError::Limited {
                retry_after: Duration::from_millis(1001),
            }
            .into(),
        );
        assert_eq!(response.status(), 429);
        assert_eq!(header(&response, "retry-after").as_deref(), Some("2"));
        assert_eq!(whole_seconds(Duration::ZERO), 1);
    }
}
