//! Who calls the Informer API: a bearer token's user, or the user of the session behind the cookie.

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{
        Method,
        header::{AUTHORIZATION, HeaderMap, HeaderValue},
    },
};
use futures_util::future::LocalBoxFuture;
use informer_oauth_application::{SignedIn, callers::BearerCaller};
use informer_oauth_domain::{
    secret::Digest,
    user::{InPerson, User},
};

use crate::{
    api_error::{ApiError, ApiResult},
    context::{RequestTime, context_of},
    cookies::cookie,
    state::HttpState,
};

/// An authenticated user, as an extractor. Without one the request is answered 401; a write with a session cookie that does
/// not come from a page of this site, 403. Where both a bearer token and a cookie are sent, only the token counts: it
/// cannot be sent by another site's page, and a caller that limits itself to a token's scope must not get more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// Who.
    pub user: User,
    /// The session, for a caller that came with a cookie; `None` for a bearer token.
    pub via_session: Option<Digest>,
    /// Who acts for the user in this session, if anybody does.
    pub impersonator: Option<String>,
}

impl Caller {
    /// Finds out who sent `request`.
    pub async fn of(request: &HttpRequest) -> ApiResult<Self> {
        let state = HttpState::of(request);
        let now = RequestTime::of(request).0;
        let reads_only = is_safe(request.method());
        match bearer(request.headers()) {
            Bearer::Token(token) => match state.app.callers.by_bearer(token, reads_only, now).await? {
                BearerCaller::User(user) => Ok(Self {
                    user,
                    via_session: None,
                    impersonator: None,
                }),
                BearerCaller::InvalidToken => Err(ApiError::InvalidToken),
                BearerCaller::Insufficient(scope) => Err(ApiError::InsufficientScope(scope)),
            },
            Bearer::Unclear => Err(ApiError::InvalidToken),
            Bearer::None => {
                let SignedIn {
                    user,
                    session,
                    impersonator,
                } = signed_in(request).await?.ok_or(ApiError::Unauthorized)?;
                if !reads_only && !state.accepts_origin(request.headers(), now) {
                    return Err(ApiError::CrossSite);
                }
                Ok(Self {
                    user,
                    via_session: Some(session),
                    impersonator,
                })
            }
        }
    }

    /// Proof that the user acts in person, which every change needs.
    pub async fn in_person(&self, request: &HttpRequest) -> ApiResult<InPerson> {
        let callers = &HttpState::of(request).app.callers;
        Ok(callers
            .in_person(&self.user, self.impersonator.as_deref(), &context_of(request))
            .await?)
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

/// The user of the browser's session, if there is one.
pub async fn signed_in(request: &HttpRequest) -> ApiResult<Option<SignedIn>> {
    let state = HttpState::of(request);
    let Some(cookie) = cookie(request.headers(), state.app.callers.session_cookie()) else {
        return Ok(None);
    };
    Ok(state
        .app
        .callers
        .by_session(&cookie, RequestTime::of(request).0)
        .await?)
}

/// Whether a method only reads (RFC 9110 §9.2.1).
pub fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// What the `Authorization` header says of a bearer token (RFC 6750 §2.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bearer<'a> {
    /// No such header, or another scheme.
    None,
    /// A token, which may be anything.
    Token(&'a str),
    /// There are two headers, or two that a proxy has joined by a comma, or it is not text: somebody else might read it
    /// differently.
    Unclear,
}

/// The bearer token of a request. Only the header counts: never a query or a form.
pub fn bearer(headers: &HeaderMap) -> Bearer<'_> {
    let mut sent = headers.get_all(AUTHORIZATION);
    let Some(value) = sent.next() else {
        return Bearer::None;
    };
    if sent.next().is_some() {
        return Bearer::Unclear;
    }
    let Some(text) = ascii(value) else {
        return Bearer::Unclear;
    };
    if let Some(token) = after_bearer(text) {
        Bearer::Token(token)
    } else if text.split(',').any(|part| after_bearer(part.trim()).is_some()) {
        Bearer::Unclear
    } else {
        Bearer::None
    }
}

/// The text of a header of ASCII. Of control characters only the tab gets as far as here.
fn ascii(value: &HeaderValue) -> Option<&str> {
    let bytes = value.as_bytes();
    bytes.is_ascii().then(|| std::str::from_utf8(bytes).ok()).flatten()
}

/// What follows the scheme, if that is Bearer.
fn after_bearer(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_at(credentials.find([' ', '\t', ',']).unwrap_or(credentials.len()));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::http::header::HeaderName;

    use super::*;

    fn headers(sent: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn shown(sent: &[&str]) -> String {
        let sent: Vec<_> = sent.iter().map(|value| (AUTHORIZATION, *value)).collect();
        match bearer(&headers(&sent)) {
            Bearer::None => "none".to_owned(),
            Bearer::Token(token) => format!("token {token}"),
            Bearer::Unclear => "unclear".to_owned(),
        }
    }

    #[test]
    fn a_bearer_token_is_read_whatever_the_schemes_case() {
        assert_eq!(shown(&["Bearer abc.def"]), "token abc.def");
        assert_eq!(shown(&["bEARER  abc"]), "token abc");
        assert_eq!(shown(&[]), "none");
        assert_eq!(shown(&["Basic YTpi"]), "none");
        assert_eq!(shown(&["Bearerx abc"]), "none");
    }

    #[test]
    fn what_two_readers_could_read_differently_is_never_taken_for_no_token() {
        assert_eq!(shown(&["Bearer a", "Basic b"]), "unclear");
        assert_eq!(shown(&["Bearer ä"]), "unclear");
        assert_eq!(shown(&["Bearer"]), "token ");
        assert_eq!(shown(&["Bearer\tabc"]), "token abc");
        assert_eq!(shown(&["Bearer, Bearer abc"]), "token , Bearer abc");
        assert_eq!(shown(&["Basic YTpi,Bearer abc"]), "unclear");
        assert_eq!(shown(&["Basic YTpi, bearer abc"]), "unclear");
        assert_eq!(shown(&[",Bearer abc"]), "unclear");
        assert_eq!(shown(&[r#"Digest username="ada", realm="bearers""#]), "none");
    }
}
