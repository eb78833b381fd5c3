//! Errors of the Informer API as answers.

use std::{fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use informer_oauth_application::error::{Fault, ManagementError};
use informer_oauth_domain::{error::ErrorCode, icon::IconError, scope::Scope};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    body::BodyError,
    log_fields::LogFields,
    protocol_error::{RETRY_AFTER_SECONDS, json_bytes, whole_seconds},
};

/// What a handler of the Informer API returns.
pub type ApiResult<T> = Result<T, ApiError>;

/// The error body of the Informer API.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiErrorBody {
    /// The status again.
    #[serde(rename = "statusCode")]
    #[schema(example = 404)]
    pub status_code: u16,
    /// The status in words.
    #[schema(example = "Not Found")]
    pub error: String,
    /// What is wrong.
    pub message: String,
    /// On 400: what was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
}

/// Which part of a request did not pass.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Validation {
    /// Where: `payload`, `query` or `params`.
    pub source: Source,
    /// The fields, by their wire names.
    pub keys: Vec<String>,
}

/// A part of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The body.
    Payload,
    /// The query.
    Query,
    /// The path.
    Params,
}

/// An error of the Informer API on its way out.
#[derive(Debug)]
pub enum ApiError {
    /// 400. `keys` may be empty when no field is to blame.
    Invalid {
        /// What is wrong, for the caller to read.
        message: String,
        /// Where.
        source: Source,
        /// Which fields.
        keys: Vec<String>,
    },
    /// 401: nobody is signed in.
    Unauthorized,
    /// 401: a bearer token that is no good (RFC 6750 §3.1).
    InvalidToken,
    /// 403: the bearer token would need this scope (RFC 6750 §3.1).
    InsufficientScope(Scope),
    /// 403: a session cookie came without a sign that one of our own pages sent it.
    CrossSite,
    /// 429
    Limited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// What the use case said.
    Management(ManagementError),
    /// Another status with a message for the caller.
    Status(StatusCode, String),
}

impl ApiError {
    /// A field of the body is wrong.
    pub fn payload(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
            source: Source::Payload,
            keys: vec![key.into()],
        }
    }

    /// A query parameter is wrong.
    pub fn query(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
            source: Source::Query,
            keys: vec![key.into()],
        }
    }

    /// The body as a whole is wrong.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
            source: Source::Payload,
            keys: Vec::new(),
        }
    }

    /// There is no such thing; `what` is capitalised.
    pub fn not_found(what: &str) -> Self {
        Self::Status(StatusCode::NOT_FOUND, format!("{what} not found"))
    }

    fn management_status(error: &ManagementError) -> StatusCode {
        match error {
            ManagementError::NotFound(_) => StatusCode::NOT_FOUND,
            ManagementError::Icon(IconError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            ManagementError::InvalidClient(_)
            | ManagementError::InvalidValue { .. }
            | ManagementError::Icon(IconError::Dimensions) => StatusCode::BAD_REQUEST,
            ManagementError::Icon(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ManagementError::Conflict(_) => StatusCode::CONFLICT,
            ManagementError::Stale => StatusCode::PRECONDITION_FAILED,
            ManagementError::Forbidden(_) => StatusCode::FORBIDDEN,
            ManagementError::Fault(Fault::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            ManagementError::Fault(Fault::Internal(_)) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Invalid { message, .. } | Self::Status(_, message) => message.clone(),
            Self::Unauthorized => "Authentication required".to_owned(),
            Self::InvalidToken => "The access token is invalid, expired or revoked".to_owned(),
            Self::InsufficientScope(scope) => format!("The access token needs the scope {scope}"),
            Self::CrossSite => "A write with a session cookie must come from a page of this site".to_owned(),
            Self::Limited { .. } => "Too many attempts. Try again later.".to_owned(),
            // A fault's own words are for the log.
            Self::Management(ManagementError::Fault(Fault::Unavailable(_))) => {
                "The service is temporarily unavailable".to_owned()
            }
            Self::Management(ManagementError::Fault(Fault::Internal(_))) => {
                "An internal server error occurred".to_owned()
            }
            Self::Management(error) => error.to_string(),
        }
    }

    fn validation(&self) -> Option<Validation> {
        let payload = |key: &str| {
            Some(Validation {
                source: Source::Payload,
                keys: vec![key.to_owned()],
            })
        };
        match self {
            Self::Invalid { source, keys, .. } => Some(Validation {
                source: *source,
                keys: keys.clone(),
            }),
            Self::Management(ManagementError::InvalidClient(error)) => payload(error.field()),
            Self::Management(ManagementError::InvalidValue { field, .. }) => payload(field),
            Self::Management(ManagementError::Icon(IconError::Dimensions)) => payload("icon"),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Limited { retry_after } => Some(whole_seconds(*retry_after)),
            Self::Management(ManagementError::Fault(Fault::Unavailable(_))) => Some(RETRY_AFTER_SECONDS),
            _ => None,
        }
    }

    /// Adds the error's code and fault to the access log.
    pub fn describe(&self, log: &LogFields) {
        match self {
            Self::InvalidToken => log.set_code(ErrorCode::InvalidToken),
            Self::InsufficientScope(_) => log.set_code(ErrorCode::InsufficientScope),
            Self::Management(ManagementError::Fault(fault)) => log.set_fault(fault),
            _ => {}
        }
    }

    fn challenge(&self) -> Option<String> {
        match self {
            // Without credentials a challenge carries no error (RFC 6750 §3.1).
            Self::Unauthorized => Some("Bearer".to_owned()),
            Self::InvalidToken => Some(format!("Bearer error=\"{}\"", ErrorCode::InvalidToken)),
            Self::InsufficientScope(scope) => Some(format!(
                "Bearer error=\"{}\", scope=\"{scope}\"",
                ErrorCode::InsufficientScope
            )),
            _ => None,
        }
    }
}

impl<E: Into<ManagementError>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self::Management(error.into())
    }
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        match error.status() {
            StatusCode::BAD_REQUEST => Self::malformed(error.public_sentence()),
            status => Self::Status(status, error.public_sentence().to_owned()),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Invalid { .. } => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope(_) | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Limited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Management(error) => Self::management_status(error),
            Self::Status(status, _) => *status,
        }
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        response.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        if let Some(seconds) = self.retry_after() {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(challenge) = self.challenge() {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        response.body(error_body(status, self.message(), self.validation()))
    }
}

/// The body's bytes.
pub fn error_body(status: StatusCode, message: String, validation: Option<Validation>) -> Vec<u8> {
    json_bytes(&ApiErrorBody {
        status_code: status.as_u16(),
        error: status.canonical_reason().unwrap_or("Error").to_owned(),
        message,
        validation,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use informer_oauth_domain::user::Forbidden;

    use super::*;

    fn body(error: &ApiError) -> serde_json::Value {
        serde_json::from_slice(&error_body(error.status_code(), error.message(), error.validation())).unwrap()
    }

    #[test]
    fn a_missing_thing_reads_as_informer_says_it() {
        let error = ApiError::not_found("Client");
        assert_eq!(
            body(&error),
            serde_json::json!({"statusCode": 404, "error": "Not Found", "message": "Client not found"})
        );
    }

    #[test]
    fn a_wrong_field_is_named() {
        let error = ApiError::from(ManagementError::InvalidValue {
            field: "expiresAt",
            message: "must be a time",
        });
        assert_eq!(
            body(&error)["validation"],
            serde_json::json!({"source": "payload", "keys": ["expiresAt"]})
        );
        assert_eq!(error.status_code(), 400);
    }

    #[test]
    fn the_two_reasons_of_403_are_told_apart() {
        let message = |reason| body(&ApiError::from(ManagementError::Forbidden(reason)))["message"].clone();
        assert_eq!(message(Forbidden::NotSuperuser), "Superuser permission required");
        assert_eq!(message(Forbidden::TokenApiDisabled), "Token API feature is not enabled");
    }

    #[test]
    fn faults_keep_their_reason_to_themselves() {
        for fault in [
            Fault::Unavailable("10.0.0.7".into()),
            Fault::Internal("10.0.0.7".into()),
        ] {
            assert!(!body(&ApiError::from(fault)).to_string().contains("10.0.0.7"));
        }
        let down = ApiError::from(Fault::Unavailable("x".into())).error_response();
        assert_eq!(down.status(), 503);
        assert_eq!(down.headers().get("retry-after").unwrap(), "2");
    }

    #[test]
    fn a_refused_bearer_token_is_answered_as_rfc_6750_says() {
        let challenge = |error: ApiError| {
            error
                .error_response()
                .headers()
                .get("www-authenticate")
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(challenge(ApiError::InvalidToken), "Bearer error=\"invalid_token\"");
        assert_eq!(
            challenge(ApiError::InsufficientScope(Scope::WriteGlobal)),
            "Bearer error=\"insufficient_scope\", scope=\"write:global\""
        );
        assert_eq!(challenge(ApiError::Unauthorized), "Bearer");
    }

    #[test]
    fn icons_fail_with_the_status_of_their_fault() {
        let status = |error| ApiError::from(ManagementError::Icon(error)).status_code().as_u16();
        assert_eq!(status(IconError::TooLarge), 413);
        assert_eq!(status(IconError::Dimensions), 400);
        assert_eq!(status(IconError::Unsupported), 415);
        let dimensions = ApiError::from(ManagementError::Icon(IconError::Dimensions));
        assert_eq!(
            body(&dimensions)["validation"],
            serde_json::json!({"source": "payload", "keys": ["icon"]})
        );
    }
}
